"""The formats that a configuration may name. Their code is found by their names.

`READER` of `massivetext/pipeline/readers/x.py` reads format `x` of a source, `FORMAT` of
`massivetext/sequencing/shards/x.py` writes format `x` of the shards. So each set is stated here and
nowhere else, and a configuration is checked without importing any of that code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

SourceKind = Literal["web", "text"]
"""`web`: pages, all filters apply. `text`: only language, deduplication and test sets."""

_ANY: Final[tuple[SourceKind, ...]] = ("web", "text")

SOURCE_FORMATS: Final[Mapping[str, tuple[SourceKind, ...]]] = MappingProxyType(
    {
        "warc": _ANY,
        "wet": _ANY,
        "arc": _ANY,
        "wacz": _ANY,
        "html": _ANY,
        "jsonl": _ANY,
        "parquet": _ANY,
        "text": ("text",),
        "wikipedia": ("text",),
    }
)
"""`[[source]] format`, and the kinds of source that can have it."""

SHARD_FORMATS: Final = ("arrayrecord", "tfrecord", "parquet", "raw")
"""`sequence.format`."""

EXPORT_TARGETS: Final = ("megatron", "mds", "hf", "maxtext")
"""`massivetext export --to`: `EXPORT` of `massivetext/sequencing/shards/exports/x.py` is `x`."""
