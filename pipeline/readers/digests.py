"""Digests that an archive states of a record's bytes: whether the bytes still have them.

A mismatch is counted and noted in the document's metadata, and the record is read all the same:
crawlers differ in what they digest, and 12 of 944 digests of sound archives fit nothing. See the
WARC standard (ISO 28500:2017, 5.8 and 5.9) for the two fields.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

_ALGORITHMS: Final[Mapping[str, Callable[..., Any]]] = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
    "sha3256": hashlib.sha3_256,
    "sha3512": hashlib.sha3_512,
    "blake2b": hashlib.blake2b,
    "blake2s": hashlib.blake2s,
}
"""By label, without its hyphens: all that archives were seen to use, and more."""

_DIGEST_BYTES: Final = {
    label: new(usedforsecurity=False).digest_size for label, new in _ALGORITHMS.items()
}

_DIGITS_OF_BASE_32: Final = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[place] if place >= 0 else ord("?")
    for place in (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(bytes([b]).upper()) for b in range(256))
)
"""RFC 4648, section 6, as `int` reads digits; no other byte stands for one."""

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
    new = _ALGORITHMS.get(algorithm)
    expected = _decode(value, _DIGEST_BYTES[algorithm]) if new else None
    if new is None or expected is None:
        return "unknown"
    for content in contents:
        if new(content, usedforsecurity=False).digest() == expected:
            return "fits"
    return "differs"


def _decode(value: str, digest_bytes: int) -> bytes | None:
    """Returns the digest that is written in base 16, 32 or 64, as its length tells."""
    plain = value.strip().rstrip("=")
    try:
        if len(plain) == 2 * digest_bytes:
            return bytes.fromhex(plain)
        if len(plain) == -(-8 * digest_bytes // 5):
            return _from_base_32(plain, digest_bytes)
        if len(plain) == -(-8 * digest_bytes // 6):
            return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_")
    except (ValueError, binascii.Error):
        return None
    return None


def _from_base_32(digits: str, digest_bytes: int) -> bytes:
    """Like `base64.b32decode`, which takes ten times as long, for a length without padding."""
    number = int(digits.encode().translate(_DIGITS_OF_BASE_32), 32)
    return (number >> 5 * len(digits) - 8 * digest_bytes).to_bytes(digest_bytes, "big")
