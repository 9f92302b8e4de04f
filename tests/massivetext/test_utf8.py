"""UTF-8 in kernels, against Python's own codec."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.kernels import kernel
from massivetext.utf8 import (
    character_at,
    character_size,
    count_utf8,
    is_continuation,
    is_utf8,
    put_character,
)

EVERY_CHARACTER = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)


@kernel("int64(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1])")
def read_characters(text, code_points, sizes):
    i = count = 0
    while i < len(text):
        code_points[count], sizes[count] = character_at(text, i)
        i += character_size(text[i])
        count += 1
    return count


@kernel("int64(int64[::1], uint8[::1])")
def write_characters(code_points, text):
    i = 0
    for code_point in code_points:
        i = put_character(code_point, text, i)
    return i


@kernel("boolean(uint8)")
def compiled_is_continuation(byte):
    return is_continuation(byte)


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


def test_every_character_is_read_and_written() -> None:
    encoded = np.frombuffer(EVERY_CHARACTER.encode(), np.uint8)
    expected = np.array(list(map(ord, EVERY_CHARACTER)))
    code_points, sizes = np.zeros(len(expected), np.int64), np.zeros(len(expected), np.int64)
    assert read_characters(encoded, code_points, sizes) == len(expected)
    assert np.array_equal(code_points, expected)
    assert sizes.tolist() == [len(character.encode()) for character in EVERY_CHARACTER]
    written = np.zeros(len(encoded) + 1, np.uint8)
    assert write_characters(code_points, written) == len(encoded)
    assert np.array_equal(written[:-1], encoded)


def test_bytes_inside_a_character_are_told_from_first_ones() -> None:
    found = {byte for byte in range(256) if compiled_is_continuation(byte)}
    assert found == {byte for c in EVERY_CHARACTER for byte in c.encode()[1:]}


@pytest.mark.parametrize(
    ("data", "good", "bad"),
    [
        (b"", 0, 0),
        ("é – 日 😀".encode(), 12, 0),
        (b"caf\xe9 and more", 0, 1),
        ("é".encode() + b"\xff" + "é".encode(), 4, 1),
        ("日".encode()[:-1], 0, 0),  # cut at the end
        ("日".encode()[:-1] + b"<p>", 0, 2),  # cut within
        (b"a" * 100 + "é".encode() + b"a" * 100 + b"\x93", 2, 1),
    ],
)
def test_bytes_that_form_utf8_are_counted(data: bytes, good: int, bad: int) -> None:
    assert count_utf8(np.frombuffer(data, np.uint8)) == (good, bad)
