"""What an export is, and how all of them are written."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import xxhash

from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.shards.exports.exported import ExportedSplit
from massivetext.sequencing.token_type import token_type_of

DESCRIPTION_FILE: Final = "export.json"


class Export(Protocol):
    """How the sequences of a split become files of another library."""

    def least_bytes(self, dataset: Dataset) -> int:
        """Returns a size on disk that the export does not stay below."""
        ...

    def write_split(self, folder: str, split: ExportedSplit) -> None:
        """Writes the files of a split to a local folder. The same sequences give the same bytes.

        Args:
            folder: new and empty.
            split: holds at least one sequence.
        """
        ...

    def more_files(self, splits: Sequence[str], checksums: Sequence[str]) -> Mapping[str, str]:
        """Returns texts beside the folders of the splits, by file name.

        Args:
            splits: their names.
            checksums: of all files of the splits, by their names.
        """
        ...


def export_to(target: str) -> Export:
    """Returns the export of a name of `massivetext.formats.EXPORT_TARGETS`."""
    export: Export = importlib.import_module(f"{__package__}.{target}").EXPORT
    return export


def write_export(target: str, splits: Sequence[ExportedSplit], folder: str) -> None:
    """Writes an export: a folder a split, the tokenizer, and what the tokens are.

    Args:
        target: name of the export.
        splits: each holds at least one sequence; their tokenizer is the same.
        folder: local, there and empty.

    Raises:
        OSError: if something cannot be written.
        UnreadableShardError: if a shard, its provenance or the tokenizer is missing or damaged.
    """
    export, dataset = export_to(target), splits[0].reader.dataset
    with open(os.path.join(folder, dataset.tokenizer), "wb") as tokenizer:
        tokenizer.write(splits[0].tokenizer())
    for split in splits:
        place = os.path.join(folder, split.name)
        os.mkdir(place)
        export.write_split(place, split)
    names = [split.name for split in splits]
    checksums = {f"{name}/{file}": c for name in names for file, c in _checksums(folder, name)}
    texts = {
        DESCRIPTION_FILE: _description(target, splits, checksums),
        **export.more_files(names, list(checksums.values())),
    }
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)


def token_bytes(dataset: Dataset) -> int:
    """Returns the size of all tokens as they lie in raw shards."""
    return dataset.tokens * token_type_of(dataset.vocab_size).itemsize


def _checksums(folder: str, split: str) -> Iterator[tuple[str, str]]:
    """Yields name and xxh3-64 of the files of a split."""
    for name in sorted(os.listdir(os.path.join(folder, split))):
        with open(os.path.join(folder, split, name), "rb") as stream:
            yield name, hashlib.file_digest(stream, xxhash.xxh3_64).hexdigest()


def _description(target: str, splits: Sequence[ExportedSplit], checksums: Mapping[str, str]) -> str:
    """Returns what a reader of the export must know about its tokens, as JSON."""
    dataset = splits[0].reader.dataset
    facts = {
        "target": target,
        "sequence_length": dataset.sequence_length,
        "token_type": dataset.token_type,
        "vocab_size": dataset.vocab_size,
        "bos": dataset.bos,
        "eos": dataset.eos,
        "tokenizer": dataset.tokenizer,
        "tokenizer_sha256": dataset.tokenizer_sha256,
        "records": {split.name: split.reader.dataset.records for split in splits},
        "xxh3": dict(checksums),
    }
    return json.dumps(facts, indent=1) + "\n"
