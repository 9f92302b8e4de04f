"""What a process loads once, known by its content: models, lists, tokenizers, indices.

A cache that knows a file by its path gives the old model after the file was replaced, and loads one
file twice under two names. Here the key is a checksum of what the file holds:

    load_by_content(path, digest_files([path]), load_classifier)

A checksum costs a read of the file, so this is for what is loaded once a worker, not once a record.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar, cast

import xxhash

SourceT = TypeVar("SourceT")
LoadedT = TypeVar("LoadedT")

MOST_PER_LOADER: Final = 4
"""Our choice: how many results of one loader stay in memory: two runs' models and lists."""

_BLOCK_BYTES: Final = 1 << 20
"""Our choice: files are read in blocks of a megabyte for their checksum."""

_loaded: Final[dict[Callable[..., object], OrderedDict[str, object]]] = {}
_lock: Final = threading.RLock()
"""Held while a loader runs, so that two threads never load the same twice. A loader may load."""


def load_by_content(source: SourceT, digest: str, load: Callable[[SourceT], LoadedT]) -> LoadedT:
    """Returns `load(source)`, or what it returned earlier in this process for the same content.

    Of each loader the MOST_PER_LOADER results that were asked for last are kept; callers share
    them, so nobody may change one.

    Args:
        source: what the loader reads: a path, bytes, several paths.
        digest: a checksum of all that the result depends on: the content, and options if the
            loader has any (`digest_files`, `digest_bytes`).
        load: a function of a module. One that is made for each call (a lambda, a `partial`) never
            finds what an earlier one loaded. What it raises is not kept.
    """
    with _lock:
        kept = _loaded.setdefault(load, OrderedDict())
        if digest not in kept:
            kept[digest] = load(source)
        kept.move_to_end(digest)
        if len(kept) > MOST_PER_LOADER:
            kept.popitem(last=False)
        return cast(LoadedT, kept[digest])


def digest_bytes(*contents: bytes) -> str:
    """Returns a checksum of contents in this order: 32 hex digits, xxh3-128."""
    total = xxhash.xxh3_128()
    for content in contents:
        total.update(xxhash.xxh3_128_digest(content))  # equal sizes, so borders are known
    return total.hexdigest()


def digest_files(files: Iterable[Path], *options: str) -> str:
    """Returns a checksum of local files in this order, whatever their names, and of options.

    Options are what else the result depends on, such as the category that is read from a list.
    Without options it is `digest_bytes` of the files' contents.

    Raises:
        OSError: if a file cannot be read.
    """
    total = xxhash.xxh3_128()
    for file in files:
        total.update(_digest_file(file))
    for option in options:
        total.update(xxhash.xxh3_128_digest(b"option\0" + option.encode()))
    return total.hexdigest()


def _digest_file(file: Path) -> bytes:
    digest = xxhash.xxh3_128()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.digest()
