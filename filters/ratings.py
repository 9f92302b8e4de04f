"""Ratings that sites give themselves, by what they say: words, the RTA label, PICS codes, ages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MOST_CHARACTERS: Final = 4096
"""Our choice: a PICS label with three ratings has 700 characters; what lies behind is not read."""

RTA_LABEL: Final = re.compile(r"rta(?:[\W_]{0,3}(?:5042|1996|1400|1577)){4}(?:[\W_]{0,3}rta)?")
"""Restricted To Adults (rtalabel.org): RTA-5042-1996-1400-1577-RTA, with any or no separators."""

ADULT_AGE: Final = 18
"""Our choice: the age of majority in most countries; labels of 21 are above it."""

_CLAUSES: Final = re.compile(r"[,;/|()\n]|\.(?!\d)|\s-\s")
_NEGATION: Final = re.compile(r"\b(?:no|non|none|not|never|without|isn't|aren't)\b")
_DENIED: Final = re.compile(r"\s*[:=]\s*(?:no|none|false|0)\b")
_EXPLICIT: Final = re.compile(
    r"(?:^|(?<=\W))(?:(?<!young )(?<!new )adults?|mature|restricted|explicit|xxx|nc ?17|nsfw"
    r"|porn|pornograph(?:ic|y)|hardcore|x rated|rated x|r ?18\+?"
    r"|(?:over|above|aged|ages?|only|from) (?:18|21)|\+ ?(?:18|21)"
    r"|(?:18|21)(?: ?\+| plus| years?\b| and (?:over|older|up|above)| or (?:over|older)| only))"
    r"(?=\W|$)"
)
"""`adult` is Google's word, `mature` and `restricted` are the classic values of `rating`, the
others are what film ratings made of it, and ages. Our choice beyond the first."""

_ALONE: Final = re.compile(r"x|(?:(?:fsk|usk|pegi|bbfc|age) )?(?:18|21)")
"""What is a rating only if nothing else is said: in "4.5 x 5" it is none."""

_MINORS: Final = re.compile(
    r"\b(?:no|not|never)\b.*\b(?:minors|(?:under|below|younger than) (?:the age of )?(?:18|21))\b"
)
_FOR_ALL: Final = re.compile(
    r"\b(?:everyone|everybody|general|all (?:ages|audiences)|kids?|child|children|family|families)"
    r"\b"
)
"""Where these are among the readers, "adults" are only some of them."""

RSACI_LEVELS: Final[Mapping[str, int]] = {"n": 3, "s": 3, "v": 4}
"""Least level of RSACi (0 to 4) that counts. Our choice: frontal nudity; sexual acts; wanton
violence. Strong language (l) never counts: the paper leaves words out of this filter."""

ICRA_EXPLICIT: Final = frozenset(("na", "nb", "nc", "nf", "va"))
"""ICRA 2000: genitals (na, nb, nc), explicit sexual acts (nf), sexual violence (va)."""

ICRA_CONTEXT: Final = frozenset(("nr", "ns", "nt"))
"""ICRA 2000: in an artistic, educational or medical context. Our choice: such a page stays."""

SAFESURF_LEVELS: Final[Mapping[str, int]] = {
    "ss~~000": 6,
    "ss~~002": 6,
    "ss~~003": 6,
    "ss~~004": 6,
    "ss~~005": 8,
    "ss~~006": 6,
    "ss~~009": 8,
}
"""Least level of SafeSurf (1 to 9) that counts. Our choice: 6 is "adults" as an age (000) and
"graphic" for sex (002, 003, 006) and nudity (004); violence (005) and other adult themes (009) from
8, "inviting". Profanity (001), intolerance, drugs and gambling never count."""

_PICS_RATING: Final = re.compile(r"\br(?:atings)?\s*\(([^()]*)\)")
_AGE_DE: Final = re.compile(r"\bage\s*[=:]\s*(\d{1,3})\b")
_FIRST_NUMBER: Final = re.compile(r"\d{1,3}")


def holds_rta(value: str) -> bool:
    """Whether a rating holds the RTA label."""
    return RTA_LABEL.search(_folded(value)) is not None


def is_rta(value: str) -> bool:
    """Whether a value is the RTA label and nothing else; a description may quote it."""
    return RTA_LABEL.fullmatch(_folded(value).strip(" \"';.")) is not None


def is_explicit(value: str) -> bool:
    """Whether the words of a rating mean that a page is for adults only.

    Each clause is judged by itself: "Adults only, no one under 18" denies nothing. A rating that
    names children or everybody among its readers is none.
    """
    found = False
    for clause in _CLAUSES.split(_folded(value).replace("-", " ")):
        words = clause.strip(" \"'!:")
        if any(not _is_denied(words, match) for match in _FOR_ALL.finditer(words)):
            return False
        found |= bool(_ALONE.fullmatch(words)) or bool(_MINORS.search(words))
        found |= any(not _is_denied(words, match) for match in _EXPLICIT.finditer(words))
    return found


def _is_denied(clause: str, match: re.Match[str]) -> bool:
    before = clause[: match.start()]
    return bool(_NEGATION.search(before) or _DENIED.match(clause, match.end()))


def _folded(value: str) -> str:
    return " ".join(value[:MOST_CHARACTERS].lower().split())


def is_explicit_pics(value: str) -> bool:
    """Whether any rating of a PICS label `(pics-1.1 "service" ... r (n 4 s 4 ...))` is explicit.

    RSACi's codes have one letter, ICRA's two and SafeSurf's begin with SS, so the service need not
    be looked at.
    """
    return any(_is_explicit_code(rating) for rating in _PICS_RATING.findall(_folded(value)))


def _is_explicit_code(rating: str) -> bool:
    fields = rating.split()
    levels = {
        code: int(level)
        for code, level in zip(fields[::2], fields[1::2], strict=False)
        if level.isascii() and level.isdecimal() and len(level) < 10
    }
    thresholds = {**RSACI_LEVELS, **SAFESURF_LEVELS}
    if any(level >= thresholds.get(code, level + 1) for code, level in levels.items()):
        return True
    stated = {code for code, level in levels.items() if level > 0}
    return bool(stated & ICRA_EXPLICIT) and not stated & ICRA_CONTEXT


def is_adult_age_label(value: str) -> bool:
    """Whether an age-de label (`age=18 hash=... v=1.0 kind=sl protocol=all`) is for adults."""
    found = _AGE_DE.search(_folded(value))
    return found is not None and int(found[1]) >= ADULT_AGE


def is_adult_age(value: str) -> bool:
    """Whether an age, as Open Graph states it (`18+`), is that of adults."""
    found = _FIRST_NUMBER.search(_folded(value))
    return found is not None and int(found[0]) >= ADULT_AGE
