"""The learned scores of the blocks and the units of a page (compiled).

The same on every processor: features are integers, and the sums of the networks are taken in the
order of the features, in single precision: see `products`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.kernels import helper, kernel, lean
from massivetext.pipeline.extraction.choice.features import (
    FIRST_FEATURES,
    FeatureRow,
    describe_block,
    describe_page,
    describe_parent,
    describe_whole,
    put,
    room_for_features,
)
from massivetext.pipeline.extraction.choice.page_facts import room_for_facts
from massivetext.pipeline.extraction.choice.page_features import PAGE_FEATURES, describe_scored_page
from massivetext.pipeline.extraction.choice.products import add_products
from massivetext.pipeline.extraction.choice.second_features import (
    SCORE_LIMIT,
    SCORE_UNIT,
    SECOND_FEATURES,
    describe_parent_scores,
    describe_scores,
    describe_whole_scores,
    room_for_sums,
    sum_scores,
)
from massivetext.pipeline.extraction.choice.unit_features import (
    UNIT_FEATURES,
    describe_unit,
    mean_score,
    sum_units,
)
from massivetext.pipeline.extraction.choice.units import NO_UNIT, ROLE_UNIT, Units, find_units
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE


class Layers(NamedTuple):
    """Room for what the networks compute."""

    row: FeatureRow
    units: NDArray[np.float32]
    """Shape (blocks, units of both stages)."""
    whole: NDArray[np.float32]
    """Shape (units of both stages): the part of the sums that all blocks of the page share."""
    shared: NDArray[np.float32]
    """Shape (units of both stages): the part that blocks below one node share."""
    head: NDArray[np.float32]
    """Shape (units of the networks of pages and of units, the larger)."""
    outputs: NDArray[np.float32]
    """Of the network at work."""


@helper
def _room_for_layers(blocks: int, weights: Any) -> Layers:
    units, head = weights.shared.shape[1], max(len(weights.page.bias), len(weights.unit.bias))
    outputs = max(len(weights.first.bias_2), len(weights.second.bias_2))
    head_outputs = max(len(weights.page.bias_2), len(weights.unit.bias_2))
    features = max(FIRST_FEATURES, SECOND_FEATURES, PAGE_FEATURES, UNIT_FEATURES)
    return Layers(
        room_for_features(max(features, units, head)),
        np.empty((blocks, units), np.float32),
        np.empty(units, np.float32),
        np.empty(units, np.float32),
        np.empty(head, np.float32),
        np.empty(max(outputs, head_outputs), np.float32),
    )


@helper
def _copy(values: Any, target: Any) -> None:
    for index in range(len(values)):
        target[index] = values[index]


@helper
def _finish(network: Any, units: Any, room: Any) -> Any:
    """The score, in `SCORE_UNIT`s, that follows from the sums of the first layer."""
    row, outputs = room.row, room.outputs[: len(network.bias_2)]
    _copy(network.bias_2, outputs)
    count = 0
    for unit in range(len(units)):
        count = put(row, count, unit, max(units[unit], np.float32(0)))
    add_products(row, count, network.weights_2, outputs)
    score = network.bias_3[0]
    for output in range(len(outputs)):
        score += max(outputs[output], np.float32(0)) * network.weights_3[output]
    limited = min(max(score, np.float32(-SCORE_LIMIT)), np.float32(SCORE_LIMIT))
    units_of_score = math.floor(limited * np.float32(SCORE_UNIT))
    return min(max(units_of_score, -SCORE_LIMIT), SCORE_LIMIT)


@lean
def _first_stage(tree: Any, weights: Any, facts: Any, room: Any, scores: Any) -> None:
    """Fill row 0 of `scores`, and in `units` what the second stage makes of the first features."""
    first, row = weights.first, room.row
    split = len(first.bias)
    whole, shared = room.whole, room.shared
    _copy(first.bias, whole[:split])
    _copy(weights.second.bias, whole[split:])
    add_products(row, describe_whole(tree, facts, row), weights.shared, whole)
    last = -1
    for block in range(tree.blocks.shape[1]):
        parent = max(tree.nodes[pt.NODE_PARENT, tree.blocks[pt.BLOCK_NODE, block]], 0)
        if parent != last:
            _copy(whole, shared)
            add_products(row, describe_parent(parent, tree, facts, row), weights.shared, shared)
            last = parent
        units = room.units[block]
        _copy(shared, units)
        add_products(row, describe_block(block, tree, facts, row), weights.shared, units)
        scores[0, block] = _finish(first, units[:split], room)


@lean
def _second_stage(tree: Any, weights: Any, sums: Any, room: Any, scores: Any) -> None:
    """Fill row 1 of `scores`."""
    second, row = weights.second, room.row
    split = len(weights.first.bias)
    own = second.weights[FIRST_FEATURES:]
    whole, shared = room.whole[split:], room.shared[split:]
    whole[:] = 0
    add_products(row, describe_whole_scores(sums, row), own, whole)
    last = -1
    for block in range(tree.blocks.shape[1]):
        parent = max(tree.nodes[pt.NODE_PARENT, tree.blocks[pt.BLOCK_NODE, block]], 0)
        if parent != last:
            _copy(whole, shared)
            add_products(row, describe_parent_scores(parent, tree, sums, row), own, shared)
            last = parent
        units = room.units[block, split:]
        for unit in range(len(units)):
            units[unit] += shared[unit]
        add_products(row, describe_scores(block, tree, scores[0], sums, row), own, units)
        scores[1, block] = _finish(second, units, room)


@lean
def _add_page_score(blocks: Any, page: Any, room: Any, scores: Any) -> None:
    """Add the page's own score to all scores."""
    units, row = room.head[: len(page.bias)], room.row
    _copy(page.bias, units)
    add_products(row, describe_scored_page(blocks, scores, row), page.weights, units)
    page_score = _finish(page, units, room)
    for block in range(blocks.shape[1]):
        scores[block] += page_score


