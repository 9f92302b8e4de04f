"""Files, wherever they lie: whatever Beam's file systems reach, read and written the same way.

A file appears under its name only when it is whole: it is written under a unique name in the
run's `tmp/` folder and renamed last. Two attempts at one file write the same bytes, so it does not
matter which of them wins. Where a rename is a copy, as on object stores, a crash may leave half a
file under the final name: so whatever says that a file stands knows its size, and a record that
cannot be parsed says nothing.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystem import FileMetadata as FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext.pipeline.engine.errors import StoreError

_Result = TypeVar("_Result")

_LOGGER = logging.getLogger(__name__)

_PARQUET_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,  # our choice: zstd's own default
    "use_dictionary": False,  # our choice: ids, urls and texts are nearly all distinct
}

PAUSES_SECONDS = (1.0, 5.0, 20.0)
"""Our choice: how long to wait before each further attempt."""

TEMPORARY: Final = "tmp"
"""Folder below an output folder for files on their way; empty when a run is finished."""

_LASTING_ERRORS: Final = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    )
)
"""Faults of a store that waiting does not mend."""


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
    return FileSystems.join(folder, *parts)


def below(folder: str, path: str) -> str:
    """Returns the path of a file below a folder from its relative path with forward slashes."""
    return FileSystems.join(folder, *path.split("/"))


def use_options(arguments: Sequence[str]) -> None:
    """Tells this process Beam's options for file systems: endpoints, credentials, projects.

    Workers of a runner are told by the runner; this is for the program itself.
    """
    FileSystems.set_options(PipelineOptions(list(arguments)))


def exists(path: str) -> bool:
    """Whether a file is there (or a folder, on file systems that have folders)."""
    return bool(with_retries(lambda: FileSystems.exists(path)))


def is_intact(output: str, entry: FileEntry) -> bool:
    """Whether a committed file is there and has its size."""
    path = below(output, entry.path)
    size_of = FileSystems.get_filesystem(path).size  # no pattern: names may hold brackets
    return exists(path) and with_retries(lambda: size_of(path)) == entry.size_bytes


def match(pattern: str) -> list[FileMetadata]:
    """Returns path, size and modification time of the files that a pattern matches, by path."""
    found = with_retries(lambda: FileSystems.match([pattern])[0].metadata_list)
    return sorted(found, key=lambda metadata: metadata.path)


def list_folder(folder: str) -> list[FileMetadata]:
    """Returns all files below a folder, by path; none if it does not exist."""
    return match(join(folder, "**"))


def sizes_below(output: str, folder: str) -> dict[str, int]:
    """Returns the sizes in bytes of all files of a folder, by their paths below `output`."""
    found = list_folder(below(output, folder))
    # The file system may write the root in another way than we do, but not what is below it.
    root = len(join(output, "")) if not output.endswith("/") else len(output)
    return {m.path[root:].replace("\\", "/"): m.size_in_bytes for m in found}


def match_below(path: str) -> list[FileMetadata]:
    """Returns a file, or all files below a folder."""
    return list_folder(path) or match(path)


def is_transient(error: OSError) -> bool:
    """Whether a retry may succeed; on a full disk, for example, it cannot."""
    errors: list[BaseException] = [error]
    for each in errors:  # grows while it is read: Beam wraps what its file systems raise
        causes = [each.__cause__, each.__context__]
        if isinstance(each, BeamIOError):
            causes += (each.exception_details or {}).values()
        errors += [cause for cause in causes if cause is not None and cause not in errors]
    if any(isinstance(e, StoreError) for e in errors):
        return False
    return not any(isinstance(e, OSError) and e.errno in _LASTING_ERRORS for e in errors)


def with_retries(operation: Callable[[], _Result]) -> _Result:
    """Runs an operation and returns its result; retries after a pause if the store failed.

    Raises:
        StoreError: if it went on failing; then nobody tries once more.
    """
    for attempt in attempts():
        with attempt:
            return operation()
    raise AssertionError("the last attempt returns or raises")


def attempts() -> Iterator[AbstractContextManager[None]]:
    """Yields an attempt at a time, until one ends well: a `with` block that may be run again.

    An attempt keeps passing faults of the store to itself; the last one raises `StoreError`. What
    fails in an operation that was already waited for is not tried again.
    """
    for pause_seconds in (*PAUSES_SECONDS, None):
        attempt = _Attempt(pause_seconds)
        yield attempt
        if attempt.is_done:
            return


def one_attempt() -> Iterator[AbstractContextManager[None]]:
    """Yields a single attempt, for work that the caller retries."""
    yield nullcontext()


class _Attempt(AbstractContextManager[None]):
    """A block that may fail, and the pause before the next one; None after the last."""

    def __init__(self, pause_seconds: float | None) -> None:
        self.pause_seconds, self.is_done = pause_seconds, False

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None or not isinstance(error, OSError) or not is_transient(error):
            self.is_done = True
            return False
        if self.pause_seconds is None:
            waited = f"{len(PAUSES_SECONDS) + 1} attempts in {sum(PAUSES_SECONDS):g} seconds"
            raise StoreError(f"{error}; {waited}") from error
        _LOGGER.warning("%s; trying again", error)
        time.sleep(self.pause_seconds)
        return True


def open_input(path: str) -> BinaryIO:
    """Opens a file for reading its bytes as they are, compressed or not."""
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


class WatchedStream:
    """A stream for reading that remembers when the store failed, and not the bytes.

    Attributes:
        fault: the last error of a read, or None.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.fault: OSError | None = None

    def as_binary(self) -> BinaryIO:
        """Returns this stream as what readers take."""
        return cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        """Reads as the stream does."""
        try:
            return self._stream.read(size)
        except OSError as error:
            self.fault = error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> WatchedStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()


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
    except ValueError:  # what a crash left of a copy
        return None
    return record if isinstance(record, dict) else None


