"""A verdict on how explicit a page is, as a column of the input states it (`fields.safesearch`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

EXPLICIT_WORDS: Final = frozenset(("adult", "explicit", "nsfw", "porn", "unsafe"))
"""Labels of classifiers that mean explicit content."""

_SAFE_WORDS: Final = frozenset(("safe", "sfw", "clean", "general", "neutral", "none", "normal"))

_WORDS: Final[Mapping[str, float]] = {
    **dict.fromkeys(sorted(EXPLICIT_WORDS), 1.0),
    **dict.fromkeys(sorted(_SAFE_WORDS), 0.0),
    "true": 1.0,
    "yes": 1.0,
    "false": 0.0,
    "no": 0.0,
    "very_unlikely": 0.0,
    "unlikely": 0.25,
    "possible": 0.5,
    "likely": 0.75,
    "very_likely": 1.0,
}
"""Our choice; the last five are the likelihoods of Google's Vision API, a quarter apart."""


def stated_score(value: object) -> float | None:
    """Returns how explicit a value says that a page is, in [0, 1]; None if it says nothing.

    Args:
        value: a number in [0, 1], a boolean, one of the words above, or None or "".

    Raises:
        ValueError: for anything else; the message says what was found and what was expected.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return float(value)
    score = _number(value)
    if score is not None and 0 <= score <= 1:
        return score
    raise ValueError(
        f"{str(value)[:40]!r}; expected a number from 0 to 1 (1: explicit), true or false, or one "
        f"of {', '.join(_WORDS)}"
    )


def _number(value: object) -> float | None:
    if isinstance(value, str):
        word = "_".join(value.lower().split())
        if word in _WORDS:
            return _WORDS[word]
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever a column holds
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
