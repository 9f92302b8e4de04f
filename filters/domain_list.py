"""Lists of domains on disk, and which of their entries a host name or URL falls under.

Three layouts: a folder in UT1's layout (files `domains` and `urls`, in the folder itself or in its
`adult` folder), the same in a tar archive (datatrove ships one), and files with a domain or a
hosts-file line each. An entry covers its subdomains. Entries that are a public suffix, under which
strangers register (`blogspot.com`), are refused: they would take everyone with them.
"""

from __future__ import annotations

import importlib.resources
import ipaddress
import logging
import re
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import xxhash

from massivetext.config import ConfigError
from massivetext.content_cache import digest_files, load_by_content

UT1_FILES: Final = ("domains", "urls")
"""Names of the list files in UT1's layout."""

_MOST_PATH_PARTS: Final = 4  # our choice: UT1's `urls` are nearly all host/part or host/part/part
_PLAIN_NAME: Final = re.compile(rb"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_SHOWN_REFUSALS: Final = 10
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublicSuffixes:
    """The public suffix list: under which names strangers register domains.

    Attributes:
        names: rules without a wildcard, as ASCII (IDNA).
        wildcards: what stands behind `*.` in the others.
        exceptions: names that a wildcard does not cover.
    """

    names: frozenset[str]
    wildcards: frozenset[str]
    exceptions: frozenset[str]

    def is_suffix(self, domain: str) -> bool:
        """Whether a domain is itself a public suffix; every top-level name is one."""
        if domain in self.exceptions:
            return False
        return (
            domain in self.names or "." not in domain or domain.partition(".")[2] in self.wildcards
        )

    def registered_domain(self, host: str) -> str:
        """Returns the part of a host name that somebody registered; IP addresses as they are.

        A host that is a public suffix itself is returned as it is.
        """
        if _is_address(host):
            return host
        candidate = host
        while "." in candidate:
            parent = candidate.partition(".")[2]
            if self.is_suffix(parent):
                return candidate
            candidate = parent
        return host


@lru_cache(maxsize=1)
def public_suffixes() -> PublicSuffixes:
    """Returns the list as the package `tld` carries it, private section included."""
    file = importlib.resources.files("tld") / "res" / "effective_tld_names.dat.txt"
    names: set[str] = set()
    wildcards: set[str] = set()
    exceptions: set[str] = set()
    for line in file.read_text(encoding="utf-8").splitlines():
        rule = line.partition(" ")[0].strip()
        if not rule or rule.startswith("//"):
            continue
        if rule.startswith("!"):
            exceptions.add(ascii_name(rule[1:]))
        elif rule.startswith("*."):
            wildcards.add(ascii_name(rule[2:]))
        else:
            names.add(ascii_name(rule))
    return PublicSuffixes(frozenset(names), frozenset(wildcards), frozenset(exceptions))


def ascii_name(host: str) -> str:
    """Returns a host name in lower case and ASCII (IDNA), without a dot at its end."""
    host = host.strip().strip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def host_of(url: str) -> str:
    """Returns the host of a URL without user, port and case, or ""."""
    try:
        return ascii_name(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    if not host or not (host[-1].isdigit() or ":" in host):
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class DomainList:
    """A set of domains and URL prefixes.

    Attributes:
        hashes: xxh3-64 of each entry, sorted (uint64[entries]): 4.6 million take 36 MB.
        refused: entries that were left out because they are public suffixes.
    """

    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    refused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.hashes)

    def covered(self, hosts: Iterable[str]) -> set[str]:
        """Returns the hosts that are listed themselves or below a listed domain."""
        pairs = [(host, name) for host in hosts for name in _names_above(host)]
        found = self._listed([name for _, name in pairs])
        return {host for (host, _), is_listed in zip(pairs, found, strict=True) if is_listed}

    def covers_url(self, url: str) -> bool:
        """Whether the URL's host is covered, or a prefix host/part/... of the URL is listed."""
        names = list(_names_above(host_of(url)))
        paths = _paths_above(url) if names else []
        prefixes = [f"{name}/{path}" for name in names for path in paths]
        return bool(self._listed([*names, *prefixes]).any())

    def _listed(self, entries: Sequence[str]) -> np.ndarray:
        """Returns whether each entry is in the list, bool[entries]."""
        keys = np.array([_hash(entry) for entry in entries], np.uint64)
        if not len(self):
            return np.zeros(len(keys), bool)
        places = np.minimum(np.searchsorted(self.hashes, keys), len(self) - 1)
        return np.asarray(self.hashes[places] == keys)


def _hash(entry: str) -> int:
    return xxhash.xxh3_64_intdigest(entry.encode())


def _names_above(host: str) -> Iterator[str]:
    """Yields the host and the domains above it, but not the top-level one."""
    while "." in host:
        yield host
        host = host.partition(".")[2]


def _paths_above(url: str) -> list[str]:
    """Returns the path's first part, its first two parts, ..., without slashes at the ends."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return []
    parts = [part for part in path.lower().split("/") if part][:_MOST_PATH_PARTS]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def load_domain_list(paths: Sequence[str], category: str) -> DomainList:
    """Returns the entries of all lists, loaded once a process for each content of their files.

    Args:
        paths: folders, tar archives or files.
        category: in a folder or archive with a folder a category, the one to read.

    Raises:
        ConfigError: if a path does not exist or holds no list.
    """
    files = tuple(file for path in paths for file in _list_files(Path(path), category))
    return load_by_content(_Lists(files, category), digest_files(files, category), _read_lists)


class _Lists(NamedTuple):
    """Files and archives with entries, and the category to read from archives."""

    files: tuple[Path, ...]
    category: str


def _read_lists(lists: _Lists) -> DomainList:
    """Returns the entries of all files; warns of those that it refuses."""
    suffixes = public_suffixes()
    refused: list[str] = []
    hashes = np.fromiter(
        (
            _hash(entry)
            for file in lists.files
            for entry in _entries(file, lists.category)
            if not _refuse(entry, suffixes, refused)
        ),
        np.uint64,
    )
    if refused:
        shown = ", ".join(refused[:_SHOWN_REFUSALS])
        _LOG.warning(
            "%d entries of the domain lists are public suffixes and were refused: %s%s",
            len(refused),
            shown,
            ", ..." if len(refused) > _SHOWN_REFUSALS else "",
        )
    return DomainList(np.unique(hashes), tuple(refused))


def _refuse(entry: str, suffixes: PublicSuffixes, refused: list[str]) -> bool:
    if "/" in entry or not suffixes.is_suffix(entry):
        return False
    refused.append(entry)
    return True


def _list_files(path: Path, category: str) -> list[Path]:
    """Returns the files that a path stands for: those of a folder, or the file itself."""
    if path.is_dir():
        return _ut1_files(path, category)
    if path.is_file():
        return [path]
    raise ConfigError(f"safesearch: no domain list at {path}; expected a folder or file")


def _entries(file: Path, category: str) -> Iterator[str]:
    if tarfile.is_tarfile(file):
        yield from _entries_of_archive(file, category)
    else:
        with file.open("rb") as lines:
            yield from _parse(lines)


def _ut1_files(folder: Path, category: str) -> list[Path]:
    for candidate in (folder, folder / category):
        files = [candidate / name for name in UT1_FILES if (candidate / name).is_file()]
        if files:
            return files
    raise ConfigError(
        f"safesearch: {folder} holds no domain list; expected the files 'domains' or 'urls' in it "
        f"or in its folder '{category}'"
    )


def _entries_of_archive(path: Path, category: str) -> Iterator[str]:
    is_found = False
    with tarfile.open(path) as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            if not member.isfile() or name.name not in UT1_FILES:
                continue
            if name.parent.name not in (category, "", "."):
                continue
            is_found = True
            content = archive.extractfile(member)
            assert content is not None  # it is a file
            yield from _parse(content)
    if not is_found:
        raise ConfigError(
            f"safesearch: {path} holds no domain list; expected '{category}/domains' in it"
        )


def _parse(lines: Iterable[bytes]) -> Iterator[str]:
    """Yields the entries of a list: a domain, URL or hosts-file line each, # begins a comment.

    Ad blockers write a domain as `||domain^`.
    """
    for line in lines:
        name = line.strip().lower()
        if _PLAIN_NAME.fullmatch(name):  # nearly every line of a large list
            yield name.decode()
            continue
        fields = line.partition(b"#")[0].decode(errors="replace").lower().split()
        if not fields:
            continue
        entry = fields[min(1, len(fields) - 1)]  # hosts file: address, name
        host, slash, path = entry.removeprefix("||").removesuffix("^").partition("/")
        host = ascii_name(host)
        if "." in host:  # hosts files also name localhost and the like
            yield f"{host}/{path.rstrip('/')}" if slash and path.rstrip("/") else host
