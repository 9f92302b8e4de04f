"""The shard formats, by the name that the configuration gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from massivetext.sequencing.shards.arrayrecord import ArrayRecordFormat
from massivetext.sequencing.shards.format import ShardFormat
from massivetext.sequencing.shards.parquet import ParquetFormat
from massivetext.sequencing.shards.raw import RawFormat
from massivetext.sequencing.shards.tfrecord import TFRecordFormat

FORMATS: Final[Mapping[str, ShardFormat]] = MappingProxyType(
    {
        "arrayrecord": ArrayRecordFormat(),
        "tfrecord": TFRecordFormat(),
        "parquet": ParquetFormat(),
        "raw": RawFormat(),
    }
)
"""`sequence.format` -> format. A new one: a module like its neighbours, and a line here."""


def shard_name(number: int, shards: int, format_name: str) -> str:
    """Returns a shard's file name, e.g. `shard-00000-of-00004.arrayrecord`."""
    return f"shard-{number:05d}-of-{shards:05d}{FORMATS[format_name].suffix}"


def provenance_name(number: int, shards: int) -> str:
    """Returns the name of the table that says what a shard's sequences are made of."""
    return f"provenance/shard-{number:05d}-of-{shards:05d}.parquet"
