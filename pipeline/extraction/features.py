"""What the learned choice knows of a block: small integers, computed from a `PageTree` (compiled).

Integers only, with an integer logarithm, so that every processor sees the same numbers. Two sets:
`first_features` looks at the page as it is, `second_features` at what the first stage made of it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import part
from massivetext.pipeline.extraction import elements, name_words, text_words
from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction.automaton import SEPARATOR, word_automaton

PROSE: Final = 40
"""Our choice: characters outside links from which a block counts as prose in the features."""

SHARE: Final = 32
"""Shares are given in 32nds."""

_TEXT_STEPS, _TEXT_BITS, _TEXT_CLASSES = word_automaton(text_words.PATTERNS)
_WORDY: Final = 200
"""Our choice: a block of more characters is no label, whatever words it holds."""

# Rows of the block facts (int32).
FACT_CHARACTERS: Final = 0
FACT_DENSITY: Final = 1  # share of link text
FACT_PUNCTUATION: Final = 2
FACT_WORDS: Final = 3
FACT_CAPITALS: Final = 4  # share
FACT_DIGITS: Final = 5  # share
FACT_FOREIGN: Final = 6  # share of characters beyond ASCII
FACT_MARKS: Final = 7  # bit 0: ends like a sentence, bit 1: begins with a capital
FACT_GROUPS: Final = 8  # bits of `text_words`
FACT_COPIES: Final = 9  # blocks of the page with the same text
FACT_PROSE: Final = 10  # characters of prose
BLOCK_FACTS: Final = 11

# Rows of the node facts (int64), sums over a node and all below it.
NODE_CHARACTERS: Final = 0
NODE_LINK_CHARACTERS: Final = 1
NODE_BLOCKS: Final = 2
NODE_PROSE: Final = 3
NODE_SIBLINGS: Final = 4  # of the same tag under the same parent, itself included
NODE_GROUP: Final = 5  # number of the group of nodes that look alike: tag and words, parent's too
NODE_TAGS: Final = 6  # bits of the tags around it, itself included
NODE_WORDS: Final = 7  # bits of the words of the names around it, itself included
NODE_FAMILY: Final = 8  # number of the group of nodes of one tag under one parent
NODE_FACTS: Final = 9

TAG_GROUPS: Final[tuple[str, ...]] = (
    *("p", "li", "ul menu dir", "ol", "table", "td th", "dl dt dd", "div center"),
    *("article", "main", "section", "nav", "aside", "header", "footer", "form fieldset"),
    *("h1", "h2", "h3", "h4 h5 h6", "pre listing xmp", "blockquote", "figure figcaption caption"),
    *("details summary dialog", "address legend hgroup search"),
)
"""Tags that mean the same to the choice, one bit a group."""


def _tag_bits() -> np.ndarray:
    bits = np.zeros(len(elements.TAGS) + 1, np.int64)
    for bit, names in enumerate(TAG_GROUPS):
        for name in names.split():
            bits[elements.tag(name)] = 1 << bit
    return bits


TAG_BITS: Final = _tag_bits()
TAG_COUNT: Final = len(TAG_GROUPS)
_NAME_COUNT: Final = name_words.GROUP_COUNT
_TEXT_COUNT: Final = text_words.GROUP_COUNT

LEVELS: Final = 5
"""Our choice: how many nodes around a block are described one by one, its own the first."""

NEIGHBOURS: Final = 3
"""Our choice: how many blocks before and after are described."""

_NEIGHBOUR_FEATURES: Final = 6
_LEVEL_FEATURES: Final = 6
_DENSE: Final = 24 + 2 * NEIGHBOURS * _NEIGHBOUR_FEATURES + LEVELS * _LEVEL_FEATURES
FIRST_FEATURES: Final = _DENSE + 2 * TAG_COUNT + 3 * _NAME_COUNT + _TEXT_COUNT


@part
def log8(value: Any) -> int:
    """8 log2(1 + value), piecewise linear, for value >= 0."""
    rest = value + 1
    bits = 0
    while rest >> (bits + 1):
        bits += 1
    return bits * 8 + ((rest << 3 >> bits) & 7)


@part
def _describe_text(text: Any, blocks: Any, facts: Any) -> None:
    """Facts of each block that stand in its text."""
    for block in range(blocks.shape[1]):
        start, stop = blocks[pt.BLOCK_START, block], blocks[pt.BLOCK_STOP, block]
        characters = blocks[pt.BLOCK_CHARACTERS, block]
        punctuation, spaces, capitals, digits, foreign = 0, 0, 0, 0, 0
        for position in range(start, stop):
            byte = text[position]
            if byte == 32:
                spaces += 1
            elif byte >= 0x80:
                foreign += byte >= 0xC0
                if byte == 0xE3:
                    punctuation += text[position + 1] == 0x80 and text[position + 2] <= 0x82
                elif byte == 0xEF:
                    punctuation += text[position + 1] == 0xBC and text[position + 2] == 0x8C
            elif byte == 44 or byte == 46 or byte == 33 or byte == 63 or byte == 59:
                punctuation += position + 1 == stop or text[position + 1] <= 32
            elif 65 <= byte <= 90:
                capitals += 1
            elif 48 <= byte <= 57:
                digits += 1
        facts[FACT_CHARACTERS, block] = characters
        links = blocks[pt.BLOCK_LINK_CHARACTERS, block]
        facts[FACT_DENSITY, block] = SHARE * links // characters
        facts[FACT_PUNCTUATION, block] = punctuation
        facts[FACT_WORDS, block] = spaces + 1
        facts[FACT_CAPITALS, block] = SHARE * capitals // characters
        facts[FACT_DIGITS, block] = SHARE * digits // characters
        facts[FACT_FOREIGN, block] = SHARE * foreign // characters
        facts[FACT_MARKS, block] = _marks(text, start, stop)
        facts[FACT_GROUPS, block] = _text_groups(text, start, stop) if characters < _WORDY else 0
        facts[FACT_PROSE, block] = characters - links if characters - links >= PROSE else 0


_SENTENCE_ENDS: Final = (0xE38082, 0xEFBC81, 0xEFBC9F, 0xE2809D, 0xE280A6)
"""UTF-8 of the ideographic full stop, wide ! and ?, closing quote, ellipsis."""


@part
def _marks(text: Any, start: int, stop: int) -> int:
    byte = text[stop - 1]
    marks = int(byte in (46, 33, 63, 58, 34))
    if stop - start >= 3 and byte >= 0x80:
        code = text[stop - 3] << 16 | text[stop - 2] << 8 | byte
        marks = int(code in _SENTENCE_ENDS)
    return marks + 2 * (65 <= text[start] <= 90)


@part
def _text_groups(text: Any, start: int, stop: int) -> Any:
    state = _TEXT_STEPS[0, SEPARATOR]
    bits = 0
    for position in range(start, stop):
        state = _TEXT_STEPS[state, _TEXT_CLASSES[text[position]]]
        bits |= _TEXT_BITS[state]
    return bits | _TEXT_BITS[_TEXT_STEPS[state, SEPARATOR]]


@part
def _number_of(key: int, keys: Any, numbers: Any, count: int) -> int:
    """Number of a key in an open hash table; a new one gets the number `count`."""
    mask = len(keys) - 1
    slot = (key ^ (key >> 29)) & mask
    while keys[slot] != -1:
        if keys[slot] == key:
            return numbers[slot]
        slot = (slot + 1) & mask
    keys[slot] = key
    numbers[slot] = count
    return count


@part
def _table_size(entries: int) -> int:
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


_MIX: Final = 0x9E3779B97F4A7C1 & (2**59 - 1)
_KEY_MASK: Final = 2**62 - 1


@part
def _mix(value: Any, other: Any) -> Any:
    """One key of two, at least 0."""
    mixed = (value * _MIX ^ other) * _MIX
    return (mixed ^ (mixed >> 31)) & _KEY_MASK


@part
def _count_copies(text: Any, blocks: Any, facts: Any) -> None:
    """Count the blocks of the page that have the same text."""
    count = blocks.shape[1]
    size = _table_size(count)
    keys = np.full(size, -1, np.int64)
    numbers = np.zeros(size, np.int32)
    group = np.zeros(count, np.int32)
    members = np.zeros(count, np.int32)
    groups = 0
    for block in range(count):
        key = 0
        for position in range(blocks[pt.BLOCK_START, block], blocks[pt.BLOCK_STOP, block]):
            key = (key * 1_000_003 ^ text[position]) & 0x3FFFFFFFFFFF
        group[block] = _number_of(_mix(key, 1), keys, numbers, groups)
        groups = max(groups, group[block] + 1)
        members[group[block]] += 1
    for block in range(count):
        facts[FACT_COPIES, block] = members[group[block]]


@part
def _group_nodes(nodes: Any, node_words: Any, node_facts: Any) -> None:
    """Number the families and the groups of nodes."""
    count = nodes.shape[1]
    size = _table_size(count)
    keys = np.full(size, -1, np.int64)
    numbers = np.zeros(size, np.int32)
    siblings = np.zeros(count, np.int32)
    families = 0
    for node in range(count):
        key = _mix(nodes[pt.NODE_PARENT, node] + 1, nodes[pt.NODE_TAG, node])
        family = _number_of(key, keys, numbers, families)
        families = max(families, family + 1)
        siblings[family] += 1
        node_facts[NODE_FAMILY, node] = family
    keys[:] = -1
    groups = 0
    looks = np.zeros(count, np.int64)
    for node in range(count):
        parent = max(nodes[pt.NODE_PARENT, node], 0)
        looks[node] = _mix(node_words[node], nodes[pt.NODE_TAG, node])
        group = _number_of(_mix(looks[node], looks[parent]), keys, numbers, groups)
        groups = max(groups, group + 1)
        node_facts[NODE_GROUP, node] = group
        node_facts[NODE_SIBLINGS, node] = siblings[node_facts[NODE_FAMILY, node]]


@part
def _describe_nodes(nodes: Any, node_words: Any, blocks: Any, facts: Any, node_facts: Any) -> None:
    """Fill the node facts."""
    count = nodes.shape[1]
    node_facts[:] = 0
    for block in range(blocks.shape[1]):
        node = blocks[pt.BLOCK_NODE, block]
        node_facts[NODE_CHARACTERS, node] += facts[FACT_CHARACTERS, block]
        node_facts[NODE_LINK_CHARACTERS, node] += blocks[pt.BLOCK_LINK_CHARACTERS, block]
        node_facts[NODE_BLOCKS, node] += 1
        node_facts[NODE_PROSE, node] += facts[FACT_PROSE, block]
    for node in range(count - 1, 0, -1):
        parent = nodes[pt.NODE_PARENT, node]
        for row in range(NODE_SIBLINGS):
            node_facts[row, parent] += node_facts[row, node]
    for node in range(1, count):
        parent = nodes[pt.NODE_PARENT, node]
        tag_bits = TAG_BITS[nodes[pt.NODE_TAG, node]]
        node_facts[NODE_TAGS, node] = node_facts[NODE_TAGS, parent] | tag_bits
        node_facts[NODE_WORDS, node] = node_facts[NODE_WORDS, parent] | node_words[node]
    _group_nodes(nodes, node_words, node_facts)


@part
def _top_node(nodes: Any, blocks: Any, facts: Any, node_facts: Any) -> int:
    """The node with the most prose close below it, as readability-like rules find it."""
    count = nodes.shape[1]
    score = np.zeros(count, np.int64)
    for block in range(blocks.shape[1]):
        prose = min(facts[FACT_PROSE, block], 500) * (SHARE - facts[FACT_DENSITY, block])
        if prose:
            parent = max(nodes[pt.NODE_PARENT, blocks[pt.BLOCK_NODE, block]], 0)
            score[parent] += prose
            score[max(nodes[pt.NODE_PARENT, parent], 0)] += prose // 2
    best, top = 0, 0
    for node in range(count):
        links = node_facts[NODE_LINK_CHARACTERS, node]
        characters = max(node_facts[NODE_CHARACTERS, node], 1)
        value = score[node] * (characters - links) // characters
        if value > best:
            best, top = value, node
    return top


@part
def _put_bits(row: Any, column: int, bits: Any, count: int) -> int:
    for bit in range(count):
        row[column + bit] = (bits >> bit) & 1
    return column + count


@part
def describe_block(
    block: int,
    nodes: Any,
    node_words: Any,
    blocks: Any,
    facts: Any,
    node_facts: Any,
    prose_before: Any,
    prose_nodes: Any,
    row: Any,
) -> None:
    """Write the first-stage features of one block to `row`."""
    count = blocks.shape[1]
    node = blocks[pt.BLOCK_NODE, block]
    row[0] = log8(facts[FACT_CHARACTERS, block])
    row[1] = facts[FACT_DENSITY, block]
    row[2] = log8(blocks[pt.BLOCK_LINKS, block])
    row[3] = log8(facts[FACT_PUNCTUATION, block])
    row[4] = log8(facts[FACT_WORDS, block])
    row[5] = facts[FACT_CAPITALS, block]
    row[6] = facts[FACT_DIGITS, block]
    row[7] = facts[FACT_FOREIGN, block]
    row[8] = facts[FACT_MARKS, block] & 1
    row[9] = facts[FACT_MARKS, block] >> 1
    row[10] = log8(facts[FACT_COPIES, block] - 1)
    row[11] = blocks[pt.BLOCK_MARGIN, block]
    row[12] = log8(facts[FACT_PUNCTUATION, block] * 256 // facts[FACT_CHARACTERS, block])
    total = max(prose_before[count], 1)
    low, high = max(block - 5, 0), min(block + 6, count)
    row[13] = log8(prose_before[high] - prose_before[low])
    low, high = max(block - 15, 0), min(block + 16, count)
    row[14] = log8(prose_before[high] - prose_before[low])
    row[15] = SHARE * block // count
    row[16] = SHARE * prose_before[block] // total
    row[17] = log8(total)
    row[18] = log8(count)
    page = max(node_facts[NODE_CHARACTERS, 0], 1)
    row[19] = SHARE * node_facts[NODE_LINK_CHARACTERS, 0] // page
    top, above = prose_nodes[0], prose_nodes[2]
    row[20] = prose_nodes[0] <= node < prose_nodes[1]
    row[21] = prose_nodes[2] <= node < prose_nodes[3]
    row[22] = SHARE * node_facts[NODE_CHARACTERS, top] // page
    row[23] = SHARE * node_facts[NODE_CHARACTERS, above] // page
    column = _put_neighbours(block, nodes, blocks, facts, row, 24)
    column = _put_levels(node, nodes, node_facts, page, row, column)
    column = _put_bits(row, column, TAG_BITS[nodes[pt.NODE_TAG, node]], TAG_COUNT)
    column = _put_bits(row, column, node_facts[NODE_TAGS, node], TAG_COUNT)
    column = _put_bits(row, column, node_words[node], _NAME_COUNT)
    parent = max(nodes[pt.NODE_PARENT, node], 0)
    grandparent = max(nodes[pt.NODE_PARENT, parent], 0)
    near = node_words[parent] | node_words[grandparent]
    column = _put_bits(row, column, near, _NAME_COUNT)
    column = _put_bits(row, column, node_facts[NODE_WORDS, node], _NAME_COUNT)
    _put_bits(row, column, facts[FACT_GROUPS, block], _TEXT_COUNT)


@part
def _put_neighbours(block: int, nodes: Any, blocks: Any, facts: Any, row: Any, column: int) -> int:
    for step in range(-NEIGHBOURS, NEIGHBOURS + 1):
        if step == 0:
            continue
        other = block + step
        if 0 <= other < blocks.shape[1]:
            tag = nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, other]]
            row[column] = log8(facts[FACT_CHARACTERS, other])
            row[column + 1] = facts[FACT_DENSITY, other]
            row[column + 2] = log8(facts[FACT_PUNCTUATION, other])
            row[column + 3] = facts[FACT_GROUPS, other] != 0
            row[column + 4] = tag == nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, block]]
            row[column + 5] = _H1 <= tag <= _H6
        else:
            for offset in range(_NEIGHBOUR_FEATURES):
                row[column + offset] = -8 if offset == 0 else 0
        column += _NEIGHBOUR_FEATURES
    return column


_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")


@part
def _put_levels(node: int, nodes: Any, node_facts: Any, page: int, row: Any, column: int) -> int:
    for _ in range(LEVELS):
        characters = node_facts[NODE_CHARACTERS, node]
        blocks = max(node_facts[NODE_BLOCKS, node], 1)
        row[column] = log8(characters)
        row[column + 1] = SHARE * node_facts[NODE_LINK_CHARACTERS, node] // max(characters, 1)
        row[column + 2] = log8(blocks)
        row[column + 3] = log8(characters // blocks)
        row[column + 4] = SHARE * characters // page
        row[column + 5] = log8(node_facts[NODE_SIBLINGS, node])
        column += _LEVEL_FEATURES
        node = max(nodes[pt.NODE_PARENT, node], 0)
    return column


@part
def _span_end(nodes: Any, first: int) -> int:
    """Number of the first node behind a node and all below it."""
    node = first + 1
    while node < nodes.shape[1] and nodes[pt.NODE_PARENT, node] >= first:
        node += 1
    return node


@part
def describe_page(
    text: Any, nodes: Any, node_words: Any, blocks: Any, facts: Any, node_facts: Any,
    prose_before: Any, prose_nodes: Any,
) -> None:  # fmt: skip
    """Fill everything that the features of single blocks are read from."""
    _describe_text(text, blocks, facts)
    _count_copies(text, blocks, facts)
    _describe_nodes(nodes, node_words, blocks, facts, node_facts)
    prose_before[0] = 0
    for block in range(blocks.shape[1]):
        prose_before[block + 1] = prose_before[block] + facts[FACT_PROSE, block]
    prose_nodes[0] = _top_node(nodes, blocks, facts, node_facts)
    prose_nodes[1] = _span_end(nodes, prose_nodes[0])
    prose_nodes[2] = max(nodes[pt.NODE_PARENT, prose_nodes[0]], 0)
    prose_nodes[3] = _span_end(nodes, prose_nodes[2])
