"""What a page's markup says beside its text: labels, structured data, links to listed hosts.

One reading serves SafeSearch and opt-outs. Most pages hold nothing of it, which a fast pass over
their bytes tells (`filters.candidate_kernel`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.filters.host_table import HostTable
from massivetext.filters.label_names import HAS_DENIAL, HAS_LABEL, HAS_LISTED

_BETWEEN_WORDS: Final = re.compile(r"[\s_-]+")
_NAMING: Final = ("name", "http-equiv", "property", "itemprop")
_ZEROS_WITHIN: Final = 512
_NO_HOSTS: Final = HostTable()


@dataclass(frozen=True)
class Label:
    """A `meta` element.

    Attributes:
        names: what it is about, in lower case, words joined by dashes.
        content: what it says.
    """

    names: frozenset[str]
    content: str


class Markup(NamedTuple):
    """What was found in a page.

    Attributes:
        page: its bytes.
        labels: `meta` elements of the head that are about one of LABEL_NAMES, or opt out.
        may_deny: whether it may be denied somewhere that something isFamilyFriendly.
        may_lead_to_listed: whether a link may lead to a listed host.
        encoded: start and stop of the authority of the only link, of those that may, whose host
            has to be decoded first; equal without one.
    """

    page: bytes
    labels: tuple[Label, ...] = ()
    may_deny: bool = False
    may_lead_to_listed: bool = False
    encoded: tuple[int, int] = (0, 0)


def read_markup(page: bytes, listed: HostTable = _NO_HOSTS) -> Markup:
    """Returns what a page's markup says.

    Args:
        page: the HTML, in any encoding that holds ASCII as ASCII, or in UTF-16.
        listed: hosts to which links are looked for. More is taken for a link than a browser would
            see: also what stands in comments and scripts. `links_of` finds those alone, at the
            cost of another pass.
    """
    page = _without_zeros(page)
    found, start, stop = _find_candidates()(page, listed.hashes, listed.starts)
    if not found and not stop:
        return Markup(page)
    labels = _labels(page) if found & HAS_LABEL else ()
    may_lead = bool(found & HAS_LISTED)
    return Markup(
        page,
        labels,
        bool(found & HAS_DENIAL),
        may_lead or stop > 0,
        (0, 0) if may_lead else (start, stop),
    )


@lru_cache(maxsize=1)
def _find_candidates() -> Callable[..., tuple[int, int, int]]:
    """Returns the kernel; an import statement for each page would take longer than small ones."""
    from massivetext.filters.candidate_kernel import find_candidates

    compiled: Callable[..., tuple[int, int, int]] = find_candidates
    return compiled


def links_of(markup: Markup) -> NDArray[np.int64]:
    """Returns start and stop of the authorities of a page's absolute links, int64[links, 2]."""
    from massivetext.filters.markup_kernel import read_links

    links: NDArray[np.int64] = read_links(np.frombuffer(markup.page, np.uint8))
    return links


def _without_zeros(page: bytes) -> bytes:
    """Returns a page of UTF-16 in a form in which its ASCII is ASCII: labels are."""
    return page.replace(b"\0", b"") if b"\0" in page[:_ZEROS_WITHIN] else page


def _labels(page: bytes) -> tuple[Label, ...]:
    """Returns the labels of a page's head."""
    from massivetext.filters.markup_kernel import read_labels

    rows = read_labels(np.frombuffer(page, np.uint8))
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
