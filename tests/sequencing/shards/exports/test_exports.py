"""What each export writes, read by other means than it was written.

`make test-trainers` reads it by the libraries that it is for.
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import xxhash
from array_record.python import array_record_module
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from massivetext.formats import EXPORT_TARGETS, SHARD_FORMATS
from massivetext.sequencing import ShardReader
from massivetext.sequencing.shards.exports import ExportedSplit, UnreadableShardError, write_export
from massivetext.sequencing.shards.exports import mds as mds_module
from massivetext.sequencing.shards.exports.maxtext import example, varints
from tests.sequencing.shard_folder import TOKENIZER, write_folder

SIZES = {
    "one": dict(sizes=[1], length=1),
    "usual": dict(sizes=[5, 0, 9], length=16),
    "large": dict(sizes=[3, 4], length=50, vocab_size=200_000),
    "long": dict(sizes=[2], length=70_000),
}
"""Odd folders: one sequence of one token, an empty shard, uint32, long sequences."""


def make(folder: Path, format_name: str, sizes: str) -> list[ExportedSplit]:
    write_folder(folder, format_name, **SIZES[sizes])
    write_folder(folder / "held_out", format_name, **{**SIZES[sizes], "sizes": [2]})
    places = {"train": folder, "held_out": folder / "held_out"}
    return [ExportedSplit(name, ShardReader(place)) for name, place in places.items()]


def export(target: str, splits: list[ExportedSplit], folder: Path) -> Path:
    folder.mkdir()
    write_export(target, splits, str(folder))
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(f.relative_to(folder)): xxhash.xxh3_64_hexdigest(f.read_bytes()) for f in files}


def read_megatron(folder: Path) -> Iterator[np.ndarray]:
    for path in sorted(folder.glob("*.bin")):
        index = path.with_suffix(".idx").read_bytes()
        code, sequences, _ = np.frombuffer(index[17:], np.dtype("<u1,<u8,<u8"), 1)[0]
        lengths = np.frombuffer(index, "<i4", sequences, 34)
        places = np.frombuffer(index, "<i8", sequences, 34 + 4 * sequences)
        for length, place in zip(lengths, places, strict=True):
            kind = {8: "<u2", 4: "<i4"}[code]
            yield np.frombuffer(path.read_bytes(), kind, length, place)


def read_mds(folder: Path) -> Iterator[np.ndarray]:
    index = json.loads((folder / "index.json").read_text())
    for shard in index["shards"]:
        content = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert shard["raw_data"]["hashes"] == {"xxh3_64": xxhash.xxh3_64_hexdigest(content)}
        assert len(content) == shard["raw_data"]["bytes"]
        places = np.frombuffer(content, "<u4", shard["samples"] + 1, 4)
        kind = shard["column_encodings"][1].split(":")[1]
        for start, stop in pairwise(places):
            (name_bytes,) = np.frombuffer(content, "<u4", 1, start)
            assert content[start + 4 :][:name_bytes] in (b"books", b"news", b"c4")
            yield np.frombuffer(content[start + 4 + name_bytes : stop], kind)


def read_hf(folder: Path) -> Iterator[np.ndarray]:
    for path in sorted(folder.glob("*.parquet")):
        yield from map(np.array, pq.read_table(path)["input_ids"].to_pylist())


def read_maxtext(folder: Path) -> Iterator[np.ndarray]:
    for path in sorted(folder.glob("*.arrayrecord")):
        reader = array_record_module.ArrayRecordReader(str(path))
        for record in reader.read_all():
            (pair,) = EXAMPLE.FromString(record).features.feature
            assert pair.key == "input_ids"
            yield np.array(pair.value.int64_list.value)


READERS = {"megatron": read_megatron, "mds": read_mds, "hf": read_hf, "maxtext": read_maxtext}


def example_class() -> Any:
    """`tf.train.Example` as far as it is used here, for protobuf's own parser."""
    file = FileDescriptorProto(name="example.proto", package="t", syntax="proto3")
    fields = {
        "Int64List": [("value", 1, "")],
        "Feature": [("int64_list", 3, "Int64List")],
        "Pair": [("key", 1, "string"), ("value", 2, "Feature")],
        "Features": [("feature", 1, "Pair")],
        "Example": [("features", 1, "Features")],
    }
    for message, described in fields.items():
        added = file.message_type.add(name=message)
        for name, number, kind in described:
            field = added.field.add(name=name, number=number)
            is_list = (message, name) in {("Int64List", "value"), ("Features", "feature")}
            field.label = (
                FieldDescriptorProto.LABEL_REPEATED
                if is_list
                else FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind == "":
                field.type = FieldDescriptorProto.TYPE_INT64
            elif kind == "string":
                field.type = FieldDescriptorProto.TYPE_STRING
            else:
                field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".t.{kind}"
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("t.Example"))


