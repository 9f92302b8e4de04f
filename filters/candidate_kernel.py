"""What a page may hold for SafeSearch and opt-outs, wherever it stands in its bytes (compiled).

Most pages hold nothing, and this pass over all bytes is all that they cost. It finds more than
counts: what stands in a comment, a script or a quoted value is told apart by `markup_kernel`, which
reads the tags of the few pages where something was found. Both are linear.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import LESS_THAN, SLASH, SPACE, is_digit, is_letter, lowered
from massivetext.byte_patterns import (
    MOST_PATTERN_BYTES,
    PATTERN_BLOCK,
    first_place,
    places_of,
)
from massivetext.filters.label_kernel import META_NAME, is_label
from massivetext.filters.label_names import HAS_DENIAL, HAS_LABEL
from massivetext.filters.link_kernel import FIRST_LINKS, add_pair, target_behind
from massivetext.filters.tag_kernel import hash_of, name_hash, name_hashes
from massivetext.kernels import inlined, kernel, lean

MOST_TAG_BYTES: Final = 1 << 13
"""Our choice: attributes are looked for in so many bytes behind a tag's name."""

VALUE_DISTANCE: Final = 256
"""Our choice: a denial stands at most so many bytes before or behind the property's name. In tags
and JSON-LD a dozen lie between them."""

_MOST_NAMED: Final = 64
"""Our choice: where a page names the property more often, it counts as denied, and all is read."""

_BLOCK_SPAN: Final = PATTERN_BLOCK + MOST_PATTERN_BYTES
_places: Final = places_of("<m", "f....yf")
_places_with_links: Final = places_of("<m", "f....yf", "h.ef")

_FAMILY_FRIENDLY: Final = name_hash("familyfriendly")
_FAMILY_BYTES: Final = len("familyfriendly")
_DENIALS: Final = name_hashes("false", "no", "0")
_MOST_DENIAL_BYTES: Final = len("false")
_BEGINNINGS: Final = tuple(b"<fh")
_F: Final = ord("f")


@lean
def _denies(page: Any, place: Any) -> Any:
    """Whether `false`, `no` or `0` stands as a word near a place."""
    word = position = max(0, place - VALUE_DISTANCE)
    last = min(len(page), place + _FAMILY_BYTES + VALUE_DISTANCE)
    while position <= last:
        if position < last and (is_letter(page[position]) or is_digit(page[position])):
            position += 1
            continue
        size = position - word
        if 0 < size <= _MOST_DENIAL_BYTES and hash_of(page, word, position) in _DENIALS:
            return True
        position += 1
        word = position
    return False


@inlined
def _names_family(page: Any, place: Any) -> Any:
    """Whether `familyFriendly` stands at a place."""
    stop = place + _FAMILY_BYTES
    return stop <= len(page) and hash_of(page, place, stop) == _FAMILY_FRIENDLY


@lean
def _is_label_before(page: Any, tag: Any, following: Any) -> Any:
    """Whether a tag is a `meta` with a label, its attributes before the following `<m`."""
    stop = tag + 5
    if tag < 0 or stop >= len(page) or hash_of(page, tag + 1, stop) != META_NAME:
        return False
    if page[stop] > SPACE and page[stop] != SLASH:
        return False
    return is_label(page, stop, min(following, stop + MOST_TAG_BYTES))


@lean
def _last_places(page: Any, position: Any) -> Any:
    """Returns where something may begin in a block at the page's end, as bits."""
    places = np.uint64(0)
    for offset in range(min(PATTERN_BLOCK, len(page) - position)):
        if lowered(page[position + offset]) in _BEGINNINGS:
            places |= np.uint64(1) << np.uint64(offset)
    return places


@lean
def _next_block(page: Any, position: Any, wants_links: Any) -> Any:
    """Returns where a block with places begins, at `position` or whole blocks behind it, and these.

    A loop for each of the two cases: with both in one it takes three times as long.
    """
    last = len(page) - _BLOCK_SPAN
    places = np.uint64(0)
    if wants_links:
        while position <= last and not places:
            places = _places_with_links(page, position)
            position += PATTERN_BLOCK
    else:
        while position <= last and not places:
            places = _places(page, position)
            position += PATTERN_BLOCK
    if places:
        return position - PATTERN_BLOCK, places
    return position, _last_places(page, position)


@kernel("Tuple((int64, int64[:, ::1]))(Array(uint8, 1, 'C', readonly=True), boolean)")
def find_candidates(page: Any, wants_links: Any) -> Any:
    """Returns what a page may hold: more than its tags say, and less only as the constants say.

    Args:
        page: uint8[bytes], in an encoding that holds ASCII as ASCII.
        wants_links: whether links count.

    Returns:
        bits HAS_LABEL and HAS_DENIAL; int64[links, 2], start and stop of the authority (user, host,
        port) of absolute links.
    """
    found = n_links = n_named = position = 0
    tag = -1  # the last that may be a meta: its attributes end where the next one begins
    links = np.empty((FIRST_LINKS if wants_links else 0, 2), np.int64)
    while position < len(page):
        position, places = _next_block(page, position, wants_links)
        while places:
            place = position + first_place(places)
            places &= places - np.uint64(1)
            if page[place] == LESS_THAN:
                if _is_label_before(page, tag, place):
                    found |= HAS_LABEL
                tag = place
            elif lowered(page[place]) == _F:
                if not found & HAS_DENIAL and _names_family(page, place):
                    n_named += 1
                    if n_named > _MOST_NAMED or _denies(page, place):
                        found |= HAS_DENIAL
            elif wants_links:
                first, last = target_behind(page, place)
                if last > first:
                    links = add_pair(links, n_links, first, last)
                    n_links += 1
        position += PATTERN_BLOCK
    if _is_label_before(page, tag, len(page)):
        found |= HAS_LABEL
    return found, links[:n_links].copy()
