"""Bytes mean what the Encoding Standard's indexes say, where Python's codecs differ too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.charset.decoders import decode, single_byte_table
from massivetext.pipeline.extraction.charset.labels import STANDARD_LABELS

WINDOWS = [f"windows-125{n}" for n in range(9)] + ["windows-874"]


@pytest.mark.parametrize("name", WINDOWS)
def test_holes_of_windows_are_controls_below_a0(name: str) -> None:
    codec = "cp" + name.removeprefix("windows-")
    for byte, character in enumerate(single_byte_table(name)):
        python = bytes([byte]).decode(codec, "replace")
        if python == "\ufffd" and byte < 0xA0:
            python = chr(byte)
        assert character == python or (name, byte) == ("windows-1255", 0xCA)


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"\x81\x8d", "windows-1252", "\x81\x8d"),
        (b"\xae\xbe", "koi8-u", "ўЎ"),
        (b"\xca", "windows-1255", "\u05ba"),
        (b"\xdb\xdc", "windows-874", "\ufffd\ufffd"),
        (b"\xff", "x-mac-cyrillic", "€"),
        (b"\xdb", "macintosh", "€"),
        (b"\x80a\xff", "x-user-defined", "\uf780a\uf7ff"),
        (b"\xa4", "iso-8859-7", "€"),
        (b"\x80 \x81\x30\x81\x30", "gb18030", "€ \x80"),
        (b"\x80", "gbk", "€"),
        (b"\xa3\xe1", "big5", "€"),
        (b"\xad\xa1\xa1\xc1\xf9\xd4", "euc-jp", "①～﨎"),
        (b"\x1b$B-!!A\x1b(B.", "iso-2022-jp", "①～."),
        (b"\x1b(I12\x1b(B", "iso-2022-jp", "ｱｲ"),
        (b"\x87\x40", "shift_jis", "①"),
        (b"\x81\x41", "euc-kr", "갂"),
        (b"<p>\x81<", "euc-kr", "<p>\ufffd<"),
        (b"~{VPND~}", "hz-gb-2312", "中文"),
        (b"", "replacement", ""),
    ],
)
def test_characters_that_codecs_differ_in(data: bytes, name: str, text: str) -> None:
    assert decode(data, name) == text


@given(st.binary(max_size=100), st.sampled_from(sorted(set(STANDARD_LABELS.values()))))
def test_any_bytes_decode(data: bytes, name: str) -> None:
    decode(data, name).encode("utf-8", "replace")
