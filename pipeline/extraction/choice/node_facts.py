"""Facts of nodes: what stands below each, which are alike, and where the prose is (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import helper
from massivetext.pipeline.extraction.choice import page_facts as pf
from massivetext.pipeline.extraction.choice.logarithm import (
    count8,
    family8,
    log8,
    scaled_down,
    text8,
)
from massivetext.pipeline.extraction.hashing import FREE, mix, number_of
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt

TAG_GROUPS: Final[tuple[str, ...]] = (
    *("p", "li", "ul menu dir", "ol", "table", "td th", "dl dt dd", "div center"),
    *("article", "main", "section", "nav", "aside", "header", "footer", "form fieldset"),
    *("h1", "h2", "h3", "h4 h5 h6", "pre listing xmp", "blockquote", "figure figcaption caption"),
    *("details summary dialog", "address legend hgroup search"),
)
"""Tags that mean the same to the choice, one bit a group."""

TAG_GROUP_COUNT: Final = len(TAG_GROUPS)

_LONG_PROSE: Final = 500
"""Our choice: no block counts for more characters than this when the top node is looked for."""


def _tag_bits() -> NDArray[np.int64]:
    bits = np.zeros(len(elements.TAGS) + 1, np.int64)
    for bit, names in enumerate(TAG_GROUPS):
        for name in names.split():
            bits[elements.tag(name)] = 1 << bit
    return bits


TAG_BITS: Final = _tag_bits()


@helper
def describe_nodes(tree: Any, facts: Any) -> None:
    """Fill the facts of all nodes; those of the blocks stand there already."""
    _sum_blocks(tree, facts)
    nodes = facts.nodes
    for node in range(1, nodes.shape[1]):
        parent = tree.nodes[pt.NODE_PARENT, node]
        tag_bits = TAG_BITS[tree.nodes[pt.NODE_TAG, node]]
        nodes[pf.NODE_TAGS, node] = nodes[pf.NODE_TAGS, parent] | tag_bits
        nodes[pf.NODE_WORDS, node] = nodes[pf.NODE_WORDS, parent] | tree.node_words[node]
    _number_families(tree, facts)
    _number_groups(tree, facts)
    _find_top(tree, facts)
    _describe_levels(nodes, facts.levels)


@helper
def _sum_blocks(tree: Any, facts: Any) -> None:
    """Add up the blocks below each node."""
    nodes = facts.nodes
    nodes[:] = 0
    for block in range(tree.blocks.shape[1]):
        node = tree.blocks[pt.BLOCK_NODE, block]
        characters = tree.blocks[pt.BLOCK_CHARACTERS, block]
        links = tree.blocks[pt.BLOCK_LINK_CHARACTERS, block]
        nodes[pf.NODE_CHARACTERS, node] += facts.blocks[pf.FACT_CHARACTERS, block]
        nodes[pf.NODE_LINK_CHARACTERS, node] += scaled_down(links, characters)
        nodes[pf.NODE_BLOCKS, node] += 1
        nodes[pf.NODE_PROSE, node] += facts.blocks[pf.FACT_PROSE, block]
    for node in range(nodes.shape[1] - 1, 0, -1):
        parent = tree.nodes[pt.NODE_PARENT, node]
        for row in range(pf.NODE_SIBLINGS):
            nodes[row, parent] += nodes[row, node]


@helper
def _number_families(tree: Any, facts: Any) -> None:
    """Number the families, the nodes of one tag under one parent, and count their members."""
    nodes = facts.nodes
    facts.keys[:] = FREE
    families = 0
    for node in range(nodes.shape[1]):
        key = mix(tree.nodes[pt.NODE_PARENT, node] + 1, tree.nodes[pt.NODE_TAG, node])
        family = number_of(key, facts.keys, facts.numbers, families)
        if family == families:
            facts.members[family] = 0
            families += 1
        facts.members[family] += 1
        nodes[pf.NODE_FAMILY, node] = family
    for node in range(nodes.shape[1]):
        nodes[pf.NODE_SIBLINGS, node] = facts.members[nodes[pf.NODE_FAMILY, node]]


@helper
def _number_groups(tree: Any, facts: Any) -> None:
    """Number the groups of nodes whose tags and words, and whose parents', are the same."""
    nodes = facts.nodes
    facts.keys[:] = FREE
    groups = 0
    for node in range(nodes.shape[1]):
        parent = max(tree.nodes[pt.NODE_PARENT, node], 0)
        nodes[pf.NODE_LOOK, node] = mix(tree.node_words[node], tree.nodes[pt.NODE_TAG, node])
        key = mix(nodes[pf.NODE_LOOK, node], nodes[pf.NODE_LOOK, parent])
        group = number_of(key, facts.keys, facts.numbers, groups)
        groups = max(groups, group + 1)
        nodes[pf.NODE_GROUP, node] = group


@helper
def _find_top(tree: Any, facts: Any) -> None:
    """Find the node with the most prose close below it, as readability-like rules do."""
    nodes, parents = facts.nodes, tree.nodes[pt.NODE_PARENT]
    for block in range(tree.blocks.shape[1]):
        prose = min(facts.blocks[pf.FACT_PROSE, block], _LONG_PROSE)
        prose *= pf.SHARE - facts.blocks[pf.FACT_DENSITY, block]
        if prose:
            parent = max(parents[tree.blocks[pt.BLOCK_NODE, block]], 0)
            nodes[pf.NODE_VALUE, parent] += prose
            nodes[pf.NODE_VALUE, max(parents[parent], 0)] += prose // 2
    best, top = 0, 0
    for node in range(nodes.shape[1]):
        links = nodes[pf.NODE_LINK_CHARACTERS, node]
        characters = max(nodes[pf.NODE_CHARACTERS, node], 1)
        value = nodes[pf.NODE_VALUE, node] * (characters - links) // characters
        if value > best:
            best, top = value, node
    above = max(parents[top], 0)
    facts.spans[pf.TOP] = top
    facts.spans[pf.TOP_END] = _span_end(parents, top)
    facts.spans[pf.ABOVE] = above
    facts.spans[pf.ABOVE_END] = _span_end(parents, above)


@helper
def _span_end(parents: Any, first: Any) -> Any:
    """Number of the first node behind a node and all below it."""
    node = first + 1
    while node < len(parents) and parents[node] >= first:
        node += 1
    return node


@helper
def _describe_levels(nodes: Any, levels: Any) -> None:
    page = max(nodes[pf.NODE_CHARACTERS, 0], 1)
    for node in range(nodes.shape[1]):
        characters = nodes[pf.NODE_CHARACTERS, node]
        blocks = max(nodes[pf.NODE_BLOCKS, node], 1)
        links = nodes[pf.NODE_LINK_CHARACTERS, node]
        levels[node, 0] = text8(characters)
        levels[node, 1] = pf.SHARE * links // max(characters, 1)
        levels[node, 2] = count8(blocks)
        levels[node, 3] = log8(characters // blocks)
        levels[node, 4] = pf.SHARE * characters // page
        levels[node, 5] = family8(nodes[pf.NODE_SIBLINGS, node])
