"""Lists of domains on disk, and which of their entries a host name or URL falls under.

Three layouts: a folder in UT1's layout (files `domains` and `urls`, in the folder itself or in its
`adult` folder), the same in a tar archive (datatrove ships one), and files with an entry a line, in
all the ways of `filters.list_entries`. An entry covers its subdomains. Entries that are a public
suffix, under which strangers register (`blogspot.com`), are refused: they would take everyone with
them. What is refused, and lines that are no entries, are counted.

A list is read once on a machine; its hashes then lie in a file of the user's cache folder that all
processes share (`massivetext.shared_file`).
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.config import ConfigError
from massivetext.content_cache import digest_files, load_by_content
from massivetext.filters import host_table
from massivetext.filters.host_table import HostTable, LeftOut, map_table, table_of, write_hosts
from massivetext.filters.hosts import is_address, split_url
from massivetext.filters.list_entries import entries_of
from massivetext.filters.public_suffixes import public_suffixes, public_suffixes_digest
from massivetext.shared_file import shared_file

UT1_FILES: Final = ("domains", "urls")
"""Names of the list files in UT1's layout."""

_BLOCK_BYTES: Final = 1 << 22
"""Our choice: lists are read and hashed in blocks of four megabytes."""


@dataclass(frozen=True, eq=False)
class DomainList:
    """A set of domains and URL prefixes."""

    table: HostTable = field(default_factory=HostTable)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the lists does not count, a line for each kind."""
        kinds = (
            (self.table.refused, "public suffixes, under which strangers register, refused"),
            (self.table.ignored, "lines ignored, neither a domain nor a URL"),
        )
        return tuple(f"{part.count:,} {name}: {part}" for part, name in kinds if part.count)

    def covered(self, hosts: Iterable[str]) -> set[str]:
        """Returns the hosts that are listed themselves or below a listed domain."""
        return {host for host in hosts if self.covers_path(host, "")}

    def covers_url(self, url: str) -> bool:
        """Whether the URL's host is covered, or a prefix host/part/... of the URL is listed."""
        return self.covers_path(*split_url(url))

    def covers_path(self, host: str, path: str) -> bool:
        """Whether a URL is covered, given its host and path as `split_url` returns them."""
        if not host or not len(self.table.hashes):
            return False
        name = host.encode(errors="replace")
        text = name + b"/" + path.encode(errors="replace") if path else name
        table = self.table
        return _covers()(text, len(name), table.hashes, table.starts)


@lru_cache(maxsize=1)
def _covers() -> Callable[..., bool]:
    """Returns the kernel; an import statement for each page would take longer than it does."""
    from massivetext.filters.host_kernel import covers

    compiled: Callable[..., bool] = covers
    return compiled


def load_domain_list(paths: Sequence[str], category: str) -> DomainList:
    """Returns the entries of all lists, loaded once a process for each content of their files.

    Args:
        paths: folders, tar archives or files.
        category: in a folder or archive with a folder a category, the one to read.

    Raises:
        ConfigError: if a path does not exist or holds no list.
    """
    files = tuple(file for path in paths for file in _list_files(Path(path), category))
    digest = digest_files(files, category, str(host_table.VERSION), public_suffixes_digest())
    return load_by_content(_Lists(files, category, digest), digest, _load_lists)


class _Lists(NamedTuple):
    """Files and archives with entries, the category to read from archives, and their checksum."""

    files: tuple[Path, ...]
    category: str
    digest: str


def _load_lists(lists: _Lists) -> DomainList:
    if not lists.files:
        return DomainList()
    made: list[HostTable] = []

    def write(stream: BinaryIO) -> None:
        made.append(made.pop() if made else _read_lists(lists))
        write_hosts(stream, made[0])

    shared = shared_file("domain-lists", f"{lists.digest}.hosts", map_table, write)
    if shared is None:  # nowhere to keep it
        shared = made[0] if made else _read_lists(lists)
    return DomainList(shared)


