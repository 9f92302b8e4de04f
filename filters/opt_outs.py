"""Signals by which a page's publisher reserves it from text and data mining or from training.

Found in the head of the page and in the HTTP headers:

- `noai`, `noimageai`, `noml`: robots directives of these names (`<meta name="robots">` or of a
  robot of its own, and `X-Robots-Tag`). Directives for search, as noindex, are none.
- `tdm_reservation`: TDM Reservation Protocol, `tdm-reservation: 1`.
- `tdm_policy`: the address of a policy under that protocol, `tdm-policy`.

They are columns and counts; `opt_outs.reject` makes a rule of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from massivetext.filters.label_names import (
    POLICY_NAME,
    RESERVATION_NAME,
    ROBOT_NAMES,
    ROBOTS_DIRECTIVES,
    ROBOTS_HEADER,
)
from massivetext.filters.markup import Markup, contents

TDM_RESERVATION: Final = "tdm_reservation"
TDM_POLICY: Final = "tdm_policy"

OPT_OUT_SIGNALS: Final = tuple(sorted((*ROBOTS_DIRECTIVES, TDM_RESERVATION, TDM_POLICY)))
"""All signals, as the column and the configuration name them."""

_MOST_CHARACTERS: Final = 4096
"""Our choice: what lies behind in a header is not read."""

_HEADERS: Final = frozenset((ROBOTS_HEADER, RESERVATION_NAME, POLICY_NAME))

_WORD: Final = re.compile(r"[a-z]+")
_RESERVED: Final = re.compile(r"\s*1\b")


def opt_out_signals(markup: Markup, headers: Mapping[str, str]) -> list[str]:
    """Returns the signals of a page, sorted.

    Args:
        markup: of the page.
        headers: HTTP response headers with lower-case names.
    """
    labels = markup.labels
    if not labels and _HEADERS.isdisjoint(headers):
        return []
    found: set[str] = set()
    for directives in (*contents(labels, *ROBOT_NAMES), headers.get(ROBOTS_HEADER, "")):
        words = set(_WORD.findall(directives[:_MOST_CHARACTERS].lower()))
        found.update(words.intersection(ROBOTS_DIRECTIVES))
    reservations = (*contents(labels, RESERVATION_NAME), headers.get(RESERVATION_NAME, ""))
    if any(map(_RESERVED.match, reservations)):
        found.add(TDM_RESERVATION)
    if any((*contents(labels, POLICY_NAME), headers.get(POLICY_NAME, "").strip())):
        found.add(TDM_POLICY)
    return sorted(found)
