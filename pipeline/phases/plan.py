"""What there is to do: every input file, or range of a splittable one, becomes a work item.

Items are numbered in the order of their names. A name is the subset and the file's path below its
source's root, so it depends neither on the order of a listing nor on where the folder lies.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from massivetext.config import Config, ConfigError, Source
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.local_files import UnusableInputError
from massivetext.pipeline.phases.path_lists import InputFile, listed_files
from massivetext.pipeline.readers import RANGE_BYTES, FileRange, split_file

_NAME_BYTES: Final = 255 - len(".00000.parquet")
"""What a name of a file may have on most disks, less what names of results add to it."""


@dataclass(frozen=True)
class WorkItem:
    """One file, or one range of it: the unit of work, of commitment and of restart.

    Attributes:
        number: place in the order of names; the high half of its documents' addresses.
        name: subset/path below the source's root, e.g. `books/shelf/a.jsonl.zst`; its results are
            `documents/<name>.parquet` and so on.
        subset: the subset its documents belong to.
        source: index of its `[[source]]` in the configuration.
        file: where to read.
        range: which part of the file.
        size_bytes: size of the file.
        modified: modification time, seconds since 1970, as the file system tells; of a file that
            was only touched or copied since it was read, the time that it had then.
        weight: stored bytes that it reads, about.
        is_missing: whether a list names the file and it is not there: it counts as skipped. Once it
            is there, the item is another one and is done anew.
        part: which of the items of its file it is, counted from 0.
        parts: how many items its file has.
    """

    number: int
    name: str
    subset: str
    source: int
    file: str
    range: FileRange
    size_bytes: int
    modified: float
    weight: float
    is_missing: bool = False
    part: int = 0
    parts: int = 1

    @property
    def identity(self) -> list[str | int | float]:
        """What must be the same for committed results of the item to stand.

        A file whose content is known to be the same keeps the time of the first run that read it
        (`pipeline.phases.recognition`).
        """
        return [self.name, self.range.start, self.range.stop, self.size_bytes, self.modified]


def plan(config: Config) -> list[WorkItem]:
    """Returns the work items of all sources, in the order of their names.

    Raises:
        ConfigError: if a path or pattern matches no file, or something that is no readable file.
    """
    items = [
        item
        for number, source in enumerate(config.sources)
        for item in _items_of_source(config, number, source)
    ]
    items.sort(key=lambda item: item.name)
    return [replace(item, number=number) for number, item in enumerate(items)]


def unsplit_files(items: Sequence[WorkItem]) -> dict[str, int]:
    """Returns the files that are larger than a range and yet one work item, and their bytes."""
    ranges = Counter(item.file for item in items)
    return {
        item.file: item.size_bytes
        for item in items
        if ranges[item.file] == 1 and item.size_bytes > RANGE_BYTES
    }


def _items_of_source(config: Config, number: int, source: Source) -> Iterator[WorkItem]:
    for input_file in _inputs_of_source(config, number, source):
        _check_name(source, input_file.path)
        size_bytes = input_file.size_bytes
        is_missing = input_file.is_missing
        whole = [FileRange(0, 0)]
        ranges = whole if is_missing else _ranges(source, input_file.path, size_bytes)
        for part, file_range in enumerate(ranges):
            suffix = f".{part:05d}" if len(ranges) > 1 else ""
            yield WorkItem(
                number=0,
                name=f"{source.subset}/{input_file.below}{suffix}",
                subset=source.subset,
                source=number,
                file=input_file.path,
                range=file_range,
                size_bytes=size_bytes,
                modified=input_file.modified,
                weight=_weight(size_bytes, file_range, ranges),
                is_missing=is_missing,
                part=part,
                parts=len(ranges),
            )


def _inputs_of_source(config: Config, number: int, source: Source) -> Iterator[InputFile]:
    """Yields the files of a source; where names must differ, `below` begins with what tells so."""
    patterns = source.patterns
    for index, pattern in enumerate(patterns):
        prefix = _prefix(config, number, index, len(patterns))
        matched = _match(source, pattern)
        root = store.root_of(pattern)
        for found in matched:
            below = found.path[len(root) :].lstrip("/\\").replace("\\", "/")
            yield InputFile(
                prefix + below,
                found.path,
                found.size_in_bytes,
                found.last_updated_in_seconds,
            )
    prefix = _prefix(config, number, 0, 1)
    for listed in listed_files(source):
        yield replace(listed, below=prefix + listed.below)


def _match(source: Source, pattern: str) -> list[store.FileMetadata]:
    try:
        found = store.match(pattern)
    except UnusableInputError as error:
        raise ConfigError(f"source '{source.subset}': {error}") from None
    except Exception as error:  # every file system has exceptions of its own
        raise ConfigError(f"source '{source.subset}': cannot list {pattern}: {error}") from None
    if not found:
        raise ConfigError(
            f"source '{source.subset}': no file matches {pattern}; {_advice(pattern)}"
            "check the path (relative paths start at the config file's folder)"
        )
    return found


def _check_name(source: Source, path: str) -> None:
    """Checks that the results can be named after a local file; stores allow longer names."""
    size_bytes = len(os.fsencode(os.path.basename(path)))
    if size_bytes > _NAME_BYTES and "://" not in path:
        raise ConfigError(
            f"source '{source.subset}': the name of {path} has {size_bytes} bytes, but results are "
            f"named after it and have room for {_NAME_BYTES}; give it a shorter one"
        )


def _advice(pattern: str) -> str:
    """Returns how to write a name with wildcards in it, if there is a file of this name."""
    if re.search(r"[*?[]", pattern) and store.exists(pattern):
        return f"for the file of just this name write {glob.escape(pattern)}; "
    return ""


def _ranges(source: Source, path: str, size_bytes: int) -> Sequence[FileRange]:
    opened: list[store.WatchedStream] = []

    def open_watched(path: str) -> BinaryIO:
        opened.append(store.WatchedStream(store.open_input(path)))
        return opened[-1].as_binary()

    try:
        ranges = split_file(source.format, path, size_bytes, open_watched)
    except OSError as error:
        raise ConfigError(f"source '{source.subset}': cannot read {path}: {error}") from None
    faults = [stream.fault for stream in opened if stream.fault is not None]
    if faults:  # what a reader took for a damaged file
        raise ConfigError(f"source '{source.subset}': cannot read {path}: {faults[0]}")
    return ranges


def _weight(size_bytes: int, file_range: FileRange, ranges: Sequence[FileRange]) -> float:
    """Returns a range's part of its file, whether ranges count bytes or row groups."""
    whole = ranges[-1].stop - ranges[0].start
    return size_bytes * (file_range.stop - file_range.start) / whole if whole else size_bytes


def source_of(config: Config, name: str) -> int:
    """Returns the index of the `[[source]]` that a work item of this name belongs to.

    Raises:
        ConfigError: if no source gives such names.
    """
    subset, _, below = name.partition("/")
    same_subset = [n for n, source in enumerate(config.sources) if source.subset == subset]
    if len(same_subset) > 1:
        number = below.partition("/")[0].removeprefix("source-")
        same_subset = [n for k, n in enumerate(same_subset) if str(k) == number]
    if not same_subset:
        raise ConfigError(f"no source of this configuration has the work item {name}")
    return same_subset[0]


def _prefix(config: Config, number: int, index: int, patterns: int) -> str:
    """Keeps names apart where several sources or patterns feed one subset."""
    same_subset = [
        n for n, s in enumerate(config.sources) if s.subset == config.sources[number].subset
    ]
    source_part = f"source-{same_subset.index(number)}/" if len(same_subset) > 1 else ""
    return source_part + (f"path-{index}/" if patterns > 1 else "")
