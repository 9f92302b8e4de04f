"""Entries: alike siblings of several blocks, as posts of a thread or tiles of a listing (compiled).

What stands at the same place in each entry has the same role: the author, the date, the text. A
role is main text or it is not, whichever the entry; so the roles of entries are units.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper, lean
from massivetext.pipeline.extraction.choice import page_facts as pf
from massivetext.pipeline.extraction.hashing import FREE, mix, number_of
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt

NO_ROLE: Final = -1

ALIKE_ENTRIES: Final = 3
"""Our choice: the fewest look-alike siblings that make entries, and blocks that make a role."""

_TEXT_TAGS: Final = elements.which_tags("p", "pre", "td", "th", *elements.HEADING_TAGS)
"""Elements that are never entries: paragraphs of a text look alike, and cells belong to rows."""

# Rows of the facts (int64, one column a node).
_BLOCKS: Final = 0  # with text, below the node
_FAMILY: Final = 1  # number of the siblings that look alike
_MEMBERS: Final = 2  # of a family: with text
_FULL_MEMBERS: Final = 3  # of a family: with two blocks or more
_PLACE: Final = 4  # hash of where a node stands in its entry; 0 outside entries
_FACTS: Final = 5


@helper
def find_roles(tree: Any, facts: Any, unit_of_block: Any) -> Any:
    """The number of the role of each block, or `NO_ROLE`; and a number above all of them.

    Entries stand in no other entries: of nested ones the outermost count. Blocks that belong to a
    unit already have no role.
    """
    found = np.zeros((_FACTS, tree.nodes.shape[1]), np.int64)
    _number_alike(tree, facts, found)
    _find_places(tree, facts, found)
    blocks = tree.blocks.shape[1]
    roles, counts = np.full(blocks, NO_ROLE, np.int32), np.zeros(blocks, np.int32)
    numbers = _number_roles(tree, facts, found[_PLACE], unit_of_block, roles, counts)
    return roles, numbers


@lean
def _number_alike(tree: Any, facts: Any, found: Any) -> None:
    """Number the families of siblings that look alike, and count their members."""
    for block in range(tree.blocks.shape[1]):
        found[_BLOCKS, tree.blocks[pt.BLOCK_NODE, block]] += 1
    for node in range(tree.nodes.shape[1] - 1, 0, -1):
        found[_BLOCKS, tree.nodes[pt.NODE_PARENT, node]] += found[_BLOCKS, node]
    facts.keys[:] = FREE
    families = 0
    for node in range(tree.nodes.shape[1]):
        key = mix(tree.nodes[pt.NODE_PARENT, node] + 1, facts.nodes[pf.NODE_LOOK, node])
        family = number_of(key, facts.keys, facts.numbers, families)
        families = max(families, family + 1)
        found[_FAMILY, node] = family
        found[_MEMBERS, family] += found[_BLOCKS, node] > 0
        found[_FULL_MEMBERS, family] += found[_BLOCKS, node] > 1


@lean
def _find_places(tree: Any, facts: Any, found: Any) -> None:
    """Find where in its entry each node stands: the looks of all between the two."""
    for node in range(1, tree.nodes.shape[1]):
        above = found[_PLACE, tree.nodes[pt.NODE_PARENT, node]]
        family = found[_FAMILY, node]
        if above:
            found[_PLACE, node] = mix(above, facts.nodes[pf.NODE_LOOK, node]) | 1
        elif found[_BLOCKS, node] and not _TEXT_TAGS[tree.nodes[pt.NODE_TAG, node]]:
            members, full = found[_MEMBERS, family], found[_FULL_MEMBERS, family]
            if members >= ALIKE_ENTRIES and 4 * full >= 3 * members:
                found[_PLACE, node] = mix(family + 1, 1) | 1


@lean
def _number_roles(
    tree: Any, facts: Any, places: Any, unit_of_block: Any, roles: Any, counts: Any
) -> Any:
    """Number the places that enough blocks share; a number above all of them.

    `roles` hold `NO_ROLE` at first, `counts` room for the blocks of each role.
    """
    blocks = tree.blocks.shape[1]
    facts.keys[:] = FREE
    numbers = 0
    for block in range(blocks):
        place = places[tree.blocks[pt.BLOCK_NODE, block]]
        if place and unit_of_block[block] < 0:
            number = number_of(place, facts.keys, facts.numbers, numbers)
            numbers = max(numbers, number + 1)
            roles[block] = number
            counts[number] += 1
    for block in range(blocks):
        if roles[block] >= 0 and counts[roles[block]] < ALIKE_ENTRIES:
            roles[block] = NO_ROLE
    return numbers
