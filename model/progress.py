"""Progress of a run: a bar in a terminal, a line now and then elsewhere, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from massivetext.events import tell
from massivetext.model.metrics import LogRow

LINES: Final = 10
"""Our choice: lines in the log of a run that no terminal shows."""

Show = Callable[[LogRow], None]


@contextmanager
def progress(steps: int, first_step: int, quiet: bool) -> Iterator[Show]:
    """Gives a function that takes the metrics of each step."""
    if quiet:
        yield lambda row: None
    elif sys.stderr is not None and sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("train", total=steps, completed=first_step, words="compiling")
            yield lambda row: bar.update(task, completed=row["step"] + 1, words=_words(row))
    else:
        yield lambda row: _line(row, steps)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _line(row: LogRow, steps: int) -> None:
    done = row["step"] + 1
    if row["step"] == 0 or done % max(1, steps // LINES) == 0 or done == steps:
        tell("progress", f"train: step {done}/{steps}  {_words(row)}", phase="train")


def _words(row: LogRow) -> str:
    return f"loss {row['loss']:.3f}  {row['tokens_per_second']:,.0f} tokens/s"
