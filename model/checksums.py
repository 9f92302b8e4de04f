"""The record that a checkpoint is whole: a checksum of each of its files, written last.

A folder whose files give another record is damaged. Importing this needs no JAX.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import xxhash

RECORD_FILE: Final = "checksums.json"


def write_record(folder: Path) -> None:
    """Writes the record of a folder's files, after the files themselves."""
    write_whole(folder / RECORD_FILE, _record(folder, _files(folder)))


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file in one piece: it is there with all of its bytes, or not at all."""
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.rename(path)


def damage(folder: Path) -> str | None:
    """What is wrong with a folder that has a record; None if its files are those of the record.

    Raises:
        OSError: a file cannot be read, which says nothing about what is in it.
    """
    stored = (folder / RECORD_FILE).read_bytes()
    try:
        sums = json.loads(stored)
        names = sorted(sums)
        found = json.loads(_record(folder, names))
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).relative_to(folder)} is missing"
    except (ValueError, TypeError, AttributeError, IsADirectoryError, NotADirectoryError):
        return f"{RECORD_FILE} is not what was written"
    differing = [name for name in names if found[name] != sums[name]]
    if differing:
        return f"{differing[0]} is not what was written"
    if _encoded(found) != stored:
        return f"{RECORD_FILE} is not what was written"
    return None


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _record(folder: Path, names: Iterable[str]) -> bytes:
    return _encoded({name: _checksum(folder / name) for name in names})


def _encoded(sums: dict[str, str]) -> bytes:
    return f"{json.dumps(sums, indent=0)}\n".encode()


def _checksum(path: Path) -> str:
    """xxh3-64 of a file, in hex; the shards' `dataset.json` has the same."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, xxhash.xxh3_64).hexdigest()
