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
    WORD_BYTES,
    first_place,
    places_of,
    word_at,
)
from massivetext.filters.host_kernel import MOST_HOST_BYTES, PAGE, TABLE, covers_host
from massivetext.filters.label_kernel import META_NAME, is_label
from massivetext.filters.label_names import HAS_DENIAL, HAS_LABEL, HAS_LISTED
from massivetext.filters.link_kernel import (
    authority_behind,
    authority_stop,
    ends_authority,
    host_in,
    is_plain_host,
)
from massivetext.filters.tag_kernel import hash_of, name_hash, name_hashes
from massivetext.hash_table import GOLDEN
from massivetext.kernels import inlined, kernel, lean
from massivetext.prefetch import prefetch

MOST_TAG_BYTES: Final = 1 << 13
"""Our choice: attributes are looked for in so many bytes behind a tag's name."""

VALUE_DISTANCE: Final = 256
"""Our choice: a denial stands at most so many bytes before or behind the property's name. In tags
and JSON-LD a dozen lie between them."""

_MOST_NAMED: Final = 64
"""Our choice: where a page names the property more often, it counts as denied, and all is read."""

_BLOCK_SPAN: Final = PATTERN_BLOCK + MOST_PATTERN_BYTES
_places: Final = places_of("<m", "yf")
_places_with_links: Final = places_of("<m", "yf", "h.ef")
"""A few letters of what is sought: each more costs a tenth of the pass, and these are rare."""

_AHEAD_BYTES: Final = 2048
"""Our choice: measured; 1024 helps half as much, 8192 no more."""

_FAMILY_FRIENDLY: Final = name_hash("familyfriendly")
_FAMILY_BYTES: Final = len("familyfriendly")
_DENIALS: Final = name_hashes("false", "no", "0")
_MOST_DENIAL_BYTES: Final = len("false")
_BEGINNINGS: Final = tuple(b"<yh")
_Y: Final = ord("y")
_BEFORE_Y: Final = "familyfriendly".index("y")

_SLOTS: Final = 64
"""Our choice: how many authorities of a page to remember, by their first bytes. A page has 17."""

# Where a link leads.
_TO_OTHERS: Final = 0
_TO_LISTED: Final = 1
_TO_ENCODED: Final = 2  # a host that only Python can decode

_SLOT_BITS: Final = np.uint64(58)


@inlined
def _slot_of(page: Any, start: Any) -> Any:
    """Returns the slot that remembers an authority: the high bits of a hash of its first bytes."""
    return np.int64((word_at(page, start) * GOLDEN) >> _SLOT_BITS)


@lean
def _is_remembered(page: Any, start: Any, known: Any, size: Any) -> Any:
    """Whether the authority that begins at `start` is the one of `size` bytes at `known`.

    Both have at least WORD_BYTES bytes, and WORD_BYTES more of the page behind them.
    """
    offset = size - WORD_BYTES
    if not ends_authority(page[start + size]):
        return False
    while offset > 0:
        if word_at(page, start + offset) != word_at(page, known + offset):
            return False
        offset -= WORD_BYTES
    return word_at(page, start) == word_at(page, known)


@lean
def _way(page: Any, start: Any, hashes: Any, starts: Any, known: Any, sizes: Any) -> Any:
    """Returns where the authority that begins at `start` leads, and where it ends.

    One seen before counts as `_TO_OTHERS`: the caller already knows where it leads.

    Args:
        page: uint8[bytes].
        start: of the authority.
        hashes: of the list, with `starts`.
        starts: see there.
        known: int64[_SLOTS], where authorities begin that were met.
        sizes: int64[_SLOTS], their sizes; 0 where none is remembered.
    """
    is_inside = start + MOST_HOST_BYTES + WORD_BYTES <= len(page)
    slot = _slot_of(page, start) if is_inside else 0
    if is_inside and sizes[slot] and _is_remembered(page, start, known[slot], sizes[slot]):
        return _TO_OTHERS, start
    stop, is_host = authority_stop(page, start, len(page))
    first, last = (start, stop) if is_host else host_in(page, start, stop)
    if is_inside and WORD_BYTES <= stop - start <= MOST_HOST_BYTES:
        known[slot], sizes[slot] = start, stop - start
    if last <= first or last - first > MOST_HOST_BYTES:
        return _TO_OTHERS, stop
    if not is_host and not is_plain_host(page, first, last):
        return _TO_ENCODED, stop
    return _TO_LISTED if covers_host(page, first, last, hashes, starts) else _TO_OTHERS, stop


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
    return place >= 0 and stop <= len(page) and hash_of(page, place, stop) == _FAMILY_FRIENDLY


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
            prefetch(page, position + _AHEAD_BYTES)
            places = _places_with_links(page, position)
            position += PATTERN_BLOCK
    else:
        while position <= last and not places:
            prefetch(page, position + _AHEAD_BYTES)
            places = _places(page, position)
            position += PATTERN_BLOCK
    if places:
        return position - PATTERN_BLOCK, places
    return position, _last_places(page, position)


@kernel(f"UniTuple(int64, 3)({PAGE}, {TABLE})")
def find_candidates(page: Any, hashes: Any, starts: Any) -> Any:
    """Returns what a page may hold: more than its tags say, and less only as the constants say.

    Args:
        page: bytes, in an encoding that holds ASCII as ASCII.
        hashes: of a list of hosts, with `starts`; without any, links are passed over.
        starts: see there.

    Returns:
        bits HAS_LABEL, HAS_DENIAL and HAS_LISTED; start and stop of the authority of a link whose
        host only Python can decode, equal without one. Of several such, one may be listed.
    """
    html = np.frombuffer(page, np.uint8)
    wants_links = len(hashes) > 0
    known = np.empty(_SLOTS if wants_links else 0, np.int64)
    sizes = np.zeros(_SLOTS if wants_links else 0, np.int64)
    found = n_named = position = encoded = encoded_stop = 0
    tag = -1  # the last that may be a meta: its attributes end where the next one begins
    while position < len(html):
        position, places = _next_block(html, position, wants_links)
        while places:
            place = position + first_place(places)
            places &= places - np.uint64(1)
            byte = lowered(html[place])
            if byte == LESS_THAN:
                if _is_label_before(html, tag, place):
                    found |= HAS_LABEL
                tag = place
            elif byte == _Y:
                family = place - _BEFORE_Y
                if not found & HAS_DENIAL and _names_family(html, family):
                    n_named += 1
                    if n_named > _MOST_NAMED or _denies(html, family):
                        found |= HAS_DENIAL
            elif wants_links:
                start = authority_behind(html, place)
                if start >= 0:
                    way, stop = _way(html, start, hashes, starts, known, sizes)
                    if way == _TO_LISTED or (way == _TO_ENCODED and encoded_stop):
                        found |= HAS_LISTED
                        wants_links = False  # one is enough
                    elif way == _TO_ENCODED:
                        encoded, encoded_stop = start, stop
        position += PATTERN_BLOCK
    if _is_label_before(html, tag, len(html)):
        found |= HAS_LABEL
    return found, encoded, encoded_stop
