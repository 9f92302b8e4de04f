"""The index of names, held against looking at every entry."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.phases.audit import name_index
from massivetext.pipeline.phases.audit.name_index import ENTRY, find_entries, in_order, index_bytes
from massivetext.pipeline.phases.audit.parts import Parts, part_of_hash

HASHES = st.sampled_from([0, 1, 5, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)


class Counting(io.BytesIO):
    """Counts reads."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


@st.composite
def entries(draw: st.DrawFn) -> np.ndarray:
    rows = draw(
        st.lists(st.tuples(HASHES, st.integers(0, 3), st.integers(0, 9), st.integers(0, 9)))
    )
    return in_order(np.array(rows, ENTRY))


@given(entries(), HASHES)
def test_all_entries_of_a_hash_are_found_in_two_reads(found: np.ndarray, other: int) -> None:
    for block in (1, 2, 4096):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(name_index, "BLOCK_ENTRIES", block)
            content = index_bytes(found)
            for wanted in {other, *found["hash"].tolist()}:
                stream = Counting(content)
                expected = found[found["hash"] == np.uint64(wanted)]
                assert find_entries(stream, wanted).tolist() == expected.tolist()
                assert stream.reads <= 2


def test_a_large_head_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_index, "BLOCK_ENTRIES", 1)
    found = np.zeros(20_000, ENTRY)
    found["hash"] = np.arange(20_000) * 7
    content = index_bytes(found)
    assert find_entries(io.BytesIO(content), 19_999 * 7).size == 1
    assert find_entries(io.BytesIO(content), 3).size == 0


def test_another_file_is_no_index() -> None:
    with pytest.raises(ValueError, match="expected a part of an index"):
        find_entries(io.BytesIO(b"PAR1"), 1)


@given(st.lists(HASHES), st.integers(1, 9))
def test_every_hash_has_one_part_and_rounds_share_them(hashes: list[int], count: int) -> None:
    array = np.array(hashes, np.uint64)
    middle = count // 2
    seen = [
        (number, index)
        for parts in (Parts(count, 0, middle), Parts(count, middle, count))
        for number, indices in parts.split(array)
        for index in indices.tolist()
    ]
    assert sorted(index for _, index in seen) == list(range(len(hashes)))
    assert all(part_of_hash(array[index : index + 1], count)[0] == number for number, index in seen)
