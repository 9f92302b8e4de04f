"""Which configuration keys are paths: a mark in the key's type, and one walk that finds the marks.

A key is marked where it is declared, `model: Annotated[str, PathKind.FILE] = ""`. Whatever treats
paths apart (anchoring, fingerprints, digests, checks before a run) asks `paths_of` or `map_paths`,
so that a new key needs its mark and no entry in any list.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import glob
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeVar, get_args, get_origin, get_type_hints


class PathKind(enum.Enum):
    """What lies at a configured path, and what of the path belongs to the identity of a run."""

    PATTERN = "pattern"
    """Files, or patterns of files, whose records are read: they count, the path does not."""
    RECORDS = "records"
    """Files whose records are read, each named in full: they count, the path does not."""
    FILE = "file"
    """A model or a list, or a folder of lists: its name counts, the folder above does not."""
    OUTPUT = "output"
    """Where results go: the path does not count."""


Paths = str | tuple[str, ...]
"""The value of a path key: one path or several."""

_Section = TypeVar("_Section")

_URL: Final = re.compile(r"[A-Za-z][-A-Za-z0-9+.]*://")
"""A path on another file system, as Beam tells it."""

_FILE_URL: Final = re.compile(r"(?i)file:(?://([^/]*))?(/.*)", re.DOTALL)
"""Host and path of a local file's URL (RFC 8089)."""

_ENCODED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
"""Characters of a URL that stand for themselves, wildcards too."""


class PathError(ValueError):
    """A path that cannot be used: what was found, and what to write."""


class ConfiguredPath(NamedTuple):
    """A path that a configuration names.

    Attributes:
        key: of the file, with its sections: `safesearch.domains`.
        path: as the configuration holds it; never empty.
        kind: what lies there.
    """

    key: str
    path: str
    kind: PathKind


def paths_of(section: object, key: str = "") -> Iterator[ConfiguredPath]:
    """Yields the paths below a section, in the order of its fields; empty ones are left out.

    Args:
        section: a config dataclass, or a list, tuple or mapping of such.
        key: of the section itself, for the keys of what is found in it.

    Raises:
        TypeError: if a marked key holds something else than a string or a tuple of strings.
    """
    if isinstance(section, Mapping):
        for name, value in section.items():
            yield from paths_of(value, _below(key, str(name)))
    elif isinstance(section, (list, tuple)):
        for value in section:
            yield from paths_of(value, key)
    elif dataclasses.is_dataclass(section) and not isinstance(section, type):
        kinds = _marks(type(section))
        for field in dataclasses.fields(section):
            value, place = getattr(section, field.name), _below(key, field.name)
            if field.name not in kinds:
                yield from paths_of(value, place)
                continue
            paths = _checked(value, place)
            for path in (paths,) if isinstance(paths, str) else paths:
                if path:
                    yield ConfiguredPath(place, path, kinds[field.name])


def map_paths(section: _Section, change: Callable[[Paths, PathKind], Paths]) -> _Section:
    """Returns a section with the value of every path key below it replaced.

    Args:
        section: a config dataclass, or a tuple of such; anything else is returned as it is.
        change: from the value of a path key, one path or several, to the new one.

    Raises:
        TypeError: as `paths_of`.
    """
    if isinstance(section, tuple):
        return type(section)(map_paths(value, change) for value in section)
    if not dataclasses.is_dataclass(section) or isinstance(section, type):
        return section
    kinds = _marks(type(section))
    values = {field.name: getattr(section, field.name) for field in dataclasses.fields(section)}
    changed = {
        name: change(_checked(value, name), kinds[name])
        if name in kinds
        else map_paths(value, change)
        for name, value in values.items()
    }
    return dataclasses.replace(section, **changed)


def each_path(paths: Paths, change: Callable[[str], str]) -> Paths:
    """Returns one path or several, each of them changed."""
    return change(paths) if isinstance(paths, str) else tuple(change(path) for path in paths)


def absolute_path(path: str, folder: str | Path = "", *, is_pattern: bool = False) -> str:
    """Returns a path from the root of its file system.

    Args:
        path: local, a `file:` URL, or a URL of another file system, which stays as it is.
        folder: where relative paths start; without one, in the current folder.
        is_pattern: whether wildcards in the path are wildcards; those in the folder's name and
            those that a `file:` URL encodes never are.

    Raises:
        PathError: if it is on another machine, or a name in it is not UTF-8.
    """
    local = _from_file_url(path, is_pattern) or path
    if _URL.match(local):
        return path
    start = os.path.abspath(folder)
    found = os.path.abspath(os.path.join(glob.escape(start) if is_pattern else start, local))
    if not has_text_names(found):
        raise PathError(f"{shown_path(found)}: a name in this path is not UTF-8; rename it")
    return found


def has_text_names(path: str) -> bool:
    """Whether all names in a path are text; those of local files may be any bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in path)


def shown_path(path: str) -> str:
    """Returns a path for a message: bytes that are not UTF-8 are written as numbers."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _from_file_url(path: str, is_pattern: bool) -> str:
    """Returns the local path of a `file:` URL; "" if it is none."""
    found = _FILE_URL.fullmatch(path)
    if found is None:
        return ""
    host, local = found.groups()
    if host and host.lower() != "localhost":
        raise PathError(f"{path} is on the machine '{host}'; write file:///... or a local path")
    return _ENCODED.sub(functools.partial(_decoded, is_pattern), local)


def _decoded(is_pattern: bool, encoded: re.Match[str]) -> str:
    text = urllib.parse.unquote(encoded[0], errors="surrogateescape")
    return glob.escape(text) if is_pattern else text


def file_name(path: str) -> str:
    """Returns the last part of a path; folders end with / or, on Windows, with a backslash."""
    return re.split(r"[/\\]", path)[-1]


@functools.cache
def _marks(section: type) -> dict[str, PathKind]:
    """Returns the marked fields of a dataclass; the mark may stand anywhere in the type."""
    hints = get_type_hints(section, include_extras=True)
    found = {name: next(_kinds(hint), None) for name, hint in hints.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def _kinds(hint: object) -> Iterator[PathKind]:
    if isinstance(hint, PathKind):
        yield hint
    elif get_origin(hint) is not None:
        metadata = getattr(hint, "__metadata__", ()) if get_origin(hint) is Annotated else ()
        for part in (*metadata, *get_args(hint)):
            yield from _kinds(part)


def _checked(value: object, key: str) -> Paths:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and all(isinstance(path, str) for path in value):
        return value
    raise TypeError(f"{key} is marked as a path but holds {value!r}; expected strings")


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
