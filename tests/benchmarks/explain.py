"""How long `massivetext explain` takes on many generated rows, beside a run of one document.

    python tests/benchmarks/explain.py FOLDER [--rows 10000000] [--item-rows 100000] [--names 20]

Writes `documents/` and `rejected/` of as many rows (three of ten rejected, ids and URLs like those
of a crawl, short texts), runs the phase `audit` over them, and looks up names that are there and
names that are not. Each look-up is a program of its own, in turn with one that looks into a run of
one document: the difference is what the size of the run costs.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.config import Config, Source
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases import curate
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named, upstream_of
from massivetext.pipeline.readers import FileRange
from massivetext.records import (
    DOCUMENT_SCHEMA,
    FAILED_SCHEMA,
    REJECTED_SCHEMA,
    REMOVED_SCHEMA,
    SKIPPED_SCHEMA,
)

SUBSET: Final = "massiveweb"
GROUP_ROWS: Final = 1_000
REJECTED_SHARE: Final = 0.3
TEXT: Final = "The people who live beside the river have learned to be patient with the heat. " * 3


Texts = Callable[[int, int], Sequence[str]]
"""Gives the texts of some rows: of the first one, and how many."""


def equal_texts(first: int, count: int) -> list[str]:
    """One text for all rows."""
    del first
    return [TEXT] * count


def main() -> None:
    """Generates, indexes and looks up."""
    options = arguments()
    config = Config(sources=(Source(SUBSET, "web", "warc", "x"),))
    large, small = options.folder / "large", options.folder / "small"
    for output, rows in ((large, options.rows), (small, 1)):
        begun = time.perf_counter()
        generate(
            Job(config, str(output), BeamEngine(workers=2), quiet=True), rows, options.item_rows
        )
        print(f"{output.name}: {rows:,} rows in {time.perf_counter() - begun:,.0f} s", flush=True)
    size = sum(file.stat().st_size for file in (large / "index").iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(
        f"index: {size / 1e6:,.0f} MB, {size / options.rows:.1f} bytes a row; peak {peak:,.0f} MB"
    )
    look_up(large, small, options)


def arguments() -> argparse.Namespace:
    """Returns what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--item-rows", type=int, default=100_000)
    parser.add_argument("--names", type=int, default=20)
    return parser.parse_args()


def names(row: int) -> dict[str, str]:
    """The names of a row."""
    digest = hashlib.blake2b(str(row).encode(), digest_size=16).hexdigest()
    uuid = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"
    url = f"https://site{row % 99_991}.example/{digest[20:26]}/{row}"
    return {"id": digest, "source_id": f"urn:uuid:{uuid}", "url": url}


def generate(job: Job, rows: int, item_rows: int, texts: Texts = equal_texts) -> None:
    """Writes the tables of all items and manifests, and runs the phase AUDIT."""
    items = [work_item(n) for n in range(-(-rows // item_rows))]
    results = {}
    for item in items:
        first = item.number * item_rows
        count = min(item_rows, rows - first)
        rejected = int(count * REJECTED_SHARE)
        kept = count - rejected
        write(job.output, "documents", item, DOCUMENT_SCHEMA, first, kept, texts)
        write(job.output, "rejected", item, REJECTED_SCHEMA, first + kept, rejected, texts)
        for folder, schema in (("failed", FAILED_SCHEMA), ("skipped", SKIPPED_SCHEMA)):
            write(job.output, folder, item, schema, 0, 0, texts)
        write(job.output, "removed", item, REMOVED_SCHEMA, 0, 0, texts)
        ledger = {"in": count, "kept": count - rejected, "rejected": rejected}
        results[item.name] = ItemResult[Any]((), ledger)
    text_bytes = sum(map(len, texts(0, 100))) * rows // 100
    for name in upstream_of(phase_named("audit")):

        def work(run: PhaseRun, name: str = name) -> Any:
            findings = {SUBSET: {"text_bytes": text_bytes}} if name == "corpus" else {}
            return run.manifest(results if name == "curate" else {}, findings)

        settings = curate.settings if name == "curate" else lambda job, items: {}
        run_phase(job, phase_named(name), items, PhaseWork(settings, work))
    run_phase(job, phase_named("audit"), items)


def work_item(number: int) -> WorkItem:
    """A file of a crawl."""
    name = f"{SUBSET}/crawl-{number:05d}.warc.gz"
    return WorkItem(number, name, SUBSET, 0, "x", FileRange(0, 1), 1, 1.0, 1.0)


def write(
    output: str, folder: str, item: WorkItem, schema: pa.Schema, first: int, n: int, texts: Texts
) -> None:
    """Writes rows of an item as the phase CURATE does, some at a time."""
    path = f"{folder}/{item.name}.parquet"
    with (
        store.commit(output, path) as pending,
        store.parquet_writer(pending.stream, schema) as writer,
    ):
        for table in tables(schema, item, first, n, texts):
            writer.write_table(table)


def tables(
    schema: pa.Schema, item: WorkItem, first: int, n: int, texts: Texts
) -> Iterator[pa.Table]:
    """Yields the rows."""
    fixed = {
        "subset": SUBSET,
        "item": item.name,
        "title": "A page",
        "stage": "quality",
    }
    for start in range(0, n, GROUP_ROWS):
        size = min(GROUP_ROWS, n - start)
        named = [names(row) for row in range(first + start, first + start + size)]
        columns = {key: pa.array([row[key] for row in named]) for key in named[0]}
        columns |= {key: pa.repeat(value, size) for key, value in fixed.items()}
        columns["text"] = pa.array(texts(first + start, size))
        columns["row"] = pa.array(np.arange(start, start + size))
        columns["text_bytes"] = pc.call_function("binary_length", [columns["text"]])
        columns["reasons"] = pa.array([["quality.min_words"]] * size)
        yield pa.table(
            [
                columns[field.name].cast(field.type)
                if field.name in columns
                else pa.nulls(size, field.type)
                for field in schema
            ],
            schema=schema,
        )


def look_up(large: Path, small: Path, options: argparse.Namespace) -> None:
    """Prints the time of look-ups in the large run, and of as many in the small one."""
    seconds: dict[str, list[float]] = {"large": [], "small": [], "missing": []}
    known = names(0)["id"]
    for n in range(options.names):
        row = n * 7_919_333 % options.rows
        found = list(names(row).values())[n % 3]
        seconds["small"].append(timed(small, known, 0))
        seconds["large"].append(timed(large, found, 0))
        seconds["missing"].append(timed(large, f"no such name {n}", 2))
    for kind, taken in seconds.items():
        print(
            f"{kind:8} median {statistics.median(taken):.2f} s, "
            f"best {min(taken):.2f} s, worst {max(taken):.2f} s"
        )


def timed(output: Path, name: str, expected: int) -> float:
    """Returns how long a program takes that explains a name."""
    command = [sys.executable, "-m", "massivetext", "explain", str(output), name]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == expected, done.stderr
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
