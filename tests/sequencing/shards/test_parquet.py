"""What tables of sequences hold for others."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.shards.parquet import FORMAT
from massivetext.sequencing.token_type import Tokens


def written(sequences_NxL: Tokens, labels: Labels) -> io.BytesIO:
    stream = io.BytesIO()
    FORMAT.write_labelled(stream, sequences_NxL, labels)
    return stream


@pytest.mark.parametrize("kind", [np.uint16, np.uint32])
def test_a_row_has_tokens_segments_and_subset(kind: type) -> None:
    sequences_NxL = np.array([[5, 6, 1, 7], [8, 9, 3, 4]], kind)
    labels = Labels(np.array([0, 2, 4]), ["books", "naïve"], 4)
    stream = written(sequences_NxL, labels)
    table = pq.read_table(stream, page_checksum_verification=True)
    assert table.to_pylist() == [
        {"input_ids": [5, 6, 1, 7], "segment_ids": [1, 1, 2, 2], "subset": "books"},
        {"input_ids": [8, 9, 3, 4], "segment_ids": [1, 1, 1, 1], "subset": "naïve"},
    ]
    assert str(table.schema.field("input_ids").type) == "fixed_size_list<element: int32>[4]"


def test_no_sequences_have_the_same_columns() -> None:
    stream = written(np.empty((0, 4), np.uint16), Labels(np.empty(0, np.int64), [], 4))
    assert pq.read_table(stream).column_names == ["input_ids", "segment_ids", "subset"]


@pytest.mark.parametrize(("length", "rows"), [(2048, 1024), (1 << 20, 2), (1 << 22, 1)])
def test_row_groups_have_about_the_same_size(length: int, rows: int) -> None:
    sequences_NxL = np.zeros((3, length), np.uint16)
    stream = written(sequences_NxL, Labels(np.arange(3) * length, ["web"] * 3, length))
    metadata = pq.ParquetFile(stream).metadata
    assert metadata.row_group(0).num_rows == min(rows, 3)
    assert metadata.num_rows == 3


def test_shards_of_tokens_alone_are_still_read(tmp_path: Path) -> None:
    tokens = pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 4], pa.uint16()), 2)
    pq.write_table(pa.table({"tokens": tokens}), tmp_path / "shard.parquet")
    shard = FORMAT.open(str(tmp_path / "shard.parquet"), 2)
    assert [shard[n].tolist() for n in range(2)] == [[1, 2], [3, 4]]
    assert shard[0].dtype == np.uint16
