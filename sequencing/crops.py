"""Which bytes of a document one visit reads: the crop law of the paper's A.1.2.

A crop of C = 15 n bytes starts at s ~ U[-C/4, B - C/4) in a document of B bytes and covers
[max(0, s), min(B, s + C)), so that beginnings are seen often enough and no document is seen in
whole only because it is long. Both ends then move inward to character boundaries.
"""

from __future__ import annotations

from typing import Final

from massivetext.records import stable_hash

CROP_BYTES_PER_TOKEN: Final = 15
"""A.1.2: C = 15 n, for n tokens a sequence; about 3.6 sequences at 4.2 bytes a token."""

_RANDOM_BITS: Final = 64
_LEAD_PART: Final = 4  # A.1.2: crops may start C/4 before the document


def crop_size_bytes(length: int) -> int:
    """Returns C, the largest size of a crop in bytes, for sequences of `length` tokens."""
    return CROP_BYTES_PER_TOKEN * length


def crop_start(size_bytes: int, crop_bytes: int, random_64: int) -> int:
    """Returns floor(s) for s ~ U[-C/4, B - C/4); it may be negative.

    Exact integer arithmetic: the same on every machine, also where 4 does not divide C.

    Args:
        size_bytes: B, the document's size in UTF-8 bytes.
        crop_bytes: C.
        random_64: a uniform integer in [0, 2**64).
    """
    quarters = _LEAD_PART * random_64 * size_bytes - (crop_bytes << _RANDOM_BITS)
    return quarters // (_LEAD_PART << _RANDOM_BITS)


def crop_range(text: bytes | memoryview, crop_bytes: int | None, random_64: int) -> tuple[int, int]:
    """Returns the bytes [start, stop) of a document that a crop holds, whole characters only.

    A crop never contains a cut character: its bytes would each become U+FFFD, three tokens.

    Args:
        text: the document in UTF-8.
        crop_bytes: C; None for whole documents.
        random_64: a uniform integer in [0, 2**64).
    """
    if crop_bytes is None:
        return 0, len(text)
    start = crop_start(len(text), crop_bytes, random_64)
    stop = min(len(text), start + crop_bytes)
    start = max(0, start)
    while start < stop and _is_continuation(text[start]):
        start += 1
    while start < stop < len(text) and _is_continuation(text[stop]):
        stop -= 1
    return start, stop


def crop_random(seed: int, subset: str, document_id: str, visit: int) -> int:
    """Returns the 64 random bits that place a document's crop on one visit."""
    return stable_hash(seed, f"{subset}\0{document_id}\0{visit}", "crop")


def expected_crop_bytes(size_bytes: int, crop_bytes: int | None) -> int:
    """Returns the mean size of a document's crop in bytes, rounded down.

    The integral over s in closed form: a document of at most C/4 bytes is always read in whole; a
    longer one loses what lies before s (s > 0) and what lies after s + C (s < B - C).
    """
    if crop_bytes is None:
        return size_bytes
    lead = crop_bytes // _LEAD_PART
    tail = crop_bytes - lead
    lost = max(0, size_bytes - lead) ** 2 + max(0, size_bytes - tail) ** 2
    return size_bytes - lost // (2 * size_bytes) if size_bytes else 0


def _is_continuation(byte: int) -> bool:
    return byte & 0xC0 == 0x80
