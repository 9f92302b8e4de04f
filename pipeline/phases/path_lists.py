"""Lists of input files: a path a line, as Common Crawl publishes them (`warc.paths.gz`).

Blank lines and those that begin with # do not count; a path that stands twice is read once. Lists
come from strangers: a path that leads out of the prefix is refused, as results are named after it.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from massivetext.config import ConfigError, Source
from massivetext.events import tell
from massivetext.paths import PathError, absolute_path
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.local_files import UnusableInputError
from massivetext.pipeline.readers import ReadContext
from massivetext.pipeline.readers.lines import Line, read_lines

_PATH_BYTES: Final = 4096
"""Longest path of Linux (PATH_MAX); URLs are shorter."""

_MOST_FILES: Final = 5_000_000
"""Our choice: more lines than any crawl has files; a list of more is something else."""

_LOOKS_AT_ONCE: Final = 16
"""Our choice: files on a store that are asked for at the same time."""

_SHOWN_FILES: Final = 3
"""Our choice: names of missing files in a message."""

_SCHEME = re.compile(r"[A-Za-z][-A-Za-z0-9+.]*://")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\]")
_IS_LIST = re.compile(r"\.paths(?:\.[a-z0-9]+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class InputFile:
    """A file of a source.

    Attributes:
        below: its name below the subset, with forward slashes.
        path: where it lies.
        size_bytes: 0 if it is missing.
        modified: as `WorkItem.modified`.
        is_missing: whether it is listed and not there.
    """

    below: str
    path: str
    size_bytes: int
    modified: float
    is_missing: bool = False


def listed_files(source: Source) -> list[InputFile]:
    """Returns the files that the lists of a source name, each once, in the order of the lists.

    Raises:
        ConfigError: if a list cannot be read or names what cannot be a file below its prefix; if a
            listed file is not a file; if one is missing, unless `missing` is "skip".
    """
    places: dict[str, str] = {}
    doubled = 0
    for path_list in source.path_lists:
        for line, path in _lines(source, path_list):
            below, place = _place(source, path_list, line, path)
            doubled += below in places
            if places.setdefault(below, place) != place:
                raise _error(source, path_list, line, f"{place} and {places[below]} share a name")
    if doubled:
        said = f"source '{source.subset}': {doubled:,} paths are listed twice; each is read once"
        tell("warning", said, level="warning")
    found = list(_look_up(source, places))
    _tell_missing(source, [file.path for file in found if file.is_missing], len(found))
    return found


def _lines(source: Source, path_list: str) -> Iterator[tuple[int, str]]:
    """Yields the offset and the path of each line that names one."""
    count = 0
    context = ReadContext(path_list, record_bytes=_PATH_BYTES)
    try:
        with store.open_input(path_list) as stream:
            for line in read_lines(stream, context, _as_it_is, "a path a line"):
                if not isinstance(line, Line):
                    said = getattr(line, "error", "it is not text")
                    raise _error(source, path_list, line.offset, said)
                try:
                    path = line.content.decode().strip()
                except UnicodeDecodeError:
                    raise _error(source, path_list, line.offset, "it is not UTF-8") from None
                if not path.startswith("#"):
                    count += 1
                    yield line.offset, path
                if count > _MOST_FILES:
                    said = f"it names more than {_MOST_FILES:,} files"
                    raise _error(source, path_list, line.offset, said)
    except OSError as error:
        raise ConfigError(
            f"source '{source.subset}': cannot read path_list {path_list}: "
            f"{error.strerror or error}"
        ) from None
    if not count:
        raise _error(source, path_list, 0, "it names no file; write a path a line")


def _as_it_is(line: Line, context: ReadContext) -> Line:
    del context
    return line


def _place(source: Source, path_list: str, line: int, path: str) -> tuple[str, str]:
    """Returns the name and the place of a listed path."""
    if _UNPRINTABLE.search(path):
        raise _error(source, path_list, line, f"{path!r} has a control character or a backslash")
    below = _SCHEME.sub("", path)
    parts = [part for part in below.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise _error(source, path_list, line, f"{path!r} leads out of the prefix; write it in full")
    if _IS_LIST.search(path):
        raise _error(source, path_list, line, f"{path!r} is a list itself; name it as path_list")
    if _SCHEME.match(path):
        place = path
    elif source.path_prefix:
        place = f"{source.path_prefix.rstrip('/')}/{path.lstrip('/')}"
    elif _SCHEME.match(path_list) and not path_list.lower().startswith("file:"):
        place = f"{path_list.rpartition('/')[0]}/{path.lstrip('/')}"
    else:
        place = path
    try:
        return "/".join(parts), absolute_path(place, path_list.rpartition("/")[0])
    except PathError as error:
        raise _error(source, path_list, line, str(error)) from None


def _look_up(source: Source, places: dict[str, str]) -> Iterable[InputFile]:
    """Returns the files at these places by their names; those on stores are asked for together."""

    def look(below: str) -> InputFile:
        path = places[below]
        try:
            found = store.match(glob.escape(path))
        except UnusableInputError as error:
            raise ConfigError(f"source '{source.subset}': {error}") from None
        except Exception as error:  # every file system has exceptions of its own
            raise ConfigError(f"source '{source.subset}': cannot look at {path}: {error}") from None
        if not found:
            return InputFile(below, path, 0, 0.0, is_missing=True)
        (file,) = found
        return InputFile(below, path, file.size_in_bytes, file.last_updated_in_seconds)

    if not any("://" in path for path in places.values()):
        return map(look, places)
    with ThreadPoolExecutor(_LOOKS_AT_ONCE) as threads:
        return list(threads.map(look, places))


def _tell_missing(source: Source, missing: list[str], count: int) -> None:
    if not missing:
        return
    names = ", ".join(missing[:_SHOWN_FILES]) + (", ..." if len(missing) > _SHOWN_FILES else "")
    said = (
        f"source '{source.subset}': {len(missing):,} of {count:,} listed files are missing: {names}"
    )
    if source.missing == "fail":
        raise ConfigError(f'{said}; fix the list, or set missing = "skip"')
    if len(missing) == count:
        raise ConfigError(f"{said}; check path_prefix")
    tell("warning", f"{said}; each run looks again", level="warning")


def _error(source: Source, path_list: str, offset: int, said: str) -> ConfigError:
    return ConfigError(f"source '{source.subset}': {path_list} at byte {offset}: {said}")
