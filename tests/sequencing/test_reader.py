"""What a trainer asks of a folder of shards: streams, segments, provenance, and no damage."""

import dataclasses
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.sequencing import ShardReader
from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.filling import PROVENANCE_SCHEMA
from massivetext.sequencing.shards import FORMATS, provenance_name, shard_name
from tests.sequencing.shard_folder import write_shards

LENGTH, BOS = 8, 1


def write_folder(folder: Path, format_name: str, sequences_NxL: np.ndarray, **changes: int) -> None:
    """Writes one shard, beside a tokenizer that is not the one of the shards."""
    (folder / "tokenizer.model").write_bytes(b"a tokenizer")
    write_shards(folder, format_name, [sequences_NxL], **changes)


def sequences(count: int, token_type: type = np.uint16) -> np.ndarray:
    return np.random.default_rng(0).integers(3, 1_000, (count, LENGTH)).astype(token_type)


def test_more_shards_than_files_that_may_be_open(tmp_path: Path) -> None:
    """Shards are closed again, so that their number has no limit; nor are they checked twice."""
    shards = [np.full((2, LENGTH), number, np.uint16) for number in range(200)]
    write_shards(tmp_path, "raw", shards)
    reader = ShardReader(tmp_path)
    assert all((reader.read_run(n, 0, 2) == n).all() for n in range(200))
    for order in (range(400), reversed(range(400))):
        assert all((reader[n] == n // 2).all() for n in order)
    assert len(reader._files) <= 64
    path = tmp_path / shard_name(5, 200, "raw")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert list(reader[10]) == [5] * LENGTH
    with pytest.raises(ValueError, match="is damaged"):
        ShardReader(tmp_path)[10]


def test_what_is_released_is_read_again(with_provenance: Path) -> None:
    import fsspec

    file_system = fsspec.filesystem("memory")
    file_system.put(str(with_provenance), "/far/sequences", recursive=True)
    try:
        reader = ShardReader("memory://far/sequences")
        first, pieces = reader[0], reader.provenance(1)
        copies = Path(reader.tokenizer_path).parent
        assert len(list(copies.rglob("shard-*"))) == 2
        reader.release(0)
        assert not list(copies.rglob("shard-*"))
        assert (reader[0] == first).all()
        assert reader.provenance(1) == pieces
    finally:
        file_system.rm("/far", recursive=True)


def test_hosts_share_the_sequences_and_go_on_where_they_stood(tmp_path: Path) -> None:
    write_folder(tmp_path, "raw", sequences(10))
    reader = ShardReader(tmp_path)
    streams = [reader.stream(host, 3) for host in range(3)]
    assert [len(stream) for stream in streams] == [4, 3, 3]
    read = [[s.tolist() for s in stream] for stream in streams]
    assert sorted(itertools.chain(*read)) == sorted(sequences(10).tolist())
    again = reader.stream(1, 3)
    next(again)
    resumed = reader.stream(1, 3, position=again.position)
    assert [s.tolist() for s in resumed] == read[1][1:]
    assert (len(resumed), resumed.position) == (0, 3)
    with pytest.raises(ValueError, match="host 3 of 3"):
        reader.stream(3, 3)


def test_segments_begin_at_bos(tmp_path: Path) -> None:
    tokens = np.array([[7, 2, 1, 8, 9, 2, 1, 5]], np.uint16)
    write_folder(tmp_path, "raw", tokens)
    segments = ShardReader(tmp_path).segment_ids(0)
    assert segments.tolist() == [1, 1, 2, 2, 2, 2, 3, 3]
    assert segments.dtype == np.int32


def provenance_row(sequence: int, order: int, start: int, stop: int) -> dict:
    return {
        "shard": 0, "sequence": sequence, "order": order, "document_id": f"{sequence}{order}",
        "subset": "books", "visit": 0, "byte_start": 5, "byte_end": 9, "crop_token_start": 1,
        "crop_token_end": 1 + stop - start, "token_start": start, "token_end": stop,
    }  # fmt: skip


@pytest.fixture
def with_provenance(tmp_path: Path) -> Path:
    """Three sequences of one, two and one crop; BOS and EOS are one token."""
    write_folder(tmp_path, "parquet", np.ones((3, LENGTH), np.uint16), eos=BOS)
    rows = [
        provenance_row(*row) for row in [(0, 0, 0, 8), (1, 0, 0, 3), (1, 1, 3, 8), (2, 0, 0, 8)]
    ]
    path = tmp_path / provenance_name(0, 1)
    path.parent.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, PROVENANCE_SCHEMA), path)
    return tmp_path