@lean
def _fill_scores(tree: Any, weights: Any, facts: Any, sums: Any, room: Any, scores: Any) -> None:
    describe_page(tree, facts)
    _first_stage(tree, weights, facts, room, scores)
    sum_scores(tree, facts, scores[0], sums)
    _second_stage(tree, weights, sums, room, scores)
    _add_page_score(tree.blocks, weights.page, room, scores[1])


@lean
def _decide_on_units(
    tree: Any,
    network: Any,
    facts: Any,
    units: Any,
    sums: Any,
    room: Any,
    unit_scores: Any,
    scores: Any,
) -> None:
    """Fill row 2 of `scores`: the score of the unit that a block belongs to, or its own.

    To that of a role, the mean of its blocks' is added. Our choice: articles in alike sections have
    roles, too, and there the network alone loses 0.01 of token F1 on some sets of unseen domains.
    """
    head, row = room.head[: len(network.bias)], room.row
    for unit in range(units.size):
        _copy(network.bias, head)
        count = describe_unit(unit, tree, facts, units, sums, scores, row)
        add_products(row, count, network.weights, head)
        unit_scores[unit] = _finish(network, head, room)
        if units.kinds[unit] == ROLE_UNIT:
            unit_scores[unit] += mean_score(unit, sums)
    for block in range(scores.shape[1]):
        unit = units.of_blocks[block]
        scores[2, block] = scores[1, block] if unit == NO_UNIT else unit_scores[unit]


class Scores(NamedTuple):
    """What the networks make of a page."""

    blocks: NDArray[np.int32]
    """Shape (3, blocks), in `SCORE_UNIT`s: of both stages, the page's own score added to those of
    the second; and those that decide: of the unit that a block belongs to, or else its own."""
    units: Units


