"""The shard formats, by the name that the configuration gives them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Final

from massivetext.formats import SHARD_FORMATS
from massivetext.sequencing.shards.format import ShardFormat


class _ShardFormats(Mapping[str, ShardFormat]):
    """Formats by name, each imported when it is first asked for."""

    def __getitem__(self, name: str) -> ShardFormat:
        if name not in SHARD_FORMATS:
            raise KeyError(name)
        shard_format: ShardFormat = importlib.import_module(f"{__package__}.{name}").FORMAT
        return shard_format

    def __iter__(self) -> Iterator[str]:
        return iter(SHARD_FORMATS)

    def __len__(self) -> int:
        return len(SHARD_FORMATS)


FORMATS: Final[Mapping[str, ShardFormat]] = _ShardFormats()
"""`sequence.format` -> format."""


def shard_name(number: int, shards: int, format_name: str) -> str:
    """Returns a shard's file name, e.g. `shard-00000-of-00004.arrayrecord`."""
    return f"shard-{number:05d}-of-{shards:05d}{FORMATS[format_name].suffix}"


def provenance_name(number: int, shards: int) -> str:
    """Returns the name of the table that says what a shard's sequences are made of."""
    return f"provenance/shard-{number:05d}-of-{shards:05d}.parquet"