def test_provenance_tells_segments_where_bos_and_eos_are_one(with_provenance: Path) -> None:
    reader = ShardReader(with_provenance)
    assert [reader.segment_ids(n).tolist() for n in range(3)] == [
        [1] * 8, [1] * 3 + [2] * 5, [1] * 8,
    ]  # fmt: skip
    assert [piece.document_id for piece in reader.provenance(1)] == ["10", "11"]
    assert reader.provenance(-1)[0].document_id == "20"
    labels = reader.labels(0)
    assert labels.segment_ids(0, 3).tolist() == [reader.segment_ids(n).tolist() for n in range(3)]
    assert labels.subset_N == ["books"] * 3


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_flipped_bit_is_found_in_every_format(tmp_path: Path, format_name: str) -> None:
    write_folder(tmp_path, format_name, sequences(50))
    path = tmp_path / shard_name(0, 1, format_name)
    damaged = bytearray(path.read_bytes())
    place = damaged.find(sequences(50)[25].tobytes())  # -1: compressed
    damaged[place if place >= 0 else len(damaged) // 3] ^= 4
    path.write_bytes(damaged)
    with pytest.raises((ValueError, IndexError, RuntimeError, OSError)):
        list(ShardReader(tmp_path))


@pytest.mark.parametrize("format_name", FORMATS)
def test_large_vocabularies_have_uint32(tmp_path: Path, format_name: str) -> None:
    large = sequences(7, np.uint32) + 100_000
    write_folder(tmp_path, format_name, large, vocab_size=130_000)
    reader = ShardReader(tmp_path)
    assert reader[3].dtype == np.uint32
    assert np.array_equal(np.stack(list(reader)), large)


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, "raw", sequences(1))
    with pytest.raises(ValueError, match=r"tokenizer\.model is not the tokenizer of these shards"):
        ShardReader(tmp_path).tokenizer()


def test_folders_elsewhere_are_read_by_fsspec(with_provenance: Path) -> None:
    import fsspec

    file_system = fsspec.filesystem("memory")
    file_system.put(str(with_provenance), "/far/sequences", recursive=True)
    try:
        reader = ShardReader("memory://far/sequences")
        assert np.array_equal(np.stack(list(reader)), np.ones((3, LENGTH)))
        assert len(reader.provenance(1)) == 2
        (shard,) = reader.dataset.shards
        file_system.rm(f"/far/sequences/{shard.name}")
        with pytest.raises(FileNotFoundError, match="lacks the shard"):
            ShardReader("memory://far/sequences")
    finally:
        file_system.rm("/far", recursive=True)


LIGHT = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        allowed = {"massivetext", "numpy", "array_record", "xxhash"} | set(sys.stdlib_module_names)
        if root not in allowed | {"absl", "etils", "importlib_resources", "zipp", "fsspec"}:
            raise ImportError(f"{name} is blocked")
        if root == "fsspec" and not ALLOW_FSSPEC:
            raise ImportError(f"{name} is blocked")

ALLOW_FSSPEC = False
sys.meta_path.insert(0, Block())
from massivetext.sequencing import ShardReader
reader = ShardReader(sys.argv[1])
print(len(list(reader)), reader.segment_ids(0).sum(), sum(1 for _ in reader.stream(0, 2)))
"""


@pytest.mark.parametrize("format_name", ["arrayrecord", "raw"])
def test_reading_needs_numpy_and_little_else(tmp_path: Path, format_name: str) -> None:
    write_folder(tmp_path, format_name, sequences(5))
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["5", "8", "3"], done.stderr


def test_what_dataset_json_lacked_before_has_its_old_meaning(tmp_path: Path) -> None:
    write_folder(tmp_path, "raw", sequences(1))
    dataset = ShardReader(tmp_path).dataset
    text = dataset.to_json()
    for name in ("token_type", "tokenizer"):
        value = getattr(dataset, name)
        text = text.replace(f',\n "{name}": "{value}"', "")
    assert '"token_type"' not in text
    assert Dataset.from_json(text) == dataclasses.replace(
        dataset, token_type="uint16", tokenizer="tokenizer.model"
    )
