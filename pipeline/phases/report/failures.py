"""Inputs that could not be read: how many by cause, and the first of them with their places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.plan import WorkItem

SHOWN_FAILURES: Final = 20
"""Our choice: `failed/` has all of them."""

_CAUSE_CHARACTERS: Final = 200
_CAUSES: Final = 100
"""Our choice: causes of an item that are told apart; damage knows a few, all else is the rest."""

OTHER_CAUSES: Final = "other causes"

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER: Final = re.compile(r"(?<![\w-])(?:0x[0-9a-f]+|[0-9]+(?:[,.][0-9]+)*)(?!\w)")
"""A number, but none that belongs to a name, as in UTF-8."""


@dataclass(frozen=True)
class Failure:
    """A record that could not be read.

    Attributes:
        item: its work item, which is named after the file.
        row: in `failed/`.
        offset: where it lies in the file, in bytes, lines or rows.
        source_id: its name as far as that could be read.
        error: what was found.
    """

    item: str
    row: int
    offset: int
    source_id: str
    error: str


def cause_of(error: str) -> str:
    """Returns an error without what differs from record to record: numbers and quoted words."""
    return _NUMBER.sub("N", _QUOTED.sub("'...'", error))[:_CAUSE_CHARACTERS]


@dataclass(frozen=True)
class TellFailures:
    """Counts the failed records of an item by cause.

    Attributes:
        output: the output folder.
    """

    output: str

    def __call__(self, item: WorkItem) -> ItemResult[Failure]:
        """Returns the counts as statistics, and the first failures."""
        columns = ["row", "offset", "source_id", "error"]
        path = store.below(self.output, f"failed/{item.name}.parquet")
        table = store.read_table(path, columns)
        causes = Counter(map(cause_of, table["error"].to_pylist())).most_common()
        told = dict(causes[:_CAUSES])
        if rest := sum(count for _, count in causes[_CAUSES:]):
            told[OTHER_CAUSES] = rest
        first = table.slice(0, SHOWN_FAILURES).to_pylist()
        return ItemResult(
            statistics={"causes": told} if told else {},
            found=tuple(
                Failure(
                    item.name,
                    row["row"],
                    row["offset"],
                    (row["source_id"] or "")[:_CAUSE_CHARACTERS],
                    row["error"][:_CAUSE_CHARACTERS],
                )
                for row in first
            ),
        )


def failures_record(results: Iterable[ItemResult[Failure]], causes: Any) -> dict[str, Any]:
    """Returns `failures` of `funnel.json`.

    Args:
        results: of every item.
        causes: the counts of all items, added up.
    """
    found = sorted(
        (failure for result in results for failure in result.found),
        key=lambda failure: (failure.item, failure.row),
    )
    return {"causes": causes, "first": [vars(failure) for failure in found[:SHOWN_FAILURES]]}