def _read_lists(lists: _Lists) -> HostTable:
    """Returns the entries of all files."""
    hashes = bytearray()  # grows in place
    refused = ignored = LeftOut()
    suffixes, tables = public_suffixes(), _suffix_tables()
    for block in _blocks(lists):
        plain, others = _hash_block(block, tables)
        hashes += plain.data
        for line in others:
            entries = entries_of(line)
            if entries is None:
                ignored = ignored.plus(line)
            for entry in entries or ():
                if not is_address(entry) and "/" not in entry and suffixes.is_suffix(entry):
                    refused = refused.plus(entry)
                else:
                    hashes += _hash_entry(entry)
    return table_of(np.frombuffer(hashes, np.uint64), refused, ignored)


def _hash_block(block: bytes, suffixes: _Tables) -> tuple[NDArray[np.uint64], Iterator[str]]:
    """Returns the hashes of a block's plain lines, and the other lines."""
    from massivetext.filters.list_kernel import hash_lines

    hashes, others = hash_lines(np.frombuffer(block, np.uint8), *suffixes)
    return hashes, (block[a:b].decode(errors="replace") for a, b in others.tolist())


_Tables = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _suffix_tables() -> _Tables:
    """Returns the public suffixes as `hash_lines` takes them."""
    suffixes = public_suffixes()
    names, wildcards, exceptions = (
        np.frombuffer(b"".join(map(_hash_entry, sorted(group))), np.uint64)
        for group in (suffixes.names, suffixes.wildcards, suffixes.exceptions)
    )
    table = table_of(names.copy())
    return table.hashes, table.starts, wildcards, exceptions


def _hash_entry(entry: str) -> bytes:
    from massivetext.filters.list_kernel import hash_of_entry

    host = entry.partition("/")[0].encode(errors="replace")
    text = np.frombuffer(entry.encode(errors="replace"), np.uint8)
    return np.uint64(hash_of_entry(text, len(host))).tobytes()


def _blocks(lists: _Lists) -> Iterator[bytes]:
    """Yields the lists in blocks of whole lines; a line longer than a block is divided."""
    for file in lists.files:
        for opened in _streams(file, lists.category):
            with opened as stream:
                rest = b""
                while piece := stream.read(_BLOCK_BYTES):
                    lines, newline, rest = (rest + piece).rpartition(b"\n")
                    if lines or newline:
                        yield lines
                    elif len(rest) >= _BLOCK_BYTES:
                        yield rest
                        rest = b""
                yield rest


def _streams(file: Path, category: str) -> Iterator[IO[bytes]]:
    """Yields the list files of an archive, or the file itself, open."""
    if not tarfile.is_tarfile(file):
        yield file.open("rb")
        return
    is_found = False
    with tarfile.open(file) as archive:
        for member in archive:
            if _is_list(member, category):
                is_found = True
                content = archive.extractfile(member)
                assert content is not None  # it is a file
                yield content
    if not is_found:
        raise ConfigError(
            f"safesearch: {file} holds no domain list; expected '{category}/domains' in it"
        )


def _is_list(member: tarfile.TarInfo, category: str) -> bool:
    name = PurePosixPath(member.name)
    is_named = name.name in UT1_FILES and name.parent.name in (category, "", ".")
    return member.isfile() and is_named


def _list_files(path: Path, category: str) -> list[Path]:
    """Returns the files that a path stands for: those of a folder, or the file itself."""
    if path.is_dir():
        return _ut1_files(path, category)
    if path.is_file():
        return [path]
    raise ConfigError(f"safesearch: no domain list at {path}; expected a folder or file")


def _ut1_files(folder: Path, category: str) -> list[Path]:
    for candidate in (folder, folder / category):
        files = [candidate / name for name in UT1_FILES if (candidate / name).is_file()]
        if files:
            return files
    raise ConfigError(
        f"safesearch: {folder} holds no domain list; expected the files 'domains' or 'urls' in it "
        f"or in its folder '{category}'"
    )
