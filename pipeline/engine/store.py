"""Files, wherever they lie: whatever Beam's file systems reach, read and written the same way.

A file appears under its name only when it is whole: it is written under a unique name in the
run's `tmp/` folder and renamed last. Two attempts at one file write the same bytes, so it does not
matter which of them wins. Where a rename is a copy, as on object stores, a crash may leave half a
file under the final name: so whatever says that a file stands knows its size, and a record that
cannot be parsed says nothing.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystem import FileMetadata as FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext.pipeline.engine.file_systems import (
    delete_local,
    file_system,
    files_below,
    has_folders,
    matching_objects,
)
from massivetext.pipeline.engine.local_files import kind_of_special_file as kind_of_special_file
from massivetext.pipeline.engine.local_files import matching_files
from massivetext.pipeline.engine.patterns import parse_pattern
from massivetext.pipeline.engine.retries import with_retries
from massivetext.pipeline.engine.s3 import use_one_layer_of_retries
from massivetext.pipeline.engine.store_faults import WatchedStream as WatchedStream
from massivetext.pipeline.engine.store_faults import is_transient as is_transient
from massivetext.pipeline.engine.store_faults import plain_fault

_Result = TypeVar("_Result")

_LOGGER = logging.getLogger(__name__)

_SHOWN_CHARACTERS: Final = 40
"""Our choice: enough of a name to recognise its temporary file, and never too long for a disk."""

_PARQUET_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,  # our choice: zstd's own default
    "use_dictionary": False,  # our choice: ids, urls and texts are nearly all distinct
}

TEMPORARY: Final = "tmp"
"""Folder below an output folder for files on their way; empty when a run is finished."""


@dataclass(frozen=True, order=True)
class FileEntry:
    """A committed file, as manifests list it.

    Attributes:
        path: its place below the output folder, with forward slashes.
        size_bytes: its size.
        xxh3: 16 hex digits, xxh3-64 of its bytes.
    """

    path: str
    size_bytes: int
    xxh3: str


def join(folder: str, *parts: str) -> str:
    """Returns the path of a file below a folder, on any file system."""
    return file_system(folder).join(folder, *parts)


def below(folder: str, path: str) -> str:
    """Returns the path of a file below a folder from its relative path with forward slashes."""
    return join(folder, *path.split("/"))


def use_options(arguments: Sequence[str]) -> None:
    """Tells this process Beam's options for file systems: endpoints, credentials, projects.

    Workers of a runner are told by the runner, whose own retries they use; this is for the program
    itself and its processes, where ours are the only ones.
    """
    FileSystems.set_options(PipelineOptions(list(arguments)))
    use_one_layer_of_retries()


def exists(path: str) -> bool:
    """Whether a file is there (or a folder, on file systems that have folders)."""
    return bool(with_retries(lambda: file_system(path).exists(path)))


def is_intact(output: str, entry: FileEntry) -> bool:
    """Whether a committed file is there and has its size."""
    path = below(output, entry.path)
    size_of = file_system(path).size
    return exists(path) and with_retries(lambda: size_of(path)) == entry.size_bytes


def match(pattern: str) -> list[FileMetadata]:
    """Returns path, size and modification time of the files that a pattern matches, by path.

    This is the one function that takes a pattern (`patterns`); all others take paths as they are.

    Raises:
        UnusableInputError: if it matches something that is no readable file.
    """
    parsed = parse_pattern(pattern + "*" * pattern.endswith("/"))
    is_local = file_system(pattern).scheme() is None
    find = matching_files if is_local else matching_objects
    return sorted(with_retries(lambda: find(parsed)), key=lambda metadata: metadata.path)


def is_same_folder(one: str, other: str) -> bool:
    """Whether two paths name one folder, by whatever links."""
    if "://" in one or "://" in other:
        return one.rstrip("/") == other.rstrip("/")
    return os.path.realpath(one) == os.path.realpath(other)


def root_of(pattern: str) -> str:
    """Returns the folder above the first wildcard of a pattern, or of a plain path, with a slash.

    It is how the paths of the files that `match` returns begin.
    """
    return parse_pattern(pattern).folder


def list_folder(folder: str) -> list[FileMetadata]:
    """Returns all files below a folder, by path; none if it does not exist."""
    found = with_retries(lambda: files_below(folder))
    return sorted(found, key=lambda metadata: metadata.path)


def sizes_below(output: str, place: str) -> dict[str, int]:
    """Returns the sizes in bytes of a file, or of a folder's files, by paths below `output`."""
    path = below(output, place)
    is_folder = file_system(path).scheme() is None and os.path.isdir(path)
    found = list_folder(path) if is_folder else match_below(path)
    # The file system may write the root in another way than we do, but not what is below it.
    root = len(join(output, "")) if not output.endswith("/") else len(output)
    return {m.path[root:].replace("\\", "/"): m.size_in_bytes for m in found}


