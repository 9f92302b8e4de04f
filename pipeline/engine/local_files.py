"""Local files that a pattern matches; what it matches and nobody can read is named, never skipped.

Folders are read level by level, and no deeper than the pattern reaches.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from typing import Final, NamedTuple

from apache_beam.io.filesystem import FileMetadata

from massivetext.paths import has_text_names, shown_path
from massivetext.pipeline.engine.errors import StoreError
from massivetext.pipeline.engine.patterns import Pattern

_KINDS: Final = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_OWN_STREAMS: Final = ("/dev/stdin", "/dev/fd/", "/proc/")
"""Paths that are another file in each process."""

_SYSTEM_FOLDERS: Final = frozenset(("lost+found",))
"""At the root of a disk, for its administrator only, and with no files of a user."""


class UnusableInputError(StoreError):
    """Something that a path or pattern names and that cannot be read as a file."""


class Fault(NamedTuple):
    """What cannot be read, and why, and what to do."""

    path: str
    said: str


def matching_files(pattern: Pattern) -> list[FileMetadata]:
    """Returns the files that a pattern matches, in no order.

    Raises:
        UnusableInputError: if it matches what is no readable file; the first is named, all are
            counted.
    """
    search = _Search(pattern)
    if pattern.is_plain:
        search.look(pattern.path, matches=True)
    else:
        search.read_folder(_Folder(pattern.folder, above=_folders_above(pattern.folder)))
    if search.faults:
        path, said = min(search.faults)
        more = len(search.faults) - 1
        others = f" ({more} more cannot be read)" if more else ""
        raise UnusableInputError(f"{shown_path(path)} {said}{others}")
    return search.unique_files()


def said_of_folder(path: str) -> str:
    """Returns what is wrong with a folder as an input, and what to write."""
    return f"is a folder; write {path}/** for all files below it, or {path}/*.jsonl for some"


def kind_of_special_file(path: str) -> str:
    """Returns what a local path is that is there but is not a file and no folder, else ""."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = 0
    return _special_kind(path, mode)


def _special_kind(path: str, mode: int) -> str:
    if path.startswith(_OWN_STREAMS):
        return "an open stream of this process"
    return _KINDS.get(stat.S_IFMT(mode), "")


@dataclass(frozen=True)
class _Folder:
    """A folder to read.

    Attributes:
        path: ends with a slash, or is "" for the current folder.
        depth: how many parts of the pattern lie above its names.
        above: device and number of the folders that it lies in, by whatever way.
        by_link: whether a linked folder is on the way.
    """

    path: str
    depth: int = 0
    above: frozenset[tuple[int, int]] = frozenset()
    by_link: bool = False


