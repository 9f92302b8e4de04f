"""What `meta` elements and HTTP headers are called that SafeSearch and opt-outs read.

In lower case, with one dash between words: `joined_words` of `filters.markup` brings the spellings
of pages into this form.
"""

from __future__ import annotations

from typing import Final

RATING_NAMES: Final = ("content-rating", "rating", "voluntary-content-rating")
"""Names of free ratings; Google's SafeSearch guidelines name `rating`."""

PICS_NAME: Final = "pics-label"
"""W3C, PICS Label Distribution (1996): `meta http-equiv` and HTTP header."""

AGE_DE_NAME: Final = "age-de-meta-label"
"""The label of the German youth protection programs (age-de.de)."""

AGE_NAME: Final = "og:restrictions:age"
CONTENT_NAME: Final = "og:restrictions:content"
"""Open Graph's restrictions, as Facebook's sharing guide has them."""

RESERVATION_NAME: Final = "tdm-reservation"
POLICY_NAME: Final = "tdm-policy"
"""W3C community group, TDM Reservation Protocol (2024): `meta` and HTTP header."""

LABEL_NAMES: Final = (
    *RATING_NAMES,
    *(PICS_NAME, AGE_DE_NAME, AGE_NAME, CONTENT_NAME, RESERVATION_NAME, POLICY_NAME),
)
"""What a `meta` may be about to be read, whatever it says."""

ROBOT_NAMES: Final = ("robots", "googlebot", "bingbot", "gptbot", "ccbot", "google-extended")
"""Whom a `meta` with directives may address; read only if it holds one of those below. Our choice:
all robots, and those of search engines and trainers."""

ROBOTS_DIRECTIVES: Final = ("noai", "noimageai", "noml")
"""Directives against training: DeviantArt (2022) proposed the first two, Mojeek (2023) the third.
"""

ROBOTS_HEADER: Final = "x-robots-tag"

HAS_LABEL: Final = 1
HAS_DENIAL: Final = 2
HAS_LISTED: Final = 4
"""What a page may hold, as bits: one of these labels; a denial of isFamilyFriendly; a link to a
listed host."""
