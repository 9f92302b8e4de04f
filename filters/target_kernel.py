"""Where the links of a page lead: to its own site, to listed hosts, elsewhere (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import FULL_STOP, lowered
from massivetext.filters.host_kernel import BYTES, MOST_HOST_BYTES, TABLE, covers_host
from massivetext.filters.link_kernel import host_in, is_plain_host
from massivetext.kernels import kernel, lean

MOST_SHOWN: Final = 64
"""Our choice: how many hosts of a page are given back by name."""

_SLOTS: Final = np.uint64(16)
"""Our choice: so many links are remembered, by their length and a byte: most links of a page lead
to its own host and a few others."""

# Where a link leads.
_NOWHERE: Final = 0
_TO_SITE: Final = 1
_TO_OTHERS: Final = 2
_TO_LISTED: Final = 3
_TO_ENCODED: Final = 4  # a host that only Python can decode


@lean
def _is_of_site(page: Any, start: Any, stop: Any, site: Any, is_alone: Any) -> Any:
    """Whether a host is a site, or lies below it unless the site stands alone."""
    size = stop - start
    if size < len(site) or len(site) == 0:
        return False
    if size > len(site) and (is_alone or page[stop - len(site) - 1] != FULL_STOP):
        return False
    for offset in range(len(site)):
        if lowered(page[stop - len(site) + offset]) != site[offset]:
            return False
    return True


@lean
def _way(
    page: Any, start: Any, stop: Any, site: Any, is_alone: Any, hashes: Any, starts: Any
) -> Any:
    """Returns where a link to a host leads, exceptions from the list aside."""
    if stop <= start or stop - start > MOST_HOST_BYTES:
        return _NOWHERE
    if _is_of_site(page, start, stop, site, is_alone):
        return _TO_SITE
    if not is_plain_host(page, start, stop):
        return _TO_ENCODED
    return _TO_LISTED if covers_host(page, start, stop, hashes, starts) else _TO_OTHERS


@lean
def _is_same(page: Any, first: Any, second: Any, size: Any) -> Any:
    """Whether the same bytes stand at two places; from the last one: hosts differ there."""
    for offset in range(size - 1, -1, -1):
        if page[np.uint64(first + offset)] != page[np.uint64(second + offset)]:
            return False
    return True


@kernel(
    f"Tuple((int64, int64, int64[:, ::1]))({BYTES}, int64[:, ::1], {BYTES}, boolean, "
    f"{TABLE}, {TABLE})"
)
def count_listed(
    page: Any,
    links: Any,
    site: Any,
    is_alone: Any,
    hashes: Any,
    starts: Any,
    exception_hashes: Any,
    exception_starts: Any,
) -> Any:
    """Returns how many links lead to other sites, how many of them to listed hosts, and which.

    Args:
        page: uint8[bytes].
        links: int64[links, 2], start and stop of the authority of each.
        site: uint8[bytes], the page's own registered domain in lower case, or nothing.
        is_alone: whether hosts below `site` belong to others (it is a public suffix itself).
        hashes: of the list, with `starts`.
        starts: see there.
        exception_hashes: of hosts that are never counted as listed, with `exception_starts`.
        exception_starts: see there.

    Returns:
        int64 links to other sites; int64 links to listed hosts; int64[hosts, 3] start and stop of
        the hosts of at most MOST_SHOWN links that are listed (1 in the last column), or that only
        Python can decode (0); those count as links to other sites and not as listed.
    """
    shown = np.empty((MOST_SHOWN, 3), np.int64)
    remembered = np.full(int(_SLOTS), -1, np.int64)
    ways = np.zeros(int(_SLOTS), np.int64)
    outside = listed = n_shown = 0
    for row in range(len(links)):
        first, last = links[row, 0], links[row, 1]
        size = last - first
        slot = np.uint64(size + page[first + (size >> 1)]) % _SLOTS
        other = remembered[slot]
        is_known = other >= 0 and links[other, 1] - links[other, 0] == size
        if not is_known or not _is_same(page, first, links[other, 0], size):
            start, stop = host_in(page, first, last)
            way = _way(page, start, stop, site, is_alone, hashes, starts)
            if way == _TO_LISTED and covers_host(
                page, start, stop, exception_hashes, exception_starts
            ):
                way = _TO_OTHERS
            remembered[slot], ways[slot] = row, way
        way = ways[slot]
        outside += way >= _TO_OTHERS
        listed += way == _TO_LISTED
        if way > _TO_OTHERS and n_shown < MOST_SHOWN:
            start, stop = host_in(page, first, last)
            shown[n_shown, 0], shown[n_shown, 1] = start, stop
            shown[n_shown, 2] = way == _TO_LISTED
            n_shown += 1
    return outside, listed, shown[:n_shown].copy()
