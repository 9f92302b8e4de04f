"""Inputs are known by content: a file that was only touched, or copied back, is the one we read.

Size and time of a file are trusted: where both are as they were, nothing is read. Where only the
time differs, the file is read once and its checksum compared with that of the run that read it;
if they agree, its items keep the time that they are known by (`WorkItem.identity`), so that all
their results stand. Checksums cost little: an item hashes its own share of its file just before it
reads it, so that the bytes come from memory the second time (xxh3: some GB a second).

Of objects on stores no checksum is kept, as they would have to be fetched twice: one that was
uploaded again is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.manifest import dump_record
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import PHASES, settings_path

_STEP: Final = f"phases/{PHASES[0].name}/read"

_TOUCHED: Final = "phases/touched.json"
"""Items of files that were found to be the same, by name: the time they are known by, and the one
that the file has now. So a file that was touched is hashed once."""


@dataclass(frozen=True)
class ReadPart:
    """What an item's share of its file was when the item was read.

    Attributes:
        xxh3: of the share: with n items, the n-th part of the file's bytes, whatever range of it
            the item covers. Shares make up the file, so that together they vouch for all of it.
    """

    xxh3: str


def read_part(item: WorkItem) -> tuple[ReadPart, ...]:
    """Returns the checksum of an item's share of its file; none if the file is on a store."""
    if item.is_missing or "://" in item.file:
        return ()
    start, stop = (item.size_bytes * n // item.parts for n in (item.part, item.part + 1))
    try:
        return (ReadPart(store.digest_range(item.file, start, stop)[1]),)
    except OSError:  # whoever reads the records meets it, too, and tells
        return ()


def recognized(output: str, items: Sequence[WorkItem]) -> list[WorkItem]:
    """Returns the items of a run, those of unchanged files with the time they are known by.

    Args:
        output: the output folder.
        items: as planned.
    """
    begun = store.read_record(store.below(output, settings_path(PHASES[0].name))) or {}
    before: Mapping[str, Any] = begun.get("inputs") or {}
    touched = store.read_record(store.below(output, _TOUCHED)) or {}
    by_file: dict[str, list[WorkItem]] = defaultdict(list)
    for item in items:
        if _is_touched(item, before):
            by_file[item.file].append(item)
    known: dict[str, list[float]] = {}
    for file_items in by_file.values():
        times = {item.name: [_time(before[item.name]), item.modified] for item in file_items}
        is_known = all(touched.get(name) == pair for name, pair in times.items())
        if is_known or _is_same(output, before, file_items):
            known |= times
    if known and known != touched:
        store.write_bytes(output, _TOUCHED, dump_record(known))
    return [replace(i, modified=known[i.name][0]) if i.name in known else i for i in items]


def _time(identity: Sequence[Any]) -> float:
    """Returns the time in an item's identity, as settings state it."""
    return float(identity[-1])


def _is_touched(item: WorkItem, before: Mapping[str, Any]) -> bool:
    """Whether of an item just the time is another one."""
    identity = before.get(item.name)
    if identity is None or item.is_missing:
        return False
    asked = item.identity[1:]
    return list(identity[:-1]) == asked[:-1] and identity[-1] != asked[-1]


def _is_same(output: str, before: Mapping[str, Any], items: Sequence[WorkItem]) -> bool:
    """Whether all shares of a file have the checksums that they had when they were read."""
    if len(items) < items[0].parts:
        return False
    pairs = ((read_part(item), _recorded(output, before, item)) for item in items)
    return all(found and found == recorded for found, recorded in pairs)


def _recorded(output: str, before: Mapping[str, Any], item: WorkItem) -> tuple[ReadPart, ...]:
    """Returns what an item's record says of its share, if it is of the file that settings name."""
    record = store.read_record(store.below(output, f"{_STEP}/{item.name}.json")) or {}
    if record.get("identity") != [item.name, *before[item.name]]:
        return ()
    found: Iterable[Mapping[str, Any]] = record.get("found") or ()
    return tuple(ReadPart(**share) for told in found for share in told.get("shares", ()))