def match_below(path: str) -> list[FileMetadata]:
    """Returns a file, or all files below a folder."""
    found = list_folder(path)
    return found or ([file_system(path).metadata(path)] if exists(path) else [])


def open_input(path: str) -> BinaryIO:
    """Opens a file for reading its bytes as they are, compressed or not."""
    return file_system(path).open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def read_bytes(path: str) -> bytes:
    """Returns a whole file."""

    def read() -> bytes:
        with open_input(path) as stream:
            return stream.read()

    return with_retries(read)


def read_record(path: str) -> dict[str, Any] | None:
    """Returns a JSON object; None if the file is missing or incomplete."""
    try:
        record = json.loads(read_bytes(path)) if exists(path) else None
    except (ValueError, RecursionError):  # what a crash left of a copy, or damage
        return None
    return record if isinstance(record, dict) else None


def read_table(path: str, columns: list[str] | None = None) -> pa.Table:
    """Returns a Parquet file, or some of its columns."""
    with open_input(path) as stream:
        return pq.read_table(_seekable(stream), columns=columns)


def read_columns(path: str, columns: list[str]) -> pa.Table:
    """Does what `read_table` does, for many files of which little is read.

    A local file is left to Arrow, which takes a third of the time over row groups of 1,000.
    """
    if not os.path.isfile(path):
        return read_table(path, columns)
    return pq.ParquetFile(path).read(columns, use_threads=False)


@dataclass(frozen=True)
class RowGroup:
    """A row group of an open Parquet file.

    Attributes:
        number: counts from 0 in its file.
        first_row: number in the file of its first row.
    """

    parquet: pq.ParquetFile
    number: int
    first_row: int

    @property
    def metadata(self) -> pq.RowGroupMetaData:
        """Sizes and statistics, known before any column is read."""
        return self.parquet.metadata.row_group(self.number)

    def read(self, columns: list[str] | None = None) -> pa.Table:
        """Returns some columns, or all."""
        return self.parquet.read_row_group(self.number, columns)


def row_groups(path: str) -> Iterator[RowGroup]:
    """Yields the row groups of a Parquet file in their order; each is read before the next."""
    with open_input(path) as stream:
        parquet = pq.ParquetFile(_seekable(stream))
        first_row = 0
        for number in range(parquet.num_row_groups):
            group = RowGroup(parquet, number, first_row)
            yield group
            first_row += group.metadata.num_rows


def delete(path: str) -> None:
    """Deletes a file or a whole folder, if it is there."""
    if file_system(path).scheme() is None:
        delete_local(path)
    elif exists(path):
        file_system(path).delete([path])
    elif not has_folders(path) and (files := list_folder(path)):
        file_system(path).delete([metadata.path for metadata in files])


def delete_files(output: str, paths: Sequence[str]) -> None:
    """Deletes files below the folder `output`; those that are gone already do not matter."""
    present = [path for path in (below(output, path) for path in paths) if exists(path)]
    if present:
        file_system(output).delete(present)


