"""A Beam file system of the tests' own: it has the vices of object stores.

`objects://BUCKET/...` lies in a local folder. There are no folders, a rename is a copy and a
delete, a copy can stop halfway, and a test says which operation meets which fault:

    with faults(Fault("rename", halfway, after=3)): ...

An operation is open, read, create, rename or delete; `act` is called with source and target and
may raise, wait, or end the process.
"""

import errno
import io
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

SCHEME = "objects"
ROOT_VARIABLE = "MASSIVETEXT_TEST_OBJECTS"

Act = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Fault:
    """What happens at one operation, or several in a row.

    Attributes:
        kind: of the operation.
        act: gets the local paths of source and target (the same one unless it is a rename).
        after: how many operations of the kind, on paths that contain `where`, pass before.
        times: how many then meet the fault.
        where: part of the target's path.
    """

    kind: str
    act: Act
    after: int = 0
    times: int = 1
    where: str = ""


def fail(source: Path, target: Path) -> None:
    """The store does not answer."""
    raise BeamIOError(f"no answer for {target.name}")


def halfway(source: Path, target: Path) -> None:
    """A copy breaks off: half the object is there under its final name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    target.write_bytes(content[: len(content) // 2])
    raise BeamIOError(f"the connection broke at {target.name}")


def copied_only(source: Path, target: Path) -> None:
    """A rename copies, and then cannot delete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    raise BeamIOError(f"{source.name} cannot be deleted")


def full(source: Path, target: Path) -> None:
    """The disk is full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))


def read_only(source: Path, target: Path) -> None:
    """Nothing can be written."""
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(target))


def slow(source: Path, target: Path) -> None:
    """The store takes its time, long enough for another attempt to come by."""
    time.sleep(0.05)


class Plan:
    """The faults of the moment, every operation (kind, local path), and how many met a fault."""

    def __init__(self, *planned: Fault) -> None:
        self.lock = threading.Lock()
        self.planned = planned
        self.operations: list[tuple[str, str]] = []
        self.faults = 0

    def meet(self, kind: str, source: Path, target: Path) -> None:
        """Notes an operation; acts if it is one that a fault waits for."""
        with self.lock:
            self.operations.append((kind, str(target)))
            due = [fault for fault in self.planned if self._is_due(fault, kind, str(target))]
            self.faults += len(due)
        for fault in due:
            fault.act(source, target)

    def _is_due(self, fault: Fault, kind: str, path: str) -> bool:
        if kind != fault.kind or fault.where not in path:
            return False
        place = sum(k == kind and fault.where in p for k, p in self.operations) - 1
        return fault.after <= place < fault.after + fault.times


_plan = Plan()


@contextmanager
def faults(*planned: Fault) -> Iterator[Plan]:
    """Lets operations meet faults."""
    global _plan
    _plan = Plan(*planned)
    try:
        yield _plan
    finally:
        _plan = Plan()


class _Reader(io.FileIO):
    """An open object."""

    def __init__(self, local: Path) -> None:
        super().__init__(local)
        self.local = local

    def read(self, size: int | None = -1) -> Any:
        _plan.meet("read", self.local, self.local)
        return super().read(-1 if size is None else size)


class ObjectStore(FileSystem):
    """The file system of `objects://`."""

    CHUNK_BYTES = 1 << 16

    @classmethod
    def scheme(cls) -> str:
        return SCHEME

    def _local(self, path: str) -> Path:
        return Path(os.environ[ROOT_VARIABLE], path.removeprefix(f"{SCHEME}://"))

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        raise NotImplementedError("an object store has no folders")

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        root = Path(os.environ[ROOT_VARIABLE])
        for file in sorted(root.rglob("*")):
            path = f"{SCHEME}://{file.relative_to(root)}"
            if file.is_file() and path.startswith(dir_or_prefix):
                yield self.metadata(path)

    def create(self, path: str, mime_type: Any = "", compression_type: Any = "") -> Any:
        local = self._local(path)
        _plan.meet("create", local, local)
        local.parent.mkdir(parents=True, exist_ok=True)
        return open(local, "wb")

    def open(self, path: str, mime_type: Any = "", compression_type: Any = "") -> Any:
        local = self._local(path)
        _plan.meet("open", local, local)
        return _Reader(local)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            self._copy(self._local(source), self._local(target))

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(source, "rb") as reader, open(target, "wb") as writer:
            shutil.copyfileobj(reader, writer, self.CHUNK_BYTES)

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            from_, to = self._local(source), self._local(target)
            _plan.meet("rename", from_, to)
            self._copy(from_, to)
            from_.unlink(missing_ok=True)

    def exists(self, path: str) -> bool:
        return self._local(path).is_file()

    def size(self, path: str) -> int:
        return self.metadata(path).size_in_bytes

    def last_updated(self, path: str) -> float:
        return self.metadata(path).last_updated_in_seconds

    def checksum(self, path: str) -> str:
        return str(self.size(path))

    def metadata(self, path: str) -> FileMetadata:
        if not self.exists(path):
            raise BeamIOError(f"no object {path}")
        status = self._local(path).stat()
        return FileMetadata(path, status.st_size, status.st_mtime)

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            local = self._local(path)
            _plan.meet("delete", local, local)
            local.unlink(missing_ok=True)
