"""`dataset.json`: what a folder of shards holds, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Final

SCHEMA_VERSION: Final = 1

DATASET_FILE: Final = "dataset.json"
TOKENIZER_FILE: Final = "tokenizer.model"
_DAMAGED: Final = (
    f"{DATASET_FILE} is damaged: expected what `massivetext sequence` writes; "
    "`massivetext verify OUT --repair` rebuilds it"
)
HELD_OUT_FOLDER: Final = "held_out"
"""Beside the shards to train on: those of documents that are held out, in the same layout."""


@dataclass(frozen=True)
class ShardEntry:
    """One shard.

    Attributes:
        name: file name below the folder of `dataset.json`.
        records: sequences.
        tokens: records x sequence length.
        utf8_bytes: UTF-8 bytes that its tokens stand for (special tokens: 0).
        xxh3: 16 hex digits, xxh3-64 of the file.
    """

    name: str
    records: int
    tokens: int
    utf8_bytes: int
    xxh3: str


@dataclass(frozen=True)
class SubsetEntry:
    """What became of one subset.

    Attributes:
        documents: documents of the corpus.
        corpus_bytes: UTF-8 bytes of their text.
        visits: how many crops were drawn from each document, on average.
        crop_tokens: tokens of all crops, BOS and EOS included.
        discarded_tokens: of these, lost at the ends of groups, which are shorter than a sequence.
        surplus_tokens: of these, in sequences that the mixture had no place for.
        sequences: sequences in the shards.
        tokens: sequences x sequence length = crop - discarded - surplus tokens.
        utf8_bytes: UTF-8 bytes that these tokens stand for.
        epochs: utf8_bytes / corpus_bytes: how often the subset's text is read.
        weight_asked: the subset's weight in the configuration, as a share of all weights.
        weight_given: its share of the sequences.
        tokens_per_group: the fewest tokens in a group of crops; 0 where the number of crops decides
            (`sequence.crops_per_group`, ten in the paper).
    """

    documents: int
    corpus_bytes: int
    visits: float
    crop_tokens: int
    discarded_tokens: int
    surplus_tokens: int
    sequences: int
    tokens: int
    utf8_bytes: int
    epochs: float
    weight_asked: float
    weight_given: float
    tokens_per_group: int = 0  # fields with a default are younger than the schema


@dataclass(frozen=True)
class Dataset:
    """The content of `dataset.json`.

    Attributes:
        schema_version: of this file's layout.
        format: shard format, as in the configuration.
        sequence_length: tokens a record.
        vocab_size: number of token ids.
        bos: token before each crop.
        eos: token after each crop.
        tokenizer_sha256: hash of the tokenizer's file in the same folder.
        config_hash: fingerprint of the configuration.
        seed: of the run.
        records: sequences of all shards.
        tokens: tokens of all shards.
        utf8_bytes: UTF-8 bytes that these tokens stand for.
        shards: in the order of their numbers.
        subsets: by name.
        warnings: a sentence for each request that could not be met.
        token_type: uint16 or uint32, little-endian.
        tokenizer: name of the tokenizer's file.
        checked_crops: crops whose beginning a reference encoder has encoded, too, to the same
            tokens (see `self_check`).
    """

    schema_version: int
    format: str
    sequence_length: int
    vocab_size: int
    bos: int
    eos: int
    tokenizer_sha256: str
    config_hash: str
    seed: int
    records: int
    tokens: int
    utf8_bytes: int
    shards: tuple[ShardEntry, ...]
    subsets: Mapping[str, SubsetEntry]
    warnings: tuple[str, ...]
    token_type: str = "uint16"
    tokenizer: str = TOKENIZER_FILE
    checked_crops: int = 0

    def to_json(self) -> str:
        """Returns the text of `dataset.json`; equal datasets give equal texts."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Dataset:
        """Returns the dataset that `to_json` described.

        Raises:
            ValueError: if it has another schema version or is not such a file.
        """
        try:
            record: dict[str, Any] = json.loads(text)
            version = record.get("schema_version")
        except (ValueError, AttributeError):
            raise ValueError(_DAMAGED) from None
        if version != SCHEMA_VERSION:
            raise ValueError(
                f"{DATASET_FILE} has schema version {version}; this program reads "
                f"{SCHEMA_VERSION}: write the shards again, or use the program that wrote them"
            )
        required = [field.name for field in fields(cls) if field.default is MISSING]
        missing = [name for name in required if name not in record]
        if missing:
            raise ValueError(f"{DATASET_FILE} lacks {', '.join(missing)}")
        try:
            shards = tuple(ShardEntry(**entry) for entry in record.pop("shards"))
            subsets = {name: SubsetEntry(**entry) for name, entry in record.pop("subsets").items()}
            warnings = tuple(record.pop("warnings"))
            return cls(**record, shards=shards, subsets=subsets, warnings=warnings)
        except (TypeError, AttributeError):
            raise ValueError(_DAMAGED) from None
