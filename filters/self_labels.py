"""Labels by which a site says of itself that a page is not for everyone.

Read in the HTTP headers and in the page: `rating` in all its spellings (Google's SafeSearch
guidelines name `adult` and the RTA label), PICS ratings (RSACi, ICRA), schema.org's
isFamilyFriendly. Only what a browser would take for a label counts: not a comment, not a string
in a script. No word of the text is looked at.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final


class SelfLabel(StrEnum):
    """The kinds of labels, as reports name them."""

    RATING = "label_rating"
    RTA = "label_rta"
    PICS = "label_pics"
    FAMILY = "label_not_family_friendly"


RTA_LABEL: Final = "rta-5042-1996-1400-1577-rta"
"""Restricted To Adults: one fixed string, in a rating label or wherever a meta element has it."""

RATING_NAMES: Final = frozenset(
    ("rating", "content rating", "content-rating", "voluntary content rating")
)

EXPLICIT_RATINGS: Final = frozenset(
    ("adult", "adults", "mature", "restricted", "explicit", "xxx", "x", "nc-17", "nc17", "18+")
)
"""`adult` is Google's, `mature` and `restricted` are the classic values of `rating`, the others
are what film ratings made of it. Our choice beyond the first."""

_NEGATIONS: Final = frozenset(("no", "non", "none", "not", "without"))

RSACI_LEVELS: Final[Mapping[str, int]] = {"n": 3, "s": 3, "v": 4}
"""Least level of RSACi (0 to 4) that counts. Our choice: frontal nudity; sexual acts; wanton
violence. Strong language (l) never counts: the paper leaves words out of this filter."""

ICRA_EXPLICIT: Final = frozenset(("na", "nb", "nc", "nf", "va"))
"""ICRA 2000: genitals (na, nb, nc), explicit sexual acts (nf), sexual violence (va)."""

ICRA_CONTEXT: Final = frozenset(("nr", "ns", "nt"))
"""ICRA 2000: in an artistic, educational or medical context. Our choice: such a page stays."""

_META: Final = re.compile(rb"<meta\b((?:[^>\"']++|\"[^\"]*\"|'[^']*')*+)")
_ATTRIBUTE: Final = re.compile(
    r"([a-z][a-z:_-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)
_UNSEEN: Final = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|noscript|template|textarea)\b.*?(?:</\1|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_FAMILY_IN_JSON: Final = re.compile(
    rb"[\"']isfamilyfriendly[\"']\s*:\s*[\"']?(?:false|no|0|https?://schema\.org/false)\b"
)
_JSON_LD: Final = re.compile(
    rb"<script\b[^>]*application/ld\+json[^>]*>(.*?)(?:</script|\Z)", re.DOTALL
)
_META_OR_LINK: Final = re.compile(rb"<(?:meta|link)\b((?:[^>\"']++|\"[^\"]*\"|'[^']*')*+)")
_PICS_RATING: Final = re.compile(r"\br(?:atings)?\s*\(([^()]*)\)", re.IGNORECASE)
_HTML_LABEL_BYTES: Final = (b"rating", b"pics", b"rta-5042")
_FALSE: Final = frozenset(
    ("false", "no", "0", "http://schema.org/false", "https://schema.org/false")
)


def self_labels(page: bytes, headers: Mapping[str, str]) -> set[SelfLabel]:
    """Returns the kinds of labels by which a page calls itself explicit.

    Args:
        page: the HTML, in any encoding that holds ASCII as ASCII.
        headers: HTTP response headers with lower-case names.
    """
    found = set(_rating_labels(headers.get("rating", "")))
    found.update(_pics_labels(headers.get("pics-label", "")))
    folded = page.lower()
    found.update(_labels_in_head(folded))
    if b"isfamilyfriendly" in folded and _is_not_family_friendly(folded):
        found.add(SelfLabel.FAMILY)
    return found


def _labels_in_head(folded: bytes) -> Iterator[SelfLabel]:
    head = folded[: _head_end(folded)]
    if not _is_candidate(head) or not any(_is_candidate(m[1]) for m in _META.finditer(head)):
        return
    for meta in _META.finditer(_UNSEEN.sub(b"", head)):
        if _is_candidate(meta[1]):
            yield from _labels_of_meta(_attributes(meta[1]))


def _head_end(folded: bytes) -> int:
    for tag in (b"</head", b"<body"):
        end = folded.find(tag)
        if end >= 0:
            return end
    return len(folded)


def _is_candidate(attributes: bytes) -> bool:
    return any(label in attributes for label in _HTML_LABEL_BYTES)


def _attributes(attributes: bytes) -> dict[str, str]:
    """Returns the attributes of an element; the first of a name counts, as in browsers."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(attributes.decode("latin-1")):
        found.setdefault(name, html.unescape(double or single or bare).strip())
    return found


def _labels_of_meta(attributes: Mapping[str, str]) -> Iterator[SelfLabel]:
    names = {
        " ".join(attributes[key].split())
        for key in ("name", "http-equiv", "property", "itemprop")
        if key in attributes
    }
    content = attributes.get("content", attributes.get("value", ""))
    if RTA_LABEL in content:
        yield SelfLabel.RTA
    elif names & RATING_NAMES:
        yield from _rating_labels(content)
    if "pics-label" in names:
        yield from _pics_labels(content)


def _rating_labels(value: str) -> Iterator[SelfLabel]:
    value = value.lower()
    if RTA_LABEL in value:
        yield SelfLabel.RTA
        return
    words = set(re.split(r"[\s,;/|]+", value))
    if words & EXPLICIT_RATINGS and not words & _NEGATIONS:
        yield SelfLabel.RATING


def _pics_labels(value: str) -> Iterator[SelfLabel]:
    """Yields a label if any rating of a PICS label `(pics-1.1 "service" ... r (n 4 s 4 ...))` is.

    RSACi's codes have one letter and ICRA's two, so the service need not be looked at.
    """
    for rating in _PICS_RATING.findall(value):
        fields = rating.lower().split()
        levels = {
            code: int(level)
            for code, level in zip(fields[::2], fields[1::2], strict=False)
            if level.isdecimal()
        }
        explicit = {code for code in ICRA_EXPLICIT if levels.get(code, 0) > 0}
        context = {code for code in ICRA_CONTEXT if levels.get(code, 0) > 0}
        strong = {code for code, least in RSACI_LEVELS.items() if levels.get(code, 0) >= least}
        if strong or (explicit and not context):
            yield SelfLabel.PICS
            return


def _is_not_family_friendly(folded: bytes) -> bool:
    if any(_FAMILY_IN_JSON.search(script) for script in _JSON_LD.findall(folded)):
        return True
    for element in _META_OR_LINK.finditer(_UNSEEN.sub(b"", folded)):
        attributes = _attributes(element[1])
        value = attributes.get("content", attributes.get("href", ""))
        if attributes.get("itemprop") == "isfamilyfriendly" and value in _FALSE:
            return True
    return False
