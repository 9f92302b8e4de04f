import io
import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers.compression import DamagedMemberError
from massivetext.pipeline.readers.cursor import ByteCursor, Position
from massivetext.pipeline.readers.members import open_cursor
from tests.pipeline.readers.archives import COMPRESS, lz4

SUFFIXES = sorted(COMPRESS)


def drain(cursor: ByteCursor) -> tuple[bytes, list[DamagedMemberError]]:
    content = bytearray()
    damages = []
    while True:
        try:
            more = cursor.pull()
        except DamagedMemberError as damage:
            damages.append(damage)
            continue
        if not more:
            return bytes(content), damages
        content += cursor.take(len(cursor))


def inflate(stored: bytes, suffix: str) -> tuple[bytes, list[DamagedMemberError]]:
    return drain(open_cursor(io.BytesIO(stored), f"file{suffix}"))


def noise(seed: int, size_bytes: int = 50_000) -> bytes:
    return bytes(random.Random(seed).choices(b"abcdefghijklmnop \n", k=size_bytes))


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(parts=st.lists(st.binary(max_size=2_000), max_size=5))
def test_members_are_joined(suffix: str, parts: list[bytes]) -> None:
    stored = b"".join(COMPRESS[suffix](part) for part in parts)
    assert inflate(stored, suffix) == (b"".join(parts), [])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_large_members_and_zero_bytes_between_them(suffix: str) -> None:
    large = noise(1, 5_000) * 500
    stored = COMPRESS[suffix](large) + bytes(512) + COMPRESS[suffix](b"tail") + bytes(3)
    assert inflate(stored, suffix) == (large + b"tail", [])


def test_lz4_frames() -> None:
    pytest.importorskip("lz4.frame")
    large = noise(1, 3_000_000)
    assert inflate(lz4(large) + lz4(b"tail"), ".lz4") == (large + b"tail", [])
    content, damages = inflate(lz4(large)[:-10] + lz4(b"tail"), ".lz4")
    assert content.endswith(b"tail")
    assert [damage.offset for damage in damages] == [0]


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_zstd_file_may_begin_with_its_dictionary(is_compressed: bool) -> None:
    parts = [noise(seed, 2_000) for seed in range(300)]
    dictionary = zstandard.train_dictionary(8_192, parts, dict_id=7)
    compressor = zstandard.ZstdCompressor(dict_data=dictionary)
    held = dictionary.as_bytes()
    held = COMPRESS[".zst"](held) if is_compressed else held
    frame = b"\x5d\x2a\x4d\x18" + len(held).to_bytes(4, "little") + held
    stored = frame + b"".join(compressor.compress(part) for part in parts)
    assert inflate(stored, ".zst") == (b"".join(parts), [])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_member_costs_no_other(suffix: str) -> None:
    members = [COMPRESS[suffix](noise(seed)) for seed in range(3)]
    broken = bytearray(members[1])
    broken[len(broken) // 2] ^= 0xFF
    stored = members[0] + bytes(broken) + members[2]
    content, damages = inflate(stored, suffix)
    assert content.startswith(noise(0))
    assert content.endswith(noise(2))
    assert [damage.offset for damage in damages] == [len(members[0])]
    assert "damaged" in str(damages[0])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_cut_off_is_noticed(suffix: str) -> None:
    members = [COMPRESS[suffix](noise(seed)) for seed in range(2)]
    for missing in (1, 5, 1_000, len(members[1]) - 1):
        content, damages = inflate(b"".join(members)[:-missing], suffix)
        assert content.startswith(noise(0))
        assert [damage.offset for damage in damages] == [len(members[0])], missing


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_compressed_as_the_suffix_says_is_an_error(suffix: str) -> None:
    content, damages = inflate(b"plain text" + COMPRESS[suffix](b"member"), suffix)
    assert content == b"member"
    assert "expected" in str(damages[0])
    assert "b'plain te'" in str(damages[0])


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
def test_any_damage_ends_and_is_told(suffix: str, data: st.DataObject) -> None:
    stored = bytearray(b"".join(COMPRESS[suffix](noise(seed, 300)) for seed in range(3)))
    for _ in range(data.draw(st.integers(1, 3))):
        stored[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(stored)))
    content, damages = inflate(bytes(stored[:cut]), suffix)
    whole = b"".join(noise(seed, 300) for seed in range(3))
    # bytes of a header that mean nothing (a time stamp) may change; all else must be told
    assert damages or content == whole or whole.startswith(content)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_seek_finds_a_place_again(suffix: str) -> None:
    parts = [noise(seed) for seed in range(3)]
    make = COMPRESS.get(suffix, bytes)
    cursor = open_cursor(io.BytesIO(b"".join(make(part) for part in parts)), f"file{suffix}")
    positions: list[tuple[int, Position]] = []
    while cursor.pull():
        positions.append((cursor.consumed, cursor.tell()))
        cursor.skip(len(cursor))
    assert len(positions) > 1
    for read_bytes, position in positions:
        cursor.seek(Position(position.member, position.into + 7))
        assert drain(cursor) == (b"".join(parts)[read_bytes + 7 :], [])


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("blanks", [0, 1, 5_000, 200_000])
def test_skip_any_goes_to_the_first_other_byte(suffix: str, blanks: int) -> None:
    content = b"\r\n" * blanks + b"a\n" + b"\n" * blanks
    stored = COMPRESS.get(suffix, bytes)(content)
    cursor = open_cursor(io.BytesIO(stored), f"file{suffix}")
    assert cursor.skip_any(b"\r\n")
    assert cursor.consumed == 2 * blanks
    assert cursor.take(1) == b"a"
    assert not cursor.skip_any(b"\r\n")
    assert cursor.consumed == len(content)
