"""What each HTML element means for the text: the one table that every parser reads.

Sources: the rendering section of the HTML standard (which elements are blocks, which have a margin,
which are not rendered), and the study in the project's notes for what is a control and not text.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray


def _names(line: str) -> frozenset[str]:
    return frozenset(line.split())


# Elements whose content is never main text: code for the machine, controls, drawings. `rp` holds
# the brackets of browsers that do not know `ruby`; ours are written around the reading. Those of
# AMP are advertisements, and what is shown on demand alone (amp.dev: components).
SKIPPED: Final = _names(
    "script style svg select option datalist textarea iframe noembed noframes annotation"
    " annotation-xml progress meter rp"
    " amp-ad amp-consent amp-embed amp-lightbox amp-sidebar amp-sticky-ad"
    " amp-user-notification"
)

# Elements that browsers do not show, but that may hold what the page has no other text for: they
# are read when a page is looked at for a second time (`page_tree.VEILS`).
VEILED: Final = _names("noscript video audio canvas")

# Blocks set apart by an empty line (elements with a vertical margin, and the sectioning elements).
SPACED: Final = _names(
    "p h1 h2 h3 h4 h5 h6 pre blockquote table ul ol dl menu dir figure section article main header"
    " footer nav aside form fieldset details dialog hgroup hr listing xmp plaintext"
)

# Blocks that start a new line, without an empty one.
UNSPACED: Final = _names("div li dt dd tr caption figcaption address center legend summary search")

# Blocks that never break a line by themselves: their rows or captions do.
BARE: Final = _names("td th tbody thead tfoot")

BLOCK_TAGS: Final = SPACED | UNSPACED | BARE

# Elements without an end tag.
VOID: Final = _names(
    "area base br col embed hr img input link meta param source track wbr keygen frame basefont"
    " bgsound command"
)

# Elements whose content is raw text up to their own end tag.
RAW_TEXT: Final = _names("script style textarea title xmp iframe noembed noframes")

# Blocks whose start tag ends an open paragraph (HTML standard, "in body": has a p in button scope).
ENDS_PARAGRAPH: Final = _names(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section summary"
    " ul li dd dt table listing"
)

# HTML standard, "the rules for parsing tokens in foreign content": start tags that end an open
# `svg` or `math`, however deep they stand in it.
BREAKS_OUT: Final = _names(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li"
    " listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)

# Elements of foreign content in which HTML may stand (HTML standard: integration points).
INTEGRATION_POINTS: Final = _names("foreignobject desc title annotation-xml mi mo mn ms mtext")

# Start tags that end an open `select` or `datalist`. Our choice: the standard lets these hold
# nothing else but options, so that what follows one without an end tag would be lost.
ENDS_SELECT: Final = _names(
    "p h1 h2 h3 h4 h5 h6 table ul ol dl pre blockquote article section main form input textarea"
)

SELECTS: Final = _names("select datalist option")

FOREIGN_ROOTS: Final = _names("svg math")

# Elements that are no boxes of their own, but hold blocks: their end tags end the blocks in them.
HOLDERS: Final = _names("object applet map template math foreignobject")

# What stands between the parts of a formula that has no TeX of its own (our choice: as in TeX or
# in plain text): before the second part, and before the third one.
FORMULA_SIGNS: Final[dict[str, str]] = {
    "mfrac": "/",
    "msup": "^",
    "msub": "_",
    "munder": "_",
    "msubsup": "_^",
    "munderover": "_^",
}

# A page that hides one of these shows it again by a script: the attribute says nothing.
NEVER_HIDDEN: Final = _names("html body main")

INLINE: Final = _names(
    "a abbr acronym b bdi bdo big br button cite code data del dfn em embed font i img input ins"
    " kbd label link mark meta meter nobr output picture q rb rp rt rtc ruby s samp slot small"
    " source span strike strong sub sup time track tt u var wbr html head body title"
    " base col colgroup object applet map template math semantics mrow msqrt mover"
)

_KNOWN: Final = SKIPPED | VEILED | BLOCK_TAGS | VOID | RAW_TEXT | INLINE | INTEGRATION_POINTS

TAGS: Final[tuple[str, ...]] = tuple(sorted(_KNOWN | FORMULA_SIGNS.keys()))
TAG_NUMBER: Final[dict[str, int]] = {name: number for number, name in enumerate(TAGS)}
UNKNOWN_TAG: Final = len(TAGS)
"""Number of every element that is not in `TAGS`; it is inline, as in a browser."""

IS_BLOCK: Final = 1
IS_SKIPPED: Final = 2
IS_VOID: Final = 4
IS_RAW_TEXT: Final = 8
IS_LINK: Final = 16
IS_ENDING_PARAGRAPH: Final = 32
IS_NEVER_HIDDEN: Final = 64
IS_LIST: Final = 128
IS_BREAKING_OUT: Final = 256
IS_INTEGRATION_POINT: Final = 512
IS_FOREIGN_ROOT: Final = 1024
IS_VEILED: Final = 2048
IS_ENDING: Final = 4096
IS_HOLDER: Final = 8192
IS_ENDING_SELECT: Final = 16384
IS_SELECT: Final = 32768

LINK_TAGS: Final = _names("a button")
"""Text that takes the reader elsewhere or does something: counted as link text."""

LIST_TAGS: Final = _names("ul ol menu dir dl")

ENDING_TAGS: Final = _names("a button sup sub q rt")
"""Inline elements at whose end something is done with the text in them, see `raw_ends`."""

HEADING_TAGS: Final = _names("h1 h2 h3 h4 h5 h6")

PREFORMATTED_TAGS: Final = _names("pre listing plaintext")
"""Elements whose white space is part of the text."""


def _tag_flags() -> NDArray[np.uint16]:
    flags = np.zeros(len(TAGS) + 1, np.uint16)
    for names, flag in (
        (BLOCK_TAGS, IS_BLOCK),
        (SKIPPED, IS_SKIPPED),
        (VOID, IS_VOID),
        (RAW_TEXT, IS_RAW_TEXT),
        (LINK_TAGS, IS_LINK),
        (ENDS_PARAGRAPH, IS_ENDING_PARAGRAPH),
        (NEVER_HIDDEN, IS_NEVER_HIDDEN),
        (LIST_TAGS, IS_LIST),
        (BREAKS_OUT, IS_BREAKING_OUT),
        (INTEGRATION_POINTS, IS_INTEGRATION_POINT),
        (FOREIGN_ROOTS, IS_FOREIGN_ROOT),
        (VEILED, IS_VEILED),
        (ENDING_TAGS, IS_ENDING),
        (HOLDERS, IS_HOLDER),
        (ENDS_SELECT, IS_ENDING_SELECT),
        (SELECTS, IS_SELECT),
    ):
        for name in names:
            flags[TAG_NUMBER[name]] |= flag
    return flags


def _tag_margins() -> NDArray[np.uint8]:
    margins = np.zeros(len(TAGS) + 1, np.uint8)
    for name in UNSPACED:
        margins[TAG_NUMBER[name]] = 1
    for name in SPACED:
        margins[TAG_NUMBER[name]] = 2
    return margins


TAG_FLAGS: Final = _tag_flags()
"""Flags of each tag number, an `IS_...` sum."""

TAG_MARGINS: Final = _tag_margins()
"""Line breaks that each tag puts around itself: 0, 1 (a new line) or 2 (an empty line)."""


def tag(name: str) -> int:
    """The number of a tag that stands in `TAGS`."""
    return TAG_NUMBER[name]


def which_tags(*names: str) -> NDArray[np.bool_]:
    """Whether each tag number, `UNKNOWN_TAG` included, is one of these elements."""
    return np.isin(np.arange(len(TAGS) + 1), [tag(name) for name in names])


def as_bytes(word: str) -> NDArray[np.uint8]:
    """A word as an array that compiled code can compare with."""
    return np.frombuffer(word.encode(), np.uint8)
