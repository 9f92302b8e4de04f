"""Digests that an archive states of a record's bytes: whether the bytes still have them.

A mismatch is counted and noted in the document's metadata, and the record is read all the same:
crawlers differ in what they digest, and 12 of 944 digests of sound archives fit nothing. See the
WARC standard (ISO 28500:2017, 5.8 and 5.9) for the two fields.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Final, Literal

ALGORITHMS: Final = frozenset(
    (
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha3256",
        "sha3512",
        "blake2b",
        "blake2s",
    )
)
"""Labels that are known, without their hyphens: all that archives were seen to use, and more."""

_HASHLIB_NAMES: Final = {"sha3256": "sha3_256", "sha3512": "sha3_512"}

Outcome = Literal["fits", "differs", "unknown"]


def check_digest(stated: str, contents: Iterable[bytes | memoryview]) -> Outcome:
    """Returns whether one of the contents has the digest.

    Args:
        stated: `algorithm:value`; the value in base 16, 32 or 64.
        contents: what may have been digested, the likeliest first; none is asked for beyond the
            first that fits.

    Returns:
        fits; differs; or unknown, if the algorithm is, or the value has no length of its.
    """
    label, _, value = stated.strip().partition(":")
    algorithm = label.lower().replace("-", "").replace("_", "")
    if algorithm not in ALGORITHMS:
        return "unknown"
    name = _HASHLIB_NAMES.get(algorithm, algorithm)
    expected = _decode(value, hashlib.new(name, usedforsecurity=False).digest_size)
    if expected is None:
        return "unknown"
    for content in contents:
        if hashlib.new(name, content, usedforsecurity=False).digest() == expected:
            return "fits"
    return "differs"


def _decode(value: str, digest_bytes: int) -> bytes | None:
    """Returns the digest that is written in base 16, 32 or 64, as its length tells."""
    plain = value.strip().rstrip("=")
    try:
        if len(plain) == 2 * digest_bytes:
            return bytes.fromhex(plain)
        if len(plain) == -(-8 * digest_bytes // 5):
            return base64.b32decode(plain.upper() + "=" * (-len(plain) % 8))
        if len(plain) == -(-8 * digest_bytes // 6):
            return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_")
    except (ValueError, binascii.Error):
        return None
    return None