def read_table(path: str, columns: list[str] | None = None) -> pa.Table:
    """Returns a Parquet file, or some of its columns."""
    with open_input(path) as stream:
        return pq.read_table(_seekable(stream), columns=columns)


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
    if exists(path):
        FileSystems.delete([path])
    elif not _has_folders(path) and (files := list_folder(path)):
        FileSystems.delete([metadata.path for metadata in files])


def delete_files(output: str, paths: Sequence[str]) -> None:
    """Deletes files below the folder `output`; those that are gone already do not matter."""
    present = [path for path in (below(output, path) for path in paths) if exists(path)]
    if present:
        FileSystems.delete(present)


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
    temporary = join(output, TEMPORARY, f"{uuid.uuid4().hex}-{path.rpartition('/')[2]}")
    target = below(output, path)
    raw = FileSystems.create(temporary, compression_type=CompressionTypes.UNCOMPRESSED)
    digesting = _Digesting(raw)
    pending = Commit(cast(BinaryIO, digesting))
    try:
        yield pending
        raw.close()
    except BaseException:
        raw.close()
        delete(temporary)
        raise
    _make_parent(target)
    FileSystems.rename([temporary], [target])
    pending.entry = FileEntry(path, digesting.size_bytes, digesting.digest.hexdigest())


def write_bytes(output: str, path: str, content: bytes) -> FileEntry:
    """Commits a whole file below the folder `output`."""

    def write() -> FileEntry:
        with commit(output, path) as pending:
            pending.stream.write(content)
        return pending.entry

    return with_retries(write)


def write_table(output: str, path: str, table: pa.Table) -> FileEntry:
    """Commits a table as a Parquet file (zstd) below the folder `output`."""
    with (
        commit(output, path) as pending,
        parquet_writer(pending.stream, table.schema) as writer,
    ):
        if table.num_rows:
            writer.write_table(table)
    return pending.entry


def parquet_writer(stream: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """Returns a writer whose options give the same bytes for the same batches."""
    return pq.ParquetWriter(stream, schema, **_PARQUET_OPTIONS)


def digest_file(path: str) -> tuple[int, str]:
    """Returns size in bytes and xxh3-64 (hex) of a file."""
    digest, size_bytes = xxhash.xxh3_64(), 0
    with open_input(path) as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            size_bytes += len(chunk)
    return size_bytes, digest.hexdigest()


def _make_parent(target: str) -> None:
    """Makes the folder of a file where the file system has folders that must exist."""
    folder = FileSystems.split(target)[0]
    if _has_folders(target) and not exists(folder):
        try:
            FileSystems.mkdirs(folder)
        except OSError:  # another worker made it first
            if not exists(folder):
                raise


def _has_folders(path: str) -> bool:
    return bool(FileSystems.get_filesystem(path).has_dirs())


def _seekable(stream: BinaryIO) -> Any:
    return stream if stream.seekable() else io.BytesIO(stream.read())