class _Digesting(io.RawIOBase):
    """Passes bytes on to a stream, and counts and hashes them on their way."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.digest = xxhash.xxh3_64()
        self.size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        view = memoryview(chunk)
        self.digest.update(view)
        self.size_bytes += view.nbytes
        self.stream.write(view)
        return view.nbytes


class Commit:
    """A file on its way: write to `stream`; `entry` is known once the `with` block has ended."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.entry = FileEntry("", 0, "")


@contextmanager
def commit(output: str, path: str) -> Iterator[Commit]:
    """Writes the file `path` below the folder `output`: all of it, or nothing.

    Yields:
        a `Commit`; its stream takes bytes in order (no seeking).
    """
    name = path.rpartition("/")[2][-_SHOWN_CHARACTERS:]
    temporary = join(output, TEMPORARY, f"{uuid.uuid4().hex}-{name}")
    target = below(output, path)
    raw = file_system(output).create(temporary, compression_type=CompressionTypes.UNCOMPRESSED)
    digesting = _Digesting(raw)
    pending = Commit(cast(BinaryIO, digesting))
    try:
        yield pending
        raw.close()
        _make_parent(target)
        file_system(output).rename([temporary], [target])
    except BaseException as error:
        with suppress(Exception):  # whatever follows from the error that is told
            raw.close()
        with suppress(Exception):
            delete(temporary)
        if isinstance(error, BeamIOError) and error.exception_details:
            raise plain_fault(error) from error
        raise
    pending.entry = FileEntry(path, digesting.size_bytes, digesting.digest.hexdigest())


def write_bytes(output: str, path: str, content: bytes) -> FileEntry:
    """Commits a whole file below the folder `output`."""

    def write() -> FileEntry:
        with commit(output, path) as pending:
            pending.stream.write(content)
        return pending.entry

    return with_retries(write)


def write_table(
    output: str, path: str, table: pa.Table, stamp: Mapping[str, str] | None = None
) -> FileEntry:
    """Commits a table as a Parquet file (zstd) below the folder `output`; see `parquet_writer`."""
    with (
        commit(output, path) as pending,
        parquet_writer(pending.stream, table.schema, stamp) as writer,
    ):
        if table.num_rows:
            writer.write_table(table)
    return pending.entry


def parquet_writer(
    stream: BinaryIO, schema: pa.Schema, stamp: Mapping[str, str] | None = None
) -> pq.ParquetWriter:
    """Returns a writer whose options give the same bytes for the same batches.

    Args:
        stream: takes the file.
        schema: of the table.
        stamp: what the footer states beside it, by names.
    """
    return pq.ParquetWriter(stream, schema.with_metadata(stamp), **_PARQUET_OPTIONS)


def digest_file(path: str) -> tuple[int, str]:
    """Returns size in bytes and xxh3-64 (hex) of a file."""
    return digest_range(path, 0, sys.maxsize)


def digest_range(path: str, start: int, stop: int) -> tuple[int, str]:
    """Returns size in bytes and xxh3-64 (hex) of the bytes [start, stop) of a file."""
    digest, left_bytes = xxhash.xxh3_64(), stop - start
    with open_input(path) as stream:
        if start:
            stream.seek(start)
        while chunk := stream.read(min(left_bytes, 1 << 20)):
            digest.update(chunk)
            left_bytes -= len(chunk)
    return stop - start - left_bytes, digest.hexdigest()


def _make_parent(target: str) -> None:
    """Makes the folder of a file where the file system has folders that must exist."""
    folder = file_system(target).split(target)[0]
    if has_folders(target) and not exists(folder):
        try:
            file_system(folder).mkdirs(folder)
        except OSError:  # another worker made it first
            if not exists(folder):
                raise


def _seekable(stream: BinaryIO) -> Any:
    return stream if stream.seekable() else io.BytesIO(stream.read())
