"""Labels by which a site says of itself that a page is not for everyone.

Read in the HTTP headers and in the page: `rating` in all its spellings (Google's SafeSearch
guidelines name `adult` and the RTA label), PICS ratings (RSACi, ICRA, SafeSurf), age labels
(age-de, Open Graph), schema.org's isFamilyFriendly of the page itself. Only what a browser would
take for a label counts: not a comment, not a string in a script. No word of the text is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from massivetext.filters.family_friendly import is_not_family_friendly
from massivetext.filters.label_names import (
    AGE_DE_NAME,
    AGE_NAME,
    CONTENT_NAME,
    PICS_NAME,
    RATING_NAMES,
)
from massivetext.filters.markup import Label, Markup, contents, read_markup
from massivetext.filters.ratings import (
    holds_rta,
    is_adult_age,
    is_adult_age_label,
    is_explicit,
    is_explicit_pics,
    is_rta,
)


class SelfLabel(StrEnum):
    """The kinds of labels, as reports name them."""

    RATING = "label_rating"
    RTA = "label_rta"
    PICS = "label_pics"
    AGE = "label_age"
    FAMILY = "label_not_family_friendly"


_AGE_HEADERS: Final = (AGE_DE_NAME, f"x-{AGE_DE_NAME}")
_LABEL_HEADERS: Final = frozenset((*RATING_NAMES, PICS_NAME, *_AGE_HEADERS))
_ALCOHOL: Final = "alcohol"
"""The one content that Open Graph restricts by age; it is not explicit."""


def self_labels(page: bytes, headers: Mapping[str, str]) -> set[SelfLabel]:
    """Returns the kinds of labels by which a page calls itself explicit.

    Args:
        page: the HTML, in any encoding that holds ASCII as ASCII, or in UTF-16.
        headers: HTTP response headers with lower-case names.
    """
    return labels_of(read_markup(page), headers)


def labels_of(markup: Markup, headers: Mapping[str, str]) -> set[SelfLabel]:
    """Returns the same of a page whose markup was read."""
    is_rated = not _LABEL_HEADERS.isdisjoint(headers)
    found = set(_labels_in_headers(headers)) if is_rated else set()
    if markup.labels:
        found.update(_labels_in_head(markup.labels))
    if markup.may_deny and is_not_family_friendly(markup.page):
        found.add(SelfLabel.FAMILY)
    return found


def _labels_in_headers(headers: Mapping[str, str]) -> Iterator[SelfLabel]:
    yield from _rated(headers[name] for name in RATING_NAMES if name in headers)
    if PICS_NAME in headers and is_explicit_pics(headers[PICS_NAME]):
        yield SelfLabel.PICS
    if any(is_adult_age_label(headers.get(name, "")) for name in _AGE_HEADERS):
        yield SelfLabel.AGE


def _labels_in_head(labels: Sequence[Label]) -> Iterator[SelfLabel]:
    yield from _rated(contents(labels, *RATING_NAMES))
    if any(is_rta(label.content) for label in labels):
        yield SelfLabel.RTA
    if any(map(is_explicit_pics, contents(labels, PICS_NAME))):
        yield SelfLabel.PICS
    if any(map(is_adult_age_label, contents(labels, AGE_DE_NAME))):
        yield SelfLabel.AGE
    for_alcohol = any(_ALCOHOL in content.lower() for content in contents(labels, CONTENT_NAME))
    if not for_alcohol and any(map(is_adult_age, contents(labels, AGE_NAME))):
        yield SelfLabel.AGE


def _rated(values: Iterable[str]) -> Iterator[SelfLabel]:
    for value in values:
        if holds_rta(value):
            yield SelfLabel.RTA
        elif is_explicit(value):
            yield SelfLabel.RATING
