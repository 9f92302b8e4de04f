"""Segments and subsets of sequences, beside a slow version."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.shards.labels import Labels

LENGTH = 6

STARTS = st.lists(st.sets(st.integers(1, LENGTH - 1)).map(lambda more: [0, *sorted(more)]))


def labels_of(sequences: list[list[int]]) -> Labels:
    rows = [(number, start) for number, starts in enumerate(sequences) for start in starts]
    sequence_G, start_G = np.array(rows, np.int32).reshape(-1, 2).T
    names_G = np.array([f"subset {number}" for number, _ in rows], object)
    return Labels.of_pieces(sequence_G, start_G, names_G, LENGTH)


@given(STARTS, st.data())
def test_segments_count_from_one_in_each_sequence(
    sequences: list[list[int]], data: st.DataObject
) -> None:
    labels = labels_of(sequences)
    first = data.draw(st.integers(0, len(sequences)))
    stop = data.draw(st.integers(first, len(sequences)))
    expected = [
        [sum(start <= place for start in starts) for place in range(LENGTH)]
        for starts in sequences[first:stop]
    ]
    found = labels.segment_ids(first, stop)
    assert found.tolist() == expected
    assert found.dtype == np.int32
    assert labels.subset_N == [f"subset {number}" for number in range(len(sequences))]