class _Search:
    """Files and faults found so far."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.faults: list[Fault] = []
        self._direct: dict[str, tuple[FileMetadata, tuple[int, int]]] = {}
        self._by_link: dict[str, tuple[FileMetadata, tuple[int, int]]] = {}

    def unique_files(self) -> list[FileMetadata]:
        """Returns the files; one that links of folders lead to as well is there once."""
        seen = {number for _, number in self._direct.values()}
        files = [metadata for metadata, _ in self._direct.values()]
        for path in sorted(self._by_link):
            metadata, number = self._by_link[path]
            if number not in seen:
                seen.add(number)
                files.append(metadata)
        return files

    def read_folder(self, folder: _Folder) -> None:
        """Looks at what lies in a folder."""
        try:
            status = os.stat(folder.path or ".")
            entries = sorted(os.scandir(folder.path or "."), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return  # as without it: nothing matches
        except OSError as error:
            if os.path.basename(folder.path.rstrip("/")) not in _SYSTEM_FOLDERS:
                self.faults.append(Fault(folder.path, _said(error)))
            return
        above = folder.above | {(status.st_dev, status.st_ino)}
        for entry in entries:
            self._look_at(entry, folder, above)

    def _look_at(
        self, entry: os.DirEntry[str], folder: _Folder, above: frozenset[tuple[int, int]]
    ) -> None:
        path, depth = folder.path + entry.name, folder.depth
        is_deep = depth >= self.pattern.deep_from
        is_last = depth == len(self.pattern.parts) - 1
        if is_deep:
            matches, enters = bool(self.pattern.whole.fullmatch(path)), True
        else:
            fits = bool(self.pattern.parts[depth].fullmatch(entry.name))
            matches, enters = fits and is_last, fits and not is_last
        if not (matches or (enters and _may_be_folder(entry))):
            return
        by_link = folder.by_link or (entry.is_symlink() and _may_be_folder(entry))
        inside = _Folder(f"{path}/", depth + (not is_deep), above, by_link)
        self.look(path, matches, inside, enters)

    def look(
        self, path: str, matches: bool, inside: _Folder | None = None, enters: bool = False
    ) -> None:
        """Takes a file, enters a folder, or notes a fault."""
        try:
            status = os.stat(path)
        except OSError as error:
            is_gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
            if matches and (os.path.islink(path) or not is_gone):
                self.faults.append(Fault(path, _said_of_link(path, error)))
            return
        number = (status.st_dev, status.st_ino)
        if stat.S_ISDIR(status.st_mode):
            self._take_folder(path, number, enters, inside)
        elif matches:
            self._take_file(path, status, number, inside is not None and inside.by_link)

    def _take_folder(
        self, path: str, number: tuple[int, int], enters: bool, inside: _Folder | None
    ) -> None:
        if inside is not None and number in inside.above:
            said = "is a link to a folder that it lies in; delete it or use a narrower pattern"
            self.faults.append(Fault(path, said))
        elif enters and inside is not None:
            self.read_folder(inside)
        elif inside is None:
            self.faults.append(Fault(path, said_of_folder(shown_path(path))))
        elif _holds_files(path):
            said = (
                f"is a folder, which this pattern does not enter; add {shown_path(path)}/** to "
                "read all files below it, or write a pattern that leaves it out, such as "
                f"{shown_path(os.path.dirname(path))}/*.jsonl"
            )
            self.faults.append(Fault(path, said))

    def _take_file(
        self, path: str, status: os.stat_result, number: tuple[int, int], by_link: bool
    ) -> None:
        said = _fault_of_file(path, status)
        if said:
            self.faults.append(Fault(path, said))
            return
        found = self._by_link if by_link else self._direct
        found[path] = (FileMetadata(path, status.st_size, status.st_mtime), number)


def _fault_of_file(path: str, status: os.stat_result) -> str:
    """Returns why something that is there cannot be an input, or ""."""
    kind = _special_kind(path, status.st_mode)
    if kind:
        return f"is {kind}; inputs must be files: write it to one, or use a narrower pattern"
    if not has_text_names(path):
        return "has a name that is not UTF-8, and results are named after it; rename it"
    if "\\" in path and os.sep == "/":
        return "has a backslash in its name, which other systems take for a folder's; rename it"
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        return "may not be read by this user (permission denied); allow it, or leave it out"
    return ""


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _folders_above(folder: str) -> frozenset[tuple[int, int]]:
    """Returns device and number of the folders that a folder really lies in."""
    real = os.path.realpath(folder or ".")
    found: set[tuple[int, int]] = set()
    while (parent := os.path.dirname(real)) != real:
        real = parent
        with contextlib.suppress(OSError):
            status = os.stat(real)
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def _holds_files(folder: str) -> bool:
    return any(names for _, _, names in os.walk(folder))


def _said_of_link(path: str, error: OSError) -> str:
    if not os.path.islink(path):
        return _said(error)
    target = shown_path(os.readlink(path))
    if error.errno == errno.ELOOP:
        return f"is a link to {target}, which leads back to it; delete it"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"is a link to {target}, which does not exist; restore that, or delete the link"
    return _said(error)


def _said(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be read by this user (permission denied); allow it, or leave it out"
    return f"cannot be read: {error.strerror}"
