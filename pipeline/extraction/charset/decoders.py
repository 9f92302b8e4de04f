"""What bytes mean in each encoding: Python's codecs, mended where the Encoding Standard differs.

Source: WHATWG, Encoding Standard, sections 9 to 14 and its indexes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from massivetext.pipeline.extraction.charset.labels import REPLACEMENT

NO_CHARACTER: Final = "\ufffd"
"""What stands for bytes that are no character."""

# Name -> Python's codec, where Python knows the encoding under another name or the codec is one of
# a superset of it, as the standard has it.
_CODECS: Final[Mapping[str, str]] = {
    "windows-874": "cp874",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "iso-8859-8-i": "iso8859-8",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "hz-gb-2312": "hz",
}

_UNICODE: Final = ("utf-8", "utf-16le", "utf-16be", "utf-32le", "utf-32be")

_SEVERAL_BYTES: Final = frozenset(
    ("gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "hz-gb-2312", "iso-2022-kr")
)

# Bytes of one character in the standard's index, another in Python's codec.
_OTHER_CHARACTERS: Final[Mapping[str, Mapping[int, str]]] = {
    "koi8-u": {0xAE: "ў", 0xBE: "Ў"},
    "windows-1255": {0xCA: "\u05ba"},
}

_USER_DEFINED: Final = 0xF780
"""The standard, 14.5: bytes from 0x80 on are U+F780 and up."""

_MENDED_ERRORS: Final = 1_000
"""Our choice: text with more characters that Python's codec lacks is damaged, or of another
encoding; mending them costs a call each."""

# Python's table of JIS X 0208 has other dashes and signs than the standard's, which is that of
# Windows.
_WINDOWS_JAPANESE: Final = tuple(zip("〜‖−¢£¬", "～∥－￠￡￢", strict=True))

_ESCAPE: Final = re.compile(rb"\x1b(\$[@B]|\$\([@B]|\([BJI])")
_HIGH_HALF: Final = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in range(256))


def decode(data: bytes, name: str) -> str:
    """Returns the text of bytes in the encoding of a name (`labels`); never raises.

    What is no character becomes U+FFFD. A byte order mark is a character like others. Raises
    `LookupError` for a name that `labels` does not give.
    """
    if name in _UNICODE:
        return data.decode(name, "replace")
    if name == REPLACEMENT:
        return NO_CHARACTER if data else ""
    if name == "iso-2022-jp":
        return _decode_several(_as_euc_jp(data), "euc-jp")
    if name in _SEVERAL_BYTES:
        return _decode_several(data, name)
    return codecs.charmap_decode(data, "strict", cast(Any, single_byte_table(name)))[0]


@lru_cache(maxsize=64)
def single_byte_table(name: str) -> str:
    """Returns the 256 characters of an encoding of single bytes.

    As in the standard's indexes, the bytes of Windows' code pages that stand for no character are
    controls below 0xA0, and U+FFFD from there on.
    """
    if name == "x-user-defined":
        return "".join(chr(b if b < 0x80 else _USER_DEFINED + b - 0x80) for b in range(256))
    codec = _CODECS.get(name, name)
    characters = [bytes([byte]).decode(codec, "replace") for byte in range(256)]
    for byte in range(0x80, 0xA0):
        if characters[byte] == NO_CHARACTER:
            characters[byte] = chr(byte)
    for byte, character in _OTHER_CHARACTERS.get(name, {}).items():
        characters[byte] = character
    return "".join(characters)


def _decode_several(data: bytes, name: str) -> str:
    """Returns the text of bytes in an encoding of one or several bytes a character."""
    codec = _CODECS.get(name, name)
    text = data.decode(codec, "replace")
    mend = _MENDERS.get(name)
    if mend and 0 < text.count(NO_CHARACTER) <= _MENDED_ERRORS:
        text = data.decode(codec, mend)
    if name == "euc-jp":
        for python, windows in _WINDOWS_JAPANESE:
            text = text.replace(python, windows)
    return text


def _as_euc_jp(data: bytes) -> bytes:
    """Returns ISO-2022-JP as EUC-JP: escapes gone, two-byte characters in the upper half."""
    parts = _ESCAPE.split(data)
    found = [parts[0]]
    for escape, text in zip(parts[1::2], parts[2::2], strict=True):
        if escape.startswith(b"$"):
            found.append(text.translate(_HIGH_HALF))
        elif escape == b"(I":
            found.append(b"".join(b"\x8e%c" % (byte | 0x80) for byte in text))
        else:
            found.append(text)
    return b"".join(found)


def _of_windows_japanese(pair: bytes) -> str:
    """A character of EUC-JP by its place in Shift_JIS, whose codec knows Windows' rows."""
    row, cell = pair[0] - 0xA1, pair[1] - 0xA1
    if row < 0 or not 0 <= cell < 94:
        return ""
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + (0x40 if cell < 63 else 0x41)
    return _one_character(bytes([lead, trail]), "cp932")


def _of_big5(pair: bytes) -> str:
    """A character of Windows' code page 950, among them the euro sign."""
    return _one_character(pair, "cp950")


def _one_character(pair: bytes, codec: str) -> str:
    try:
        return pair.decode(codec)
    except UnicodeDecodeError:
        return ""


def _of_gbk(pair: bytes) -> str:
    """The euro sign of Windows' code page 936."""
    return "€" if pair[0] == 0x80 else ""


def _mender(read_pair: Callable[[bytes], str], size: int) -> Callable[[Any], tuple[str, int]]:
    """Returns an error handler that reads `size` bytes in another way, U+FFFD for the rest."""

    def mend(error: Any) -> tuple[str, int]:
        pair = error.object[error.start : error.start + size]
        character = read_pair(pair) if len(pair) == size else ""
        return (character, error.start + size) if character else (NO_CHARACTER, error.end)

    return mend


_MENDERS: Final[Mapping[str, str]] = {
    name: f"massivetext.{name}" for name in ("gbk", "gb18030", "big5", "euc-jp")
}
codecs.register_error(_MENDERS["gbk"], _mender(_of_gbk, 1))
codecs.register_error(_MENDERS["gb18030"], _mender(_of_gbk, 1))
codecs.register_error(_MENDERS["big5"], _mender(_of_big5, 2))
codecs.register_error(_MENDERS["euc-jp"], _mender(_of_windows_japanese, 2))