@helper
def score_page(tree: Any, weights: Any) -> Scores:
    """The scores of the blocks of a `PageTree`, and its units."""
    blocks, nodes = tree.blocks.shape[1], tree.nodes.shape[1]
    scores = np.empty((3, blocks), np.int32)
    facts, sums = room_for_facts(blocks, nodes), room_for_sums(blocks, nodes)
    room = _room_for_layers(blocks, weights)
    _fill_scores(tree, weights, facts, sums, room, scores)
    units = find_units(tree, facts)
    unit_scores = np.empty(units.size, np.int32)
    unit_sums = sum_units(tree, facts, units, scores)
    _decide_on_units(tree, weights.unit, facts, units, unit_sums, room, unit_scores, scores)
    return Scores(scores, units)


@helper
def _spread(row: Any, count: Any, features: Any) -> None:
    """Write a row to an array of all features."""
    for index in range(count):
        features[row.columns[index]] = row.values[index]


@lean
def _fill_first(tree: Any, facts: Any, row: Any, matrix: Any) -> None:
    describe_page(tree, facts)
    for block in range(tree.blocks.shape[1]):
        parent = max(tree.nodes[pt.NODE_PARENT, tree.blocks[pt.BLOCK_NODE, block]], 0)
        _spread(row, describe_whole(tree, facts, row), matrix[block])
        _spread(row, describe_parent(parent, tree, facts, row), matrix[block])
        _spread(row, describe_block(block, tree, facts, row), matrix[block])


@lean
def _fill_second(tree: Any, facts: Any, sums: Any, row: Any, scores: Any, matrix: Any) -> None:
    describe_page(tree, facts)
    sum_scores(tree, facts, scores, sums)
    for block in range(tree.blocks.shape[1]):
        parent = max(tree.nodes[pt.NODE_PARENT, tree.blocks[pt.BLOCK_NODE, block]], 0)
        _spread(row, describe_whole_scores(sums, row), matrix[block])
        _spread(row, describe_parent_scores(parent, tree, sums, row), matrix[block])
        _spread(row, describe_scores(block, tree, scores, sums, row), matrix[block])


@kernel(types.int16[:, ::1](TREE_TYPE))
def first_matrix(tree: Any) -> Any:
    """First-stage features of every block, one row a block: for training."""
    blocks, nodes = tree.blocks.shape[1], tree.nodes.shape[1]
    matrix = np.zeros((blocks, FIRST_FEATURES), np.int16)
    _fill_first(tree, room_for_facts(blocks, nodes), room_for_features(FIRST_FEATURES), matrix)
    return matrix


@kernel(types.int16[:, ::1](TREE_TYPE, types.int32[::1]))
def second_matrix(tree: Any, scores: Any) -> Any:
    """Second-stage features of every block, given the first stage's scores: for training."""
    blocks, nodes = tree.blocks.shape[1], tree.nodes.shape[1]
    matrix = np.zeros((blocks, SECOND_FEATURES), np.int16)
    row = room_for_features(SECOND_FEATURES)
    facts, sums = room_for_facts(blocks, nodes), room_for_sums(blocks, nodes)
    _fill_second(tree, facts, sums, row, scores, matrix)
    return matrix


@kernel(types.int32[::1](types.int32[:, ::1], types.int32[::1]))
def page_row(blocks: Any, scores: Any) -> Any:
    """Features of a page, given the second stage's scores of its blocks: for training."""
    features = np.zeros(PAGE_FEATURES, np.int32)
    row = room_for_features(PAGE_FEATURES)
    _spread(row, describe_scored_page(blocks, scores, row), features)
    return features


@kernel(types.int32[:, ::1](TREE_TYPE, types.int32[:, ::1]))
def unit_matrix(tree: Any, scores: Any) -> Any:
    """Features of every unit of a page, given its blocks' scores: for training."""
    facts = room_for_facts(tree.blocks.shape[1], tree.nodes.shape[1])
    describe_page(tree, facts)
    units = find_units(tree, facts)
    matrix = np.zeros((units.size, UNIT_FEATURES), np.int32)
    row = room_for_features(UNIT_FEATURES)
    sums = sum_units(tree, facts, units, scores)
    for unit in range(units.size):
        _spread(row, describe_unit(unit, tree, facts, units, sums, scores, row), matrix[unit])
    return matrix
