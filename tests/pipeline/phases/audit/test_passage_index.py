"""The index of passages, part by part, held against a dictionary."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.phases.audit import passage_index
from massivetext.pipeline.phases.audit.passage_index import (
    GRAM_SAMPLE,
    PASSAGE_ENTRY,
    PASSAGES_MAGIC,
    documents_of,
    find_holders,
    in_passage_order,
    part_bytes,
    part_entries,
)


def part(pairs: list[tuple[int, int]], first_document: int = 0) -> io.BytesIO:
    samples = np.array(pairs, GRAM_SAMPLE)
    return io.BytesIO(b"".join(part_bytes(in_passage_order(part_entries(samples, first_document)))))


PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=80)


@given(PAIRS, st.lists(st.integers(0, 14)), st.integers(1, 5), st.integers(1, 8))
def test_look_ups_find_what_a_dictionary_finds(
    pairs: list[tuple[int, int]], wanted: list[int], block: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passage_index, "PASSAGE_BLOCK", block)
        found = find_holders(part(pairs), np.array(wanted, np.uint64), most)
    expected, cut = [], 0
    for hash_ in set(wanted):
        holders = sorted({row for known, row in pairs if known == hash_})
        expected += holders[:most]
        cut += len(holders) > most
    assert sorted(found.documents.tolist()) == sorted(expected)
    assert found.cut == cut


def test_numbers_of_documents_have_forty_bits() -> None:
    first = 2**32 - 2
    found = find_holders(part([(7, 1), (7, 2), (7, 3)], first), np.array([7], np.uint64), 9)
    assert found.documents.tolist() == [first + 1, first + 2, first + 3]
    assert PASSAGE_ENTRY.itemsize == 9
    entries = part_entries(np.array([(1, 5)], GRAM_SAMPLE), 2**39)
    assert documents_of(entries).tolist() == [2**39 + 5]


def test_what_is_no_part_is_told() -> None:
    whole = part([(n, n) for n in range(9000)]).getvalue()
    for content in (b"", b"x" * 100, PASSAGES_MAGIC, whole[:20]):
        with pytest.raises(ValueError, match="index of passages"):
            find_holders(io.BytesIO(content), np.array([1], np.uint64), 9)