EXAMPLE = example_class()


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("target", EXPORT_TARGETS)
def test_every_sequence_is_there_in_its_order(target: str, sizes: str, tmp_path: Path) -> None:
    splits = make(tmp_path / "shards", "raw", sizes)
    folder = export(target, splits, tmp_path / "out")
    for split in splits:
        found = np.stack(list(READERS[target](folder / split.name)))
        assert np.array_equal(found, np.stack(list(split.reader)))
    described = json.loads((folder / "export.json").read_text())
    assert described["records"] == {split.name: len(split.reader) for split in splits}
    below = {name: digest for name, digest in digests(folder).items() if "/" in name}
    assert described["xxh3"] == below
    assert (folder / "tokenizer.model").read_bytes() == TOKENIZER


@pytest.mark.parametrize("target", EXPORT_TARGETS)
def test_shards_of_any_format_give_the_same_bytes(target: str, tmp_path: Path) -> None:
    found = []
    for format_name in SHARD_FORMATS:
        splits = make(tmp_path / format_name, format_name, "usual")
        found.append(digests(export(target, splits, tmp_path / f"{format_name}-out")))
    assert found[1:] == found[:-1]
    assert len(found[0]) >= 4


def test_segments_and_subsets_go_along(tmp_path: Path) -> None:
    splits = make(tmp_path / "shards", "raw", "usual")
    folder = export("hf", splits, tmp_path / "out")
    table = pq.read_table(sorted((folder / "train").iterdir()))
    reader = splits[0].reader
    for number, row in enumerate(table.to_pylist()):
        assert row["segment_ids"] == reader.segment_ids(number).tolist()
        assert row["subset"] == reader.provenance(number)[0].subset
    card = (folder / "README.md").read_text()
    assert "- split: held_out\n    path: held_out/*.parquet\n" in card


def test_mds_begins_a_shard_where_the_writer_of_streaming_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for three samples: 4 + 4 + header + 3 x (4 + sample)."""
    splits = make(tmp_path / "shards", "raw", "usual")
    header = len(json.dumps(mds_module._columns(splits[0]), sort_keys=True))
    sample_bytes = 4 + len("books") + 16 * 2
    monkeypatch.setattr(mds_module, "MDS_SHARD_BYTES", 8 + header + 3 * (4 + sample_bytes))
    folder = export("mds", splits, tmp_path / "out")
    samples = [
        s["samples"] for s in json.loads((folder / "train/index.json").read_text())["shards"]
    ]
    assert sum(samples) == 14
    assert all(count >= 3 for count in samples[:-1])
    assert np.array_equal(
        np.stack(list(read_mds(folder / "train"))), np.stack(list(splits[0].reader))
    )


@pytest.mark.parametrize("target", ["hf", "mds"])
def test_shards_without_provenance_are_named(target: str, tmp_path: Path) -> None:
    splits = make(tmp_path / "shards", "raw", "usual")
    (tmp_path / "shards/provenance/shard-00002-of-00003.parquet").unlink()
    with pytest.raises(UnreadableShardError, match="shard-00002-of-00003"):
        export(target, splits, tmp_path / "out")


def test_a_tokenizer_that_is_not_theirs_is_refused(tmp_path: Path) -> None:
    splits = make(tmp_path / "shards", "raw", "usual")
    (tmp_path / "shards/tokenizer.model").write_bytes(b"another")
    with pytest.raises(UnreadableShardError, match="is not the tokenizer of these shards"):
        export("megatron", splits, tmp_path / "out")
    (tmp_path / "shards/tokenizer.model").unlink()
    with pytest.raises(UnreadableShardError, match=r"cannot read tokenizer\.model in"):
        export("megatron", splits, tmp_path / "again")


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_varints_are_those_of_protocol_buffers(numbers: list[int]) -> None:
    expected = b""
    for number in numbers:
        while number >= 128:
            expected += bytes([number % 128 + 128])
            number //= 128
        expected += bytes([number])
    assert varints(np.array(numbers, np.uint32)) == expected


@given(st.lists(st.integers(0, 2**32 - 1), max_size=300))
def test_an_example_is_read_by_protocol_buffers(numbers: list[int]) -> None:
    (pair,) = EXAMPLE.FromString(example(np.array(numbers, np.uint32))).features.feature
    assert (pair.key, list(pair.value.int64_list.value)) == ("input_ids", numbers)
