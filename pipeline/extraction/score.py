"""The learned scores of the blocks of a page, in integer arithmetic (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import kernel, part
from massivetext.pipeline.extraction.features import (
    BLOCK_FACTS,
    FIRST_FEATURES,
    NODE_FACTS,
    describe_block,
    describe_page,
)
from massivetext.pipeline.extraction.page_features import PAGE_FEATURES, describe_scored_page
from massivetext.pipeline.extraction.second_features import (
    SCORE_LIMIT,
    SECOND_FEATURES,
    describe_scores,
    sum_scores,
    sums_array,
)

HIDDEN_BITS: Final = 6
"""Fraction bits of the values of hidden units."""

HIDDEN_LIMIT: Final = 4095
"""Most of a hidden value; keeps the sums of the next layer within 32 bits."""

WEIGHT_LIMIT: Final = 32767
"""Most of a weight (16 bits). Some 200 features go to 170, the others are bits: a sum of their
products stays within 32 bits."""


@part
def _add_features(row: Any, weights: Any, sums: Any) -> None:
    for feature in range(len(row)):
        value = row[feature]
        if value:
            for unit in range(len(sums)):
                sums[unit] += value * weights[feature, unit]


@part
def _finish(
    sums: Any, shifts: Any, weights_2: Any, bias_2: Any, weights_3: Any, bias_3: Any
) -> int:
    """The score that follows from the sums of the first layer."""
    outputs = weights_2.shape[1]
    hidden = np.empty(outputs, np.int32)
    for output in range(outputs):
        hidden[output] = bias_2[output]
    for unit in range(len(sums)):
        value = min(max(sums[unit] >> shifts[0], 0), HIDDEN_LIMIT)
        if value:
            for output in range(outputs):
                hidden[output] += value * weights_2[unit, output]
    score = np.int64(bias_3)
    for output in range(outputs):
        score += min(max(hidden[output] >> shifts[1], 0), HIDDEN_LIMIT) * weights_3[output]
    return min(max(score >> shifts[2], -SCORE_LIMIT), SCORE_LIMIT)


@kernel("void(uint8[::1], int32[:,::1], int64[::1], int32[:,::1], int16[:,::1])")
def first_matrix(text: Any, nodes: Any, node_words: Any, blocks: Any, matrix: Any) -> None:
    """First-stage features of every block, one row a block: for training."""
    facts = np.empty((BLOCK_FACTS, blocks.shape[1]), np.int32)
    node_facts = np.empty((NODE_FACTS, nodes.shape[1]), np.int64)
    prose_before = np.empty(blocks.shape[1] + 1, np.int64)
    prose_nodes = np.empty(4, np.int64)
    describe_page(text, nodes, node_words, blocks, facts, node_facts, prose_before, prose_nodes)
    for block in range(blocks.shape[1]):
        describe_block(
            block, nodes, node_words, blocks, facts, node_facts, prose_before, prose_nodes,
            matrix[block],
        )  # fmt: skip


@kernel("void(uint8[::1], int32[:,::1], int64[::1], int32[:,::1], int32[::1], int16[:,::1])")
def second_matrix(
    text: Any, nodes: Any, node_words: Any, blocks: Any, scores: Any, matrix: Any
) -> None:
    """Second-stage features of every block, one row a block: for training."""
    count = blocks.shape[1]
    facts = np.empty((BLOCK_FACTS, count), np.int32)
    node_facts = np.empty((NODE_FACTS, nodes.shape[1]), np.int64)
    prose_before = np.empty(count + 1, np.int64)
    prose_nodes = np.empty(4, np.int64)
    describe_page(text, nodes, node_words, blocks, facts, node_facts, prose_before, prose_nodes)
    kept_before = np.empty(count + 1, np.int64)
    all_before = np.empty(count + 1, np.int64)
    node_sums = sums_array(nodes.shape[1])
    family_sums = sums_array(nodes.shape[1])
    group_sums = sums_array(nodes.shape[1])
    page = np.empty(5, np.int64)
    sum_scores(
        nodes, blocks, node_facts, scores, kept_before, all_before, node_sums, family_sums,
        group_sums, page,
    )  # fmt: skip
    for block in range(count):
        describe_scores(
            block, nodes, blocks, node_facts, scores, kept_before, all_before, node_sums,
            family_sums, group_sums, page, matrix[block],
        )  # fmt: skip


@kernel(
    "int64(uint8[::1], int32[:,::1], int64[::1], int32[:,::1],"
    " Array(int16, 2, 'C', readonly=True), Array(int32, 1, 'C', readonly=True),"
    " Array(int16, 2, 'C', readonly=True), Array(int16, 3, 'C', readonly=True),"
    " Array(int32, 2, 'C', readonly=True), Array(int16, 2, 'C', readonly=True),"
    " Array(int32, 1, 'C', readonly=True), Array(int64, 2, 'C', readonly=True),"
    " Array(int16, 2, 'C', readonly=True), Array(int32, 1, 'C', readonly=True),"
    " Array(int16, 2, 'C', readonly=True), Array(int32, 1, 'C', readonly=True),"
    " Array(int16, 1, 'C', readonly=True), int32, Array(int64, 1, 'C', readonly=True),"
    " int32[:,::1])"
)
def score_blocks(
    text: Any,
    nodes: Any,
    node_words: Any,
    blocks: Any,
    first_weights: Any,
    first_bias: Any,
    second_weights: Any,
    weights_2: Any,
    bias_2: Any,
    weights_3: Any,
    bias_3: Any,
    shifts: Any,
    page_weights: Any,
    page_bias: Any,
    page_weights_2: Any,
    page_bias_2: Any,
    page_weights_3: Any,
    page_bias_3: Any,
    page_shifts: Any,
    scores: Any,
) -> int:
    """Score every block: row 0 of `scores` gets the first stage's, row 1 the second stage's.

    Returns the page's own score, to be added to those of row 1.

    The first layers of both stages read the first features, so their units stand side by side in
    `first_weights` (features, 2 x units); the second stage adds its own features.
    """
    count = blocks.shape[1]
    units = weights_2.shape[1]
    facts = np.empty((BLOCK_FACTS, count), np.int32)
    node_facts = np.empty((NODE_FACTS, nodes.shape[1]), np.int64)
    prose_before = np.empty(count + 1, np.int64)
    prose_nodes = np.empty(4, np.int64)
    describe_page(text, nodes, node_words, blocks, facts, node_facts, prose_before, prose_nodes)
    sums = np.empty((count, 2 * units), np.int32)
    row = np.empty(FIRST_FEATURES, np.int32)
    for block in range(count):
        describe_block(
            block, nodes, node_words, blocks, facts, node_facts, prose_before, prose_nodes, row
        )
        for unit in range(2 * units):
            sums[block, unit] = first_bias[unit]
        _add_features(row, first_weights, sums[block])
        scores[0, block] = _finish(
            sums[block, :units], shifts[0], weights_2[0], bias_2[0], weights_3[0], bias_3[0]
        )
    kept_before = np.empty(count + 1, np.int64)
    all_before = np.empty(count + 1, np.int64)
    node_sums = sums_array(nodes.shape[1])
    family_sums = sums_array(nodes.shape[1])
    group_sums = sums_array(nodes.shape[1])
    page = np.empty(5, np.int64)
    sum_scores(
        nodes, blocks, node_facts, scores[0], kept_before, all_before, node_sums, family_sums,
        group_sums, page,
    )  # fmt: skip
    row = np.empty(SECOND_FEATURES, np.int32)
    for block in range(count):
        describe_scores(
            block, nodes, blocks, node_facts, scores[0], kept_before, all_before, node_sums,
            family_sums, group_sums, page, row,
        )  # fmt: skip
        _add_features(row, second_weights, sums[block, units:])
        scores[1, block] = _finish(
            sums[block, units:], shifts[1], weights_2[1], bias_2[1], weights_3[1], bias_3[1]
        )
    page_row = np.empty(PAGE_FEATURES, np.int32)
    describe_scored_page(blocks, scores[1], page_row)
    page_sums = page_bias.copy()
    _add_features(page_row, page_weights, page_sums)
    return _finish(page_sums, page_shifts, page_weights_2, page_bias_2, page_weights_3, page_bias_3)


@kernel("void(int32[:,::1], int32[::1], int32[::1])")
def page_row(blocks: Any, scores: Any, row: Any) -> None:
    """Features of a page from the second-stage scores of its blocks: for training."""
    describe_scored_page(blocks, scores, row)
