"""The answer of `whatif`, for people; what strangers wrote is made visible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from massivetext.pipeline.commands.shown_documents import print_document
from massivetext.pipeline.commands.summary import report_console
from massivetext.visible_text import made_visible

_UNITS: Final = ("documents", "bytes", "tokens")


def print_answer(output: str, found: Mapping[str, Any]) -> None:
    """Prints what other settings would keep and drop."""
    console = report_console()
    for key, values in found["settings"].items():
        _say(console, f"{key}: {_shown(values['before'])} -> {_shown(values['after'])}", "bold")
    if found["settings"]:
        console.print(_subsets_table(found))
        _print_moved(console, found)
        for which in ("won", "lost"):
            for example in found["examples"][which]:
                _print_example(console, output, which, example)
    for sweep in found["sweeps"]:
        _say(console, f"\n{sweep['key']}", "bold")
        console.print(_sweep_table(sweep["points"]))
    if found["tokens_are"] != "counted":
        _say(console, f"tokens are {found['tokens_are']} (docs/auditing.md, whatif)")


def _subsets_table(found: Mapping[str, Any]) -> Table:
    rows = {**found["subsets"], "total": found}
    head = ["corpus/", *(f"{unit} {when}" for unit in _UNITS for when in ("now", "then"))]
    cells = (
        [name, *(_count(row[f"{u}_{w}"]) for u in _UNITS for w in ("before", "after"))]
        for name, row in rows.items()
    )
    return _table([*head, "won", "lost"], _with_moves(cells, rows.values()))


def _with_moves(
    cells: Iterable[list[str]], rows: Iterable[Mapping[str, Any]]
) -> Iterable[list[str]]:
    for line, row in zip(cells, rows, strict=True):
        yield [*line, _count(row["documents_won"]), _count(row["documents_lost"])]


def _print_moved(console: Console, found: Mapping[str, Any]) -> None:
    domains = found["domains"]
    lengths = [
        {"name": f"{row['bytes_from']:,} to {row['bytes_to']:,} bytes", **row}
        for row in found["lengths"]
    ]
    top = [{"name": made_visible(r["domain"]) or "(no URL)", **r} for r in domains["top"]]
    head = ["documents won", "bytes won", "documents lost", "bytes lost"]
    for title, rows in (("length", lengths), (f"domain ({domains['count']:,} in all)", top)):
        names = [name.replace(" ", "_") for name in head]
        lines = ([row["name"], *(_count(row[name]) for name in names)] for row in rows)
        if rows:
            console.print(_table([title, *head], lines))


def _sweep_table(points: Sequence[Mapping[str, Any]]) -> Table:
    names = [f"{unit}_after" for unit in _UNITS] + ["documents_won", "documents_lost"]
    lines = ([_shown(p["value"]), *(_count(p[name]) for name in names)] for p in points)
    return _table(
        ["value", *(name.replace("_after", "").replace("_", " ") for name in names)], lines
    )


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, title in enumerate(head):
        table.add_column(title, justify="right" if number else "left", overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _print_example(console: Console, output: str, which: str, example: Mapping[str, Any]) -> None:
    told = [
        f"{words}: {', '.join(example[name])}"
        for words, name in (("goes now", "reasons_before"), ("would go", "reasons_after"))
        if example[name]
    ]
    print_document(console, output, which, example, told)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
