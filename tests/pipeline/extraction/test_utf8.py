"""Whether bytes are UTF-8, against Python's own decoder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.utf8 import is_utf8


def is_valid(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check(text: bytes) -> None:
    assert is_utf8(np.frombuffer(text, np.uint8)) == is_valid(text), text


@given(st.lists(st.sampled_from([b"a" * 40, b"<", "é".encode(), "漢".encode(), "😀".encode()])))
def test_valid_text_of_any_length(pieces: list[bytes]) -> None:
    check(b"".join(pieces))


@given(st.text(max_size=80), st.binary(max_size=4), st.integers(0, 80))
def test_bytes_put_anywhere(text: str, inserted: bytes, place: int) -> None:
    encoded = text.encode("utf-8", "surrogatepass")
    check(encoded[:place] + inserted + encoded[place:])


@pytest.mark.parametrize("padding", [0, 30, 31, 32, 33])
def test_every_lead_with_every_second_byte(padding: int) -> None:
    for lead in range(0x80, 0x100):
        for second in range(0x70, 0xD0):
            for rest in (b"", b"\x80", b"\xbf\x80", b"\x80\xc0"):
                check(b"a" * padding + bytes([lead, second]) + rest)
