"""What a page's markup says beside its text: labels, structured data, links.

One reading serves SafeSearch and opt-outs. Most pages hold nothing of it, which a fast pass over
their bytes tells (`filters.markup_kernel`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.filters.label_names import LABEL_NAMES

_BETWEEN_WORDS: Final = re.compile(r"[\s_-]+")
_NAMING: Final = ("name", "http-equiv", "property", "itemprop")
_ZEROS_WITHIN: Final = 512
_NO_PAIRS: Final = np.empty((0, 2), np.int64)


@dataclass(frozen=True)
class Label:
    """A `meta` element.

    Attributes:
        names: what it is about, in lower case, words joined by dashes.
        content: what it says.
    """

    names: frozenset[str]
    content: str


@dataclass(frozen=True, eq=False)
class Markup:
    """What was found in a page.

    Attributes:
        page: its bytes.
        labels: `meta` elements of the head that are about one of LABEL_NAMES, or opt out.
        json_ld: start and stop of the JSON-LD in it (int64[scripts, 2]).
        has_items: whether a property isFamilyFriendly may be stated somewhere.
        links: start and stop of the authorities of absolute links (int64[links, 2]).
        are_links_exact: whether links in comments and scripts are left out.
    """

    page: bytes
    labels: tuple[Label, ...] = ()
    json_ld: NDArray[np.int64] = field(default_factory=lambda: _NO_PAIRS)
    has_items: bool = False
    links: NDArray[np.int64] = field(default_factory=lambda: _NO_PAIRS)
    are_links_exact: bool = False


def read_markup(page: bytes, wants_links: bool = False) -> Markup:
    """Returns what a page's markup says.

    Args:
        page: the HTML, in any encoding that holds ASCII as ASCII, or in UTF-16.
        wants_links: whether links are to be found. They are more than a browser would see, unless
            `are_links_exact`; `exact_links` finds those alone, at the cost of another pass.
    """
    from massivetext.filters.markup_kernel import HAS_FAMILY, find_candidates, read_tags

    page = _without_zeros(page)
    array = np.frombuffer(page, np.uint8)
    found, links = find_candidates(array, _label_hashes(), wants_links)
    if not found:
        return Markup(page, links=links)
    rows, scripts, links = read_tags(array, _label_hashes(), wants_links)
    return Markup(page, _labels(page, rows), scripts, bool(found & HAS_FAMILY), links, True)


def exact_links(markup: Markup) -> NDArray[np.int64]:
    """Returns the links of a page outside of comments, scripts and the like."""
    from massivetext.filters.markup_kernel import read_tags

    if markup.are_links_exact:
        return markup.links
    links: NDArray[np.int64] = read_tags(
        np.frombuffer(markup.page, np.uint8), _label_hashes(), True
    )[2]
    return links


def _without_zeros(page: bytes) -> bytes:
    """Returns a page of UTF-16 in a form in which its ASCII is ASCII: labels are."""
    return page.replace(b"\0", b"") if b"\0" in page[:_ZEROS_WITHIN] else page


@lru_cache(maxsize=1)
def _label_hashes() -> NDArray[np.uint64]:
    from massivetext.filters.tag_kernel import name_hashes

    return np.array(name_hashes(*LABEL_NAMES), np.uint64)


def _labels(page: bytes, rows: NDArray[np.int64]) -> tuple[Label, ...]:
    """Returns labels from the attributes of their tags, `markup_kernel.read_tags`'s first array."""
    tags: dict[int, dict[str, str]] = {}
    for tag, name, name_stop, value, value_stop in rows.tolist():
        attributes = tags.setdefault(tag, {})
        # The first of a name counts, as in browsers.
        attributes.setdefault(
            text_of(page[name:name_stop]).lower(), text_of(page[value:value_stop])
        )
    return tuple(map(_label, tags.values()))


def _label(attributes: Mapping[str, str]) -> Label:
    names = frozenset(joined_words(attributes[key]) for key in _NAMING if key in attributes)
    return Label(names, attributes.get("content", attributes.get("value", "")))


def text_of(value: bytes) -> str:
    """Returns the text of a value: references resolved, without white space at its ends."""
    return html.unescape(value.decode(errors="replace")).strip()


def joined_words(text: str) -> str:
    """Returns words in lower case with dashes between them."""
    return _BETWEEN_WORDS.sub("-", text.lower()).strip("-")


def contents(labels: Sequence[Label], *names: str) -> list[str]:
    """Returns what the labels of these names say."""
    return [label.content for label in labels if not label.names.isdisjoint(names)]
