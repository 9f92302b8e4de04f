"""Own edits of texts, and what they have changed: counts, and a few examples for the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from massivetext.config import plain
from massivetext.filters.step_functions import LoadedStep, StepError, edit_texts
from massivetext.own_steps import EditStep
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.recognition import ReadPart

SHOWN_CHANGES: Final = 5
"""Our choice: enough to see what an edit does, and one look at them all."""

_SHOWN_CHARACTERS: Final = 200
"""Our choice: of a text around its first change, as for the passages of rules."""

_BEFORE_CHANGE: Final = 40
"""Our choice: of these, so many before the change."""


@dataclass(frozen=True)
class EditedText:
    """A document that an edit has changed, around the first place where it has.

    Attributes:
        edit: its name.
        id: of the document.
        before: the text as the edit found it.
        after: as it left it.
    """

    edit: str
    id: str
    before: str
    after: str


@dataclass(frozen=True)
class EditChanges:
    """What an edit has done to some texts.

    Attributes:
        edit: its name.
        counts: `documents` that it was given, those `changed`, and all bytes before and after.
        examples: the first that it changed.
    """

    edit: str
    counts: Mapping[str, int]
    examples: tuple[EditedText, ...]


@contextmanager
def told_as_run_errors() -> Iterator[None]:
    """Lets a failed step end the run: a RunError is what every runner hands back."""
    try:
        yield
    except StepError as error:
        raise RunError(str(error)) from error


def apply_edits(
    steps: Iterable[LoadedStep[EditStep]], texts: Sequence[str], columns: pa.Table
) -> tuple[list[str], tuple[EditChanges, ...]]:
    """Returns what edits, one behind another, make of texts, and what each has changed.

    Args:
        steps: the edits in their order.
        texts: of some documents; lines end with LF, and do so again behind each edit.
        columns: what is known of these documents.

    Raises:
        RunError: if an edit fails.
    """
    current, changes = list(texts), []
    for loaded in steps:
        with told_as_run_errors():
            array = edit_texts(loaded, pa.array(current, pa.large_string()), columns)
        edited = [_unix_lines(text) for text in array.to_pylist()]
        changes.append(_changes(loaded.step.name, current, edited, columns))
        current = edited
    return current, tuple(changes)


def _changes(
    edit: str, before: Sequence[str], after: Sequence[str], columns: pa.Table
) -> EditChanges:
    changed = [number for number, text in enumerate(before) if text != after[number]]
    examples = [
        EditedText(edit, columns["id"][n].as_py(), *_around(before[n], after[n]))
        for n in changed[:SHOWN_CHANGES]
    ]
    counts = {
        "documents": len(before),
        "changed": len(changed),
        "bytes_before": sum(len(text.encode()) for text in before),
        "bytes_after": sum(len(text.encode()) for text in after),
    }
    return EditChanges(edit, counts, tuple(examples))


def _around(before: str, after: str) -> tuple[str, str]:
    """Returns both texts around their first difference."""
    pairs = enumerate(zip(before, after, strict=False))
    first = next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, first - _BEFORE_CHANGE)
    return before[start : start + _SHOWN_CHARACTERS], after[start : start + _SHOWN_CHARACTERS]


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def edit_statistics(changes: Iterable[EditChanges]) -> dict[str, Any]:
    """Returns the counts of edits by name, to be merged by adding."""
    return {change.edit: dict(change.counts) for change in changes}


def first_changes(examples: Iterable[EditedText]) -> list[EditedText]:
    """Returns the first examples of each edit, in their order."""
    shown: dict[str, list[EditedText]] = {}
    for example in examples:
        of_edit = shown.setdefault(example.edit, [])
        if len(of_edit) < SHOWN_CHANGES:
            of_edit.append(example)
    return [example for of_edit in shown.values() for example in of_edit]


@dataclass(frozen=True)
class CuratedItem:
    """What an item tells beside its tables.

    Attributes:
        shares: the checksum of its share of its file (`recognition.read_part`).
        edited: the first examples of what own edits change.
    """

    shares: tuple[ReadPart, ...]
    edited: tuple[EditedText, ...]


def curate_findings(
    items: Iterable[WorkItem], results: Mapping[str, ItemResult[CuratedItem]]
) -> dict[str, Any]:
    """Returns the counts of all items by subset, and the first examples of what edits change."""
    findings = merge_counts(result.statistics for result in results.values())
    for item in items:
        edited = results[item.name].only.edited
        if edited:
            of_subset = findings[item.subset]
            known = (EditedText(**text) for text in of_subset.get("edit_examples", ()))
            of_subset["edit_examples"] = plain(first_changes([*known, *edited]))
    return findings
