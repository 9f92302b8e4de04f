"""Files that are made once for all processes of a machine, under a name that says what is in them.

Whoever comes first makes the file; others that come meanwhile wait for it. It appears whole, by one
rename, so that a process that dies leaves nothing that another would read.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from massivetext.cache_folders import cache_folders

try:
    import fcntl
except ImportError:  # not on Windows: there every process that comes early makes the file
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

_MOST_FILES: Final = 8
"""Our choice: files that were used last and stay in a folder; content that changes has new names"""


def shared_file(
    kind: str, name: str, read: Callable[[Path], T | None], write: Callable[[BinaryIO], None]
) -> T | None:
    """Returns what `read` makes of a file of a cache, which `write` fills where it is missing.

    Args:
        kind: name of the folder.
        name: of the file: a checksum of all that it depends on.
        read: returns None if the file is absent or damaged; it is then rebuilt.
        write: writes the content.

    Returns:
        None if no cache folder can be written to. What `write` raises comes through, but for an
        OSError: the next folder is tried.
    """
    for folder in cache_folders(kind):
        path = folder / name
        found = read(path)
        if found is None:
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                found = _make(path, read, write)
        if found is not None:
            with contextlib.suppress(OSError):
                os.utime(path)  # used now
            return found
    return None


def _make(
    path: Path, read: Callable[[Path], T | None], write: Callable[[BinaryIO], None]
) -> T | None:
    with _locked(path.with_suffix(".lock")):
        found = read(path)  # another process may have made it while this one waited
        if found is None:
            _write_whole(path, write)
            _forget_old(path)
            found = read(path)
    return found


def _write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    try:
        with open(handle, "wb") as stream:
            write(stream)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def _forget_old(path: Path) -> None:
    """Deletes what was not used for longest; processes that still map a file keep its content."""
    files = [file for file in path.parent.iterdir() if file.suffix == path.suffix]
    files.sort(key=lambda file: (file.stat().st_mtime, file.name), reverse=True)
    for file in files[_MOST_FILES:]:
        file.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock, which ends with the process that holds it, however it ends."""
    with path.open("ab") as stream:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield
