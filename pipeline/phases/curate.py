"""Phase CURATE: every record read, every document measured, every rule asked. A map, no shuffle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from massivetext.config import (
    FAILED_SHARE_RECORDS,
    Config,
    without_places,
)
from massivetext.events import tell
from massivetext.filters.language import require_labels
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, balances, merge_counts
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.costs import Costs, Forecast
from massivetext.pipeline.phases.curate_item import CurateItem, OpenRecords, open_records
from massivetext.pipeline.phases.documents import load_models
from massivetext.pipeline.phases.edits import (
    CuratedItem,
    curate_findings,
)
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.named_files import checksums_of
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.step_code import code_told, stated_steps


def stated(config: Config) -> dict[str, Any]:
    """Returns the settings that the phase's results depend on."""
    sections: dict[str, Any] = {
        "output": {"rejected_text": config.rejected_text},
        "limits": {"record_bytes": config.limits.record_bytes},
        "source": tuple(
            replace(source, path="", path_list="", path_prefix="", missing="fail")
            for source in config.sources
        ),
        "language": config.language,
        "safesearch": config.safesearch,
        "opt_outs": config.opt_outs,
        "extraction": config.extraction,
        "quality": config.quality,
        "repetition": config.repetition,
    }
    if config.tokenizer.model:  # which counts the tokens of each document
        sections["tokenizer"] = config.tokenizer
    return sections | stated_steps(config)


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns everything that the phase's results depend on."""
    sections = stated(job.config)
    return {
        **{name: without_places(section) for name, section in sections.items()},
        "lists and models": checksums_of(sections),
        "inputs": {item.name: item.identity[1:] for item in items},
    }


def curate(run: PhaseRun, read: OpenRecords = open_records) -> Manifest:
    """Curates all items; skips those that are committed."""
    work = CurateItem(run.job.config, run.job.output, run.item_key, run.stamp, read)
    step = Map("read", run.items, work, CuratedItem, key=run.item_key)
    results = run.steps.run(step)
    run.steps.forget_faults(step)
    _require_few_failures(run, results)
    unbalanced = [name for name, result in results.items() if not balances(result.ledger)]
    if unbalanced:
        raise RunError(f"the ledger of {unbalanced[0]} does not balance")
    return run.manifest(results, curate_findings(run.items, results))


def _require_few_failures(run: PhaseRun, results: Mapping[str, ItemResult[CuratedItem]]) -> None:
    """Checks that most records of each source could be read.

    Raises:
        RunError: naming the source, and the first of its failures.
    """
    config = run.job.config
    for number, source in enumerate(config.sources):
        items = [item for item in run.items if item.source == number]
        ledger = Counter[str](merge_counts(results[item.name].ledger for item in items))
        failed, records = ledger["failed"], ledger["in"] - ledger["skipped"]
        most = config.limits.max_failed_share * records
        if failed > most and records >= FAILED_SHARE_RECORDS:
            first = next(item for item in items if results[item.name].ledger["failed"])
            raise RunError(
                f"source '{source.subset}': {failed:,} of {records:,} records failed, more than "
                f"limits.max_failed_share = {config.limits.max_failed_share:g}; the first is in "
                f"{_first_failure(run.job, first)}; fix the source, or raise the share"
            )


def _first_failure(job: Job, item: WorkItem) -> str:
    failed = store.read_table(job.path(f"failed/{item.name}.parquet"))
    (row,) = failed.slice(0, 1).to_pylist()
    return f"{row['file']} at {row['offset']}: {row['error']}"


def check(config: Config) -> None:
    """Loads every model and list that the phase needs, and asks whether they fit the rules.

    Says what of the lists does not count.
    """
    if said := code_told(config):
        tell("code", said)
    models = load_models(config)
    if any(source.language for source in config.sources):
        require_labels(config.language.keep, models.language)
    for warning in models.safesearch.warnings:
        tell("warning", warning, level="warning")


def _reads(forecast: Forecast) -> float:
    """Records, and before them the same bytes for their checksums, but on stores."""
    patterns = [pattern for source in forecast.config.sources for pattern in source.patterns]
    is_hashed = not any("://" in pattern for pattern in patterns)
    return forecast.input_bytes * (2 if is_hashed else 1)


PHASE: Final = PhaseWork(settings, curate, Costs(reads=_reads), check, stated=stated)
