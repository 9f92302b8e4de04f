"""Prints the end of a run: the funnel, the places of the results, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from massivetext.filters.rule import Stage
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.corpus import REASONS
from massivetext.pipeline.phases.report.funnel import funnel, read_dataset

RESULT_FOLDERS = {
    "corpus": "corpus",
    "shards": "sequences",
    "removed": "removed",
    "rejected": "rejected",
    "report": "report/index.html",
}

_NAMED: Final = 3
"""Our choice: so many files on a line; `report/funnel.json` has them all."""

_LOG_WIDTH = 160
"""Our choice: columns of our widest table."""


def print_summary(job: Job) -> None:
    """Prints the funnel and the places of the results."""
    counts = funnel(job)
    console = report_console()
    console.print(funnel_table(counts))
    dataset = read_dataset(job)
    if dataset:
        console.print(shards_table(dataset))
    if counts["incomplete_files"]:
        console.print(incomplete_line(counts["incomplete_files"]), soft_wrap=True, markup=False)
    for title, place in RESULT_FOLDERS.items():
        path = job.path(place)
        if store.match_below(path):
            console.print(f"{title:>9}  {path}", soft_wrap=True)
    if dataset:
        train = f"massivetext train {job.path('sequences')} --preset tiny --steps 50"
        console.print(f"\nnext       {train}", soft_wrap=True)
        console.print(f"           massivetext explain {job.output} ID_OR_URL", soft_wrap=True)


def incomplete_line(names: Sequence[str]) -> str:
    """Returns what to say of files that were not read to their end."""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    count = f"{len(names):,} files were" if len(names) > 1 else "1 file was"
    return f"{count} not read to the end, and what is lost is unknown (see failed/): {shown}{more}"


def report_console() -> Console:
    """Returns a console for tables; in a file or a pipe they keep all their columns."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _LOG_WIDTH
    return console


def shards_table(dataset: dict[str, Any]) -> Table:
    """Returns a row a subset: how much of its text is in the shards, and what is lost on the way.

    Args:
        dataset: the content of `dataset.json`.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("subset")
    for column in ("share", "sequences", "visits", "text in shards", "lost at group ends"):
        table.add_column(column, justify="right")
    for subset, row in dataset["subsets"].items():
        lost = row["discarded_tokens"] / max(1, row["crop_tokens"])
        table.add_row(
            subset,
            f"{row['weight_given']:.1%}",
            f"{row['sequences']:,}",
            f"{row['visits']:.2f}",
            f"{row['epochs']:.1%}",
            f"{lost:.1%}",
        )
    return table


def funnel_table(counts: dict[str, Any]) -> Table:
    """Returns the funnel as a table: a row a subset, a column a stage."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("subset")
    rows = counts["subsets"].values()
    stages = [stage for stage in Stage if any(stage in row["rejected"] for row in rows)]
    columns = ["in", "skipped", "failed", *stages, "documents", *REASONS, "corpus", "sequences"]
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for subset, row in [*counts["subsets"].items(), ("total", counts["total"])]:
        flat = {**row, **row.get("rejected", {}), **row.get("removed", {})}
        cells = [f"{flat[column]:,}" if column in flat else "" for column in columns]
        table.add_row(subset, *cells, style="bold" if subset == "total" else "")
    return table
