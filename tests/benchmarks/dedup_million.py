"""A million generated documents through the phase DEDUP: time, memory, bytes shuffled.

    python tests/benchmarks/dedup_million.py FOLDER [DOCUMENTS]

The same phase as in any run, with two workers and the default memory budget.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from massivetext.config import Config
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named
from massivetext.pipeline.readers import FileRange
from massivetext.records import DOCUMENT_SCHEMA

ITEM_DOCUMENTS, WORDS, VOCABULARY = 10_000, 400, 50_000


def generate(folder: Path, count: int) -> list[WorkItem]:
    """Writes documents of 400 random words; every tenth copies, every 20th edits, another one.

    Half of these have their partner in the same file, half in the next one. Words are drawn as
    1/rank. The corpus is the same for the same count; files that stand stay.
    """
    vocabulary = np.array([f"w{number:x}" for number in range(VOCABULARY)], object)
    numbers = range(0, count, ITEM_DOCUMENTS)
    items = []
    for number in numbers:
        item = work_item(number // ITEM_DOCUMENTS)
        items.append(item)
        if store.exists(store.join(str(folder), f"documents/{item.name}.parquet")):
            continue
        following = number + ITEM_DOCUMENTS if number + ITEM_DOCUMENTS < count else 0
        ranks = word_ranks(number, min(ITEM_DOCUMENTS, count - number))
        others = word_ranks(following, min(ITEM_DOCUMENTS, count - following))
        draw = np.random.default_rng([number, 1])
        for row in range(9, len(ranks), 10):
            source = others if row % 40 > 20 else ranks
            partner = min(row - 1 - int(draw.integers(0, 8)), len(source) - 1)
            ranks[row] = source[partner]
            if row % 20 == 9:
                ranks[row, draw.integers(0, WORDS, 3)] = draw.integers(0, VOCABULARY, 3)
        texts = [" ".join(vocabulary[words]) for words in ranks]
        ids = [f"{number + row:032x}" for row in range(len(ranks))]
        write_documents(str(folder), item, ids, texts)
    return items


def word_ranks(number: int, size: int) -> np.ndarray:
    """Returns int64 (size, WORDS): the words of a file's documents, before any is a duplicate."""
    shares = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    draw = np.random.default_rng([number, 0])
    return np.searchsorted(shares, draw.random((size, WORDS)) * shares[-1])


def documents_table(ids: list[str], texts: list[str]) -> pa.Table:
    """Rows of `documents/` without measures."""
    stated = {
        "id": pa.array(ids, pa.string()),
        "source_id": pa.array(ids, pa.string()),
        "text": pa.array(texts, pa.large_string()),
    }
    columns = [stated.get(field.name, pa.nulls(len(ids), field.type)) for field in DOCUMENT_SCHEMA]
    return pa.Table.from_arrays(columns, schema=DOCUMENT_SCHEMA)


def work_item(number: int) -> WorkItem:
    """Returns a work item of made documents."""
    name = f"made/{number:05d}"
    return WorkItem(number, name, "made", 0, name, FileRange(0, 1), 1, 1.0, 1.0)


def write_documents(folder: str, item: WorkItem, ids: list[str], texts: list[str]) -> None:
    """Writes an item's documents as the phase `curate` leaves them."""
    store.write_table(folder, f"documents/{item.name}.parquet", documents_table(ids, texts))


def peak_mb() -> float:
    """Returns the largest resident memory that this process has had, in MB.

    Not by getrusage, whose figure a process inherits from the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024


class PeakMemory:
    """Watches the resident memory of this process and its children."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            listing = subprocess.run(
                ["ps", "-o", "rss=", "--pid", str(os.getpid()), "--ppid", str(os.getpid())],
                capture_output=True,
                text=True,
                check=False,
            )
            self.peak_mb = max(self.peak_mb, sum(map(int, listing.stdout.split())) / 1024)


def deduplicate(folder: Path, items: list[WorkItem], workers: int) -> Manifest:
    """Runs the phase over `documents/` in a folder; what stands of it is done anew."""
    for part in ("phases", "dedup"):
        store.delete(store.join(str(folder), part))
    job = Job(Config(), str(folder), BeamEngine(workers=workers), quiet=True)
    curated = PhaseWork(lambda job, items: {}, lambda run: run.manifest({}, {}))
    run_phase(job, phase_named("curate"), items, curated)
    return run_phase(job, phase_named("dedup"), items)


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    begun = time.perf_counter()
    items = generate(folder, count)
    print(f"generated {count:,} documents in {time.perf_counter() - begun:.0f} s", flush=True)
    begun = time.perf_counter()
    with PeakMemory() as memory:
        manifest = deduplicate(folder, items, workers=2)
    seconds = time.perf_counter() - begun
    shuffled = sum(manifest.findings["shuffled_bytes_per_document"].values())
    print(f"dedup: {seconds:.0f} s wall, peak {memory.peak_mb:,.0f} MB, ", end="")
    print(f"{shuffled:.0f} bytes shuffled a document")
    print(json.dumps(dict(manifest.findings), indent=1))


if __name__ == "__main__":
    main()
