"""Progress of long work, read from what is committed: the same on every runner."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from massivetext.events import log_form, tell
from massivetext.pipeline.engine import store

_POLL_SECONDS = 1.0
_LINE_SECONDS = 30.0


@contextmanager
def watch(folder: str, title: str, total: int, done: int) -> Iterator[None]:
    """Shows how many items of a step have committed while the block runs.

    Args:
        folder: where the step's items commit their records.
        title: what is being done.
        total: number of items in all.
        done: number of items that were committed before.
    """
    seen = _Watch(folder, title, total, done)
    on_terminal = sys.stderr is not None and sys.stderr.isatty() and log_form() == "text"
    thread = threading.Thread(target=_bar if on_terminal else _lines, args=(seen,), daemon=True)
    thread.start()
    try:
        yield
        seen.succeeded = True
    finally:
        seen.ended.set()
        thread.join()


@dataclass
class _Watch:
    """The items of a step, and what is known of those that are committed.

    Attributes:
        folder: where the records of items lie.
        title: phase and step.
        total: number of items in all.
        done: number of items that were committed before.
        ledgers: of the committed items, by their records.
        ended: set when the step is done, or has failed.
        succeeded: whether it is done.
    """

    folder: str
    title: str
    total: int
    done: int
    ledgers: dict[str, dict[str, int]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)
    succeeded: bool = False

    def update(self) -> None:
        """Reads the records that have come; those that cannot be read come later."""
        with suppress(OSError):  # the step itself meets it, and tells it
            for metadata in store.list_folder(self.folder):
                if metadata.path not in self.ledgers:
                    record = store.read_record(metadata.path) or {"ledger": {}}
                    self.ledgers[metadata.path] = record["ledger"]

    def count(self, name: str) -> int:
        """Returns the sum of the ledgers at a name."""
        return sum(ledger.get(name, 0) for ledger in self.ledgers.values())

    @property
    def words(self) -> str:
        records = self.count("in")
        return f"  {records:,} records, {self.count('kept'):,} kept" if records else ""

    @property
    def facts(self) -> dict[str, Any]:
        """What machines are told."""
        phase, _, step = self.title.partition(": ")
        return {
            "phase": phase,
            "step": step,
            "items_done": len(self.ledgers),
            "items_total": self.total,
            "records": self.count("in"),
            "kept": self.count("kept"),
        }


def _bar(seen: _Watch) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} items{task.fields[words]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(seen.title, total=seen.total, completed=seen.done, words="")
        while True:
            ended = seen.ended.wait(_POLL_SECONDS)
            seen.update()
            progress.update(task, completed=len(seen.ledgers), words=seen.words)
            if ended:
                return


def _lines(seen: _Watch) -> None:
    started = time.monotonic()
    while not seen.ended.wait(_LINE_SECONDS):
        seen.update()
        committed = f"{len(seen.ledgers)}/{seen.total}"
        seconds = round(time.monotonic() - started, 1)
        message = f"{seen.title}: {committed} items{seen.words}"
        tell("progress", message, seconds=seconds, **seen.facts)
    seen.update()
    seconds = round(time.monotonic() - started, 1)
    now = len(seen.ledgers) - seen.done
    if seen.succeeded:
        message = f"{seen.title}: {now} items in {seconds:.1f} s{seen.words}"
        tell("step", message, seconds=seconds, **seen.facts)
    elif now:  # of several steps in a pipeline, those after the failed one have not begun
        left = seen.total - seen.done
        message = f"{seen.title}: failed after {now} of {left} items, {seconds:.1f} s{seen.words}"
        tell("step", message, level="error", seconds=seconds, **seen.facts)
