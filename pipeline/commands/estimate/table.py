"""An estimate as people read it, and as programs do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from rich.filesize import decimal
from rich.table import Table

from massivetext.pipeline.commands.estimate.figures import Estimate
from massivetext.pipeline.commands.summary import report_console

_UNSPLIT_SHOWN: Final = 5  # our choice: all of them stand in estimate.json


def to_json(estimate: Estimate) -> bytes:
    """Returns all figures: bytes, CPU seconds and core-hours; floats, as they are expectations."""
    names = ("read_bytes", "shuffled_bytes", "written_bytes", "core_seconds")
    total = {name: estimate.total(name) for name in names}
    total["core_hours"] = estimate.core_hours
    return (json.dumps({**asdict(estimate), "total": total}, indent=1) + "\n").encode()


def print_estimate(estimate: Estimate) -> None:
    """Prints documents by subset, costs by phase, and what both rest on."""
    console = report_console()
    console.print(_documents(estimate))
    console.print()
    console.print(_costs(estimate))
    tried = sum(subset.sampled for subset in estimate.subsets.values())
    console.print(
        f"\ndisk      {decimal(round(estimate.disk_bytes))} at most, "
        f"{decimal(round(estimate.kept_bytes))} in the end; inputs not counted\n"
        f"shards    {estimate.shard_tokens:,.0f} tokens\n"
        f"rests on  {tried:,} documents and {estimate.spent_seconds:,.0f} s of CPU time; assumes "
        "that the rest is like them,\n"
        "          and that groups of duplicates grow as they do among them",
        soft_wrap=True,
    )
    if estimate.unsplit:
        console.print(_unsplit(estimate), soft_wrap=True, markup=False)


def _unsplit(estimate: Estimate) -> str:
    """Returns a line about the files that one worker must read alone, the largest named."""
    ordered = sorted(estimate.unsplit.items(), key=lambda pair: (-pair[1], pair[0]))
    named = ", ".join(f"{file} ({decimal(size)})" for file, size in ordered[:_UNSPLIT_SHOWN])
    more = len(ordered) - _UNSPLIT_SHOWN
    others = f" and {more:,} more" if more > 0 else ""
    return (
        f"unsplit   {named}{others}: each is read by one worker; "
        "plain or seekable zstd JSON lines and Parquet are split"
    )


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _documents(estimate: Estimate) -> Table:
    names = ("records", "documents", "corpus", "tokens", "sampled")
    table = _table("subset", *names)
    for subset, figures in estimate.subsets.items():
        table.add_row(subset, *(f"{getattr(figures, name):,.0f}" for name in names))
    totals = (sum(getattr(s, name) for s in estimate.subsets.values()) for name in names)
    table.add_row("total", *(f"{total:,.0f}" for total in totals), style="bold")
    return table


def _costs(estimate: Estimate) -> Table:
    names = ("read_bytes", "shuffled_bytes", "written_bytes")
    table = _table("phase", "read", "shuffled", "written", "core-hours")
    table.add_row("start", "", "", "", f"{estimate.start_seconds / 3600:,.4f}")
    for phase, figures in estimate.phases.items():
        sizes = [decimal(round(getattr(figures, name))) for name in names]
        table.add_row(phase, *sizes, f"{figures.core_seconds / 3600:,.4f}")
    sizes = [decimal(round(estimate.total(name))) for name in names]
    table.add_row("total", *sizes, f"{estimate.core_hours:,.4f}", style="bold")
    return table
