"""Phase EXCLUDE: documents that a list of take-downs names. A map over names; no text is read.

It follows from the documents alone, so that another list repeats this phase, and what comes after
it: no page is extracted again, and no duplicate is looked for again. It removes what the lists
name and nothing else:

- Copies that were removed because a named document won against them do not return: they would
  bring back what was to be taken down. Nobody survives of their chain.
- Where a named document has gone already, as a copy of one that is not named, that one stays. The
  row in `removed/` names it as the survivor, so that whoever wants it gone can list it as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from massivetext.config import Config, ConfigError, Exclude, plain, without_places
from massivetext.content_cache import load_by_content
from massivetext.paths import paths_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.costs import Costs
from massivetext.pipeline.phases.document_batches import documents_path
from massivetext.pipeline.phases.exclusions import Exclusions, entries
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.named_files import checksums_of
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import REMOVAL_SCHEMA

_NAME: Final = "exclude"
(_FOLDER,) = phase_named(_NAME).folders

REASON: Final = "excluded"

_LISTS: Final = f"phases/{_NAME}/lists.json"
"""What all lists name, for the workers."""


@dataclass(frozen=True)
class ExcludeItem:
    """Writes `exclusions/<name>.parquet`: an item's documents that a list names.

    Attributes:
        output: the output folder.
        lists_key: changes with the content of the lists, which processes keep.
        stamp: what the footers of its tables state.
    """

    output: str
    lists_key: str
    stamp: Mapping[str, str]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the ledger of the item, and how many documents each kind of list names."""
        exclusions = load_by_content(self.output, self.lists_key, read_exclusions)
        columns = list(dict.fromkeys(("id", "source_id", *exclusions.columns)))
        rows: list[dict[str, Any]] = []
        documents = 0
        for group in store.row_groups(documents_path(self.output, item.name)):
            documents += group.metadata.num_rows
            if exclusions.columns:
                rows += _named(exclusions, group.read(columns), group.first_row, item.subset)
        table = pa.Table.from_pylist(rows, REMOVAL_SCHEMA)
        entry = store.write_table(self.output, f"{_FOLDER}/{item.name}.parquet", table, self.stamp)
        ledger = {"documents": documents, "corpus": documents - len(rows), "removed": len(rows)}
        kinds = Counter(row["excluded_by"].partition(" ")[0] for row in rows)
        return ItemResult((entry,), ledger, {"excluded_by": dict(kinds)})


def _named(
    exclusions: Exclusions, names: pa.Table, first_row: int, subset: str
) -> Iterator[dict[str, Any]]:
    """Yields a row of `REMOVAL_SCHEMA` for each document that a list names."""
    for number, row in enumerate(names.to_pylist()):
        found = exclusions.named_by(row)
        if found is not None:
            yield {
                "row": first_row + number,
                "id": row["id"],
                "source_id": row["source_id"],
                "subset": subset,
                "reasons": [REASON],
                "excluded_by": found,
            }


def read_lists(config: Config) -> dict[str, list[str]]:
    """Returns what all lists name, by the keys of `[exclude]`, in order.

    Raises:
        ConfigError: if a list is missing, is no text, or a line of it names nothing.
    """
    found: dict[str, set[str]] = {}
    for named in paths_of(config.exclude):
        lines = _text(named.key, named.path).split("\n")
        found.setdefault(named.key, set()).update(entries(named.key, lines, named.path))
    return {key: sorted(names) for key, names in found.items()}


def _text(key: str, path: str) -> str:
    try:
        return store.read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(
            f"exclude.{key}: {path} is not UTF-8 text; expected one name per line"
        ) from None
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(
            f"exclude.{key}: {path} is not a file; expected a text file with one name per line"
        ) from None


def read_exclusions(output: str) -> Exclusions:
    """Returns what the lists of a run name, which has begun its phase `exclude`."""
    lists = json.loads(store.read_bytes(store.below(output, _LISTS)))
    return Exclusions(**{key: frozenset(names) for key, names in lists.items()})


def _list_step(run: PhaseRun) -> Map[WorkItem, None]:
    """Commits what the lists name; returns the step that looks for it."""
    lists = json.dumps(read_lists(run.job.config)).encode()
    store.write_bytes(run.job.output, _LISTS, lists)
    work = ExcludeItem(run.job.output, run.item_key, run.stamp)
    return Map("find", run.items, work, key=run.item_key)


def exclude(run: PhaseRun) -> Manifest:
    """Writes `exclusions/`: one file of named documents an item."""
    step = _list_step(run)
    run.steps.run_together(step, then=run.then)
    results = run.steps.run(step)
    return run.manifest(results, merge_counts(result.statistics for result in results.values()))


def stated(config: Config) -> dict[str, Exclude]:
    """Returns the settings that the phase's results depend on."""
    return {"exclude": config.exclude}


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns everything that the phase's results depend on."""
    del items
    lists = job.config.exclude
    return {"exclude": plain(without_places(lists)), "inputs": checksums_of(lists)}


def check(config: Config) -> None:
    """Reads all lists."""
    read_lists(config)


COSTS: Final = Costs(
    items="documents",
    reads=lambda forecast: forecast.footers("documents"),
)

PHASE: Final = PhaseWork(settings, exclude, COSTS, check, stated, _list_step, is_one_step=True)
