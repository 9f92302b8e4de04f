"""The shard formats, by the name that the configuration gives them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from massivetext.formats import SHARD_FORMATS
from massivetext.sequencing.shards.format import ShardFormat


def _format_of(name: str) -> ShardFormat:
    shard_format: ShardFormat = importlib.import_module(f"{__package__}.{name}").FORMAT
    return shard_format


FORMATS: Final[Mapping[str, ShardFormat]] = MappingProxyType(
    {name: _format_of(name) for name in SHARD_FORMATS}
)
"""`sequence.format` -> format."""


def shard_name(number: int, shards: int, format_name: str) -> str:
    """Returns a shard's file name, e.g. `shard-00000-of-00004.arrayrecord`."""
    return f"shard-{number:05d}-of-{shards:05d}{FORMATS[format_name].suffix}"


def provenance_name(number: int, shards: int) -> str:
    """Returns the name of the table that says what a shard's sequences are made of."""
    return f"provenance/shard-{number:05d}-of-{shards:05d}.parquet"
