"""Progress of long work, read from what is committed: the same on every runner."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

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
    stop = threading.Event()
    show = _bar if sys.stderr.isatty() else _lines
    arguments = (folder, title, total, done, stop)
    thread = threading.Thread(target=show, args=arguments, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Tally:
    """Committed items of a step, and the records they account for."""

    def __init__(self, folder: str) -> None:
        self.folder, self.seen = folder, dict[str, dict[str, int]]()

    def update(self) -> None:
        for metadata in store.list_folder(self.folder):
            if metadata.path not in self.seen:
                record = store.read_record(metadata.path) or {"ledger": {}}
                self.seen[metadata.path] = record["ledger"]

    @property
    def words(self) -> str:
        total = {"in": 0, "kept": 0}
        for ledger in self.seen.values():
            for name in total:
                total[name] += ledger.get(name, 0)
        return f"{total['in']:,} records, {total['kept']:,} kept" if total["in"] else ""


def _bar(folder: str, title: str, total: int, done: int, stop: threading.Event) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} items  {task.fields[words]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total, completed=done, words="")
        tally = _Tally(folder)
        while True:
            ended = stop.wait(_POLL_SECONDS)
            tally.update()
            progress.update(task, completed=len(tally.seen), words=tally.words)
            if ended:
                return


def _lines(folder: str, title: str, total: int, done: int, stop: threading.Event) -> None:
    started = time.monotonic()
    tally = _Tally(folder)
    while not stop.wait(_LINE_SECONDS):
        tally.update()
        print(f"{title}: {len(tally.seen)}/{total} items  {tally.words}", file=sys.stderr)
    tally.update()
    seconds = time.monotonic() - started
    print(f"{title}: {total - done} items in {seconds:.1f} s  {tally.words}", file=sys.stderr)
