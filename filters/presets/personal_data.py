"""Masks personal data in texts: e-mail and IP addresses, telephone and card numbers.

Rules of form only, as a text has nothing else: some numbers that look like these are none, and
names and postal addresses stay. The masks are those of Dolma (Soldaini et al. 2024, arXiv
2402.00159) and one of their kind. docs/own-steps.md has precision and recall on hand-made text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa

_DIGITS: Final = re.compile(r"\D")

_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}"
    r"[A-Za-z]{2,24}(?![\w-])"
)
"""RFC 5321: at most 64 characters before the @, labels of at most 63; quoted names are too rare."""

_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IP: Final = re.compile(
    rf"(?<![\w.:-])(?:(?:{_OCTET}\.){{3}}{_OCTET}(?![\w-]|\.\w)|[0-9A-Fa-f:]{{2,39}}(?![\w.:]))"
)
"""Candidates; `ipaddress` says whether they are addresses (RFC 791, RFC 4291)."""

_VERSION: Final = re.compile(r"(?i)\b(?:version|release|build|section|v)\.? ?$")
"""Our choice: behind these words four numbers are no address."""

_CARD: Final = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
"""13 to 19 digits (ISO/IEC 7812-1), in groups or not."""

_ISSUERS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners Club
    r"|(?:6011|65\d{2}|64[4-9]\d)\d{12,15}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}"  # UnionPay
)
"""The first digits and lengths of issuers, as they publish them."""

_BETWEEN: Final = r"[ .\-/\u00a0\u2011]"
_PHONE: Final = re.compile(
    rf"""(?<![\w+.,:/$€£%-])(?<!\d\ )(?:
    (?:\+|00)\ ?[1-9]\d{{0,2}}(?:{_BETWEEN}?(?:\(\d{{1,4}}\)|\d{{1,9}})){{1,6}}
    |(?:\([2-9]\d\d\)\ ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{{4}}
    |\(0\d{{1,5}}\)\ ?\d{{2,8}}(?:[ -]\d{{2,8}}){{0,3}}
    |0\d{{1,4}}[ /-]\d{{2,9}}(?:[ -]\d{{2,6}}){{0,3}}
    |0[1-9](?:[.-]\d\d){{4}}
    |\([1-9]\d\)\ ?9?\d{{4}}-\d{{4}}
    |[679]\d\d\ \d{{3}}\ \d{{3}}
    |[6-9]\d{{4}}\ \d{{5}}
    |1[3-9]\d[ -]\d{{4}}[ -]\d{{4}}
    |3\d\d\ \d{{3}}\ \d{{3,4}}
    )(?!\w|[.,:/\ -]\d|\ ?[%€£$])""",
    re.VERBOSE,
)
"""Ways to write numbers: international (E.164), North America, area codes in brackets, trunk prefix
0 (Great Britain, Germany, Italy, the Netherlands, Sweden, Japan, Australia), France, Brazil, Spain,
India, China, Italian mobiles. Wikipedia, National conventions for writing telephone numbers."""

_NO_PHONE: Final = re.compile(r"(?i)\b(?:iss|isb|ism)n:? ?$")
"""Our choice: behind these words a number has another meaning."""

_DATE: Final = re.compile(r"(?:0?[1-9]|[12]\d|3[01])[-/. ](?:0?[1-9]|[12]\d|3[01])[-/. ][12]\d{3}")
"""Day and month, in either order, and a year."""

_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""RFC 4291: all that is given out of IPv6; other texts with colons look like the rest."""

_LEAST_DIGITS, _MOST_DIGITS = 8, 15
"""E.164: at most 15; our choice: shorter ones than 8 are too often something else."""


def mask(texts: pa.Array, *, kinds: Sequence[str]) -> pa.Array:
    """Returns texts with masks for personal data.

    Args:
        texts: of documents.
        kinds: of `email`, `ip`, `card` and `phone`; searched in this order, whatever theirs.

    Raises:
        ValueError: for another kind.
    """
    unknown = [kind for kind in kinds if kind not in _MASKS]
    if unknown:
        raise ValueError(f"kinds has {unknown[0]!r}; expected {', '.join(_MASKS)}")
    asked = [_MASKS[kind] for kind in _MASKS if kind in kinds]
    return pa.array([_masked(text, asked) for text in texts.to_pylist()], pa.large_string())


_Mask = tuple[re.Pattern[str], Callable[[re.Match[str]], bool], str]
"""Candidates, which of them are meant, and what they become."""


def _masked(text: str, masks: Sequence[_Mask]) -> str:
    for pattern, is_meant, mark in masks:
        text = pattern.sub(lambda m, is_=is_meant, to=mark: to if is_(m) else m[0], text)  # type: ignore[misc]
    return text


def _is_email(found: re.Match[str]) -> bool:
    return not found[0].startswith(".") and ".@" not in found[0] and ".." not in found[0]


def _is_address(found: re.Match[str]) -> bool:
    """Whether it is an address that others on the internet can reach: others tell of nobody."""
    if _VERSION.search(found.string, max(0, found.start() - 12), found.start()):
        return False
    try:
        address = ipaddress.ip_address(found[0])
        return address.is_global and (address.version == 4 or address in _UNICAST)
    except ValueError:
        return False


def _is_card(found: re.Match[str]) -> bool:
    digits = _DIGITS.sub("", found[0])
    return _ISSUERS.fullmatch(digits) is not None and has_check_digit(digits)


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is that of Luhn's formula (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0


def _is_phone(found: re.Match[str]) -> bool:
    if _NO_PHONE.search(found.string, max(0, found.start() - 12), found.start()):
        return False
    if _DATE.fullmatch(found[0]):
        return False
    return _LEAST_DIGITS <= len(_DIGITS.sub("", found[0])) <= _MOST_DIGITS


_MASKS: Final[dict[str, _Mask]] = {
    "email": (_EMAIL, _is_email, "|||EMAIL_ADDRESS|||"),
    "ip": (_IP, _is_address, "|||IP_ADDRESS|||"),
    "card": (_CARD, _is_card, "|||CARD_NUMBER|||"),
    "phone": (_PHONE, _is_phone, "|||PHONE_NUMBER|||"),
}
