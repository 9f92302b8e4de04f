"""How long `massivetext find` takes on many generated documents, and what its index takes.

    python tests/benchmarks/find.py FOLDER [--rows 1000000] [--words 300] [--texts 10]

Writes rows as `explain.py` does, but each with words of its own, drawn from 30,000; runs the phase
`audit` over them; writes the provenance of shards that hold each document twice; and looks up whole
documents, passages of 60 words among others that nobody wrote, and texts that are not there. Each
look-up is a program of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.config import Config, Source  # noqa: E402
from massivetext.pipeline.engine.engine import BeamEngine  # noqa: E402
from massivetext.pipeline.engine.job import Job  # noqa: E402
from massivetext.pipeline.phases.holding_sequences import holding_sequences  # noqa: E402
from massivetext.sequencing.dataset import Dataset, ShardEntry  # noqa: E402
from tests.benchmarks.explain import REJECTED_SHARE, SUBSET, generate, names  # noqa: E402

VOCABULARY: Final = np.array([f"w{n:x}" for n in range(30_000)], object)
ITEM_ROWS: Final = 50_000
SHARD_ROWS: Final = 500_000
"""Rows of the provenance of a shard of 256 MB, some eight a sequence."""


def main() -> None:
    """Generates, indexes and looks up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--texts", type=int, default=10)
    options = parser.parse_args()
    config = Config(sources=(Source(SUBSET, "web", "warc", "x"),))
    output = options.folder / "out"
    job = Job(config, str(output), BeamEngine(workers=2), quiet=True)
    begun = time.perf_counter()

    def texts(first: int, count: int) -> list[str]:
        return [text_of(row, options.words) for row in range(first, first + count)]

    generate(job, options.rows, ITEM_ROWS, texts)
    documents = int(options.rows * (1 - REJECTED_SHARE))
    size = sum(file.stat().st_size for file in (output / "passages").iterdir())
    print(f"{documents:,} documents of {options.words} words: {time.perf_counter() - begun:,.0f} s")
    print(f"passages/: {size / 1e6:,.0f} MB, {size / documents:.0f} bytes a document", flush=True)
    rows = write_provenance(output, options.rows)
    begun = time.perf_counter()
    found = list(holding_sequences(str(output), [names(0)["id"], names(7)["id"]]))
    assert len(found) == 4
    print(f"provenance: {rows:,} rows in {time.perf_counter() - begun:.2f} s", flush=True)
    look_up(output, options)


def text_of(row: int, words: int) -> str:
    """The text of a row."""
    draw = np.random.default_rng(row)
    return " ".join(VOCABULARY[draw.integers(0, VOCABULARY.size, words)])


def write_provenance(output: Path, rows: int) -> int:
    """Writes `dataset.json` and provenance; returns how many rows that has."""
    ids = [names(row)["id"] for row in range(rows)] * 2
    ids = [ids[n] for n in np.random.default_rng(0).permutation(len(ids))]
    shards = -(-len(ids) // SHARD_ROWS)
    (output / "sequences/provenance").mkdir(parents=True)
    for shard in range(shards):
        own = ids[shard * SHARD_ROWS : (shard + 1) * SHARD_ROWS]
        zeros = pa.array(np.zeros(len(own), np.int64))
        columns = {"sequence": np.arange(len(own)) // 8, "document_id": own}
        table = pa.table({**columns, "byte_start": zeros, "byte_end": zeros})
        name = f"sequences/provenance/shard-{shard:05d}-of-{shards:05d}.parquet"
        pq.write_table(table, output / name, compression="zstd", use_dictionary=False)
    entries = tuple(ShardEntry(f"s{n}", SHARD_ROWS // 8, 0, 0, "") for n in range(shards))
    totals = (sum(entry.records for entry in entries), 0, 0)
    dataset = Dataset(1, "arrayrecord", 2048, 32_000, 1, 2, "", "", 0, *totals, entries, {}, ())
    (output / "sequences/dataset.json").write_text(dataset.to_json())
    return len(ids)


def look_up(output: Path, options: argparse.Namespace) -> None:
    """Prints the time of look-ups, and how many of them found their document."""
    unheard = [f"unheard{n}" for n in range(200)]
    seconds: dict[str, list[float]] = {"document": [], "passage": [], "missing": []}
    right = dict.fromkeys(seconds, 0)
    for n in range(options.texts):
        row = n * 7_919_333 % options.rows // ITEM_ROWS * ITEM_ROWS + n
        words = text_of(row, options.words).split(" ")
        asked = {
            "document": words,
            "passage": [*unheard, *words[n : n + 60], *unheard],
            "missing": [f"{word}x" for word in words],
        }
        for kind, text in asked.items():
            begun = time.perf_counter()
            found = find(output, " ".join(text))
            seconds[kind].append(time.perf_counter() - begun)
            wanted = [] if kind == "missing" else [names(row)["id"]]
            right[kind] += found == wanted
    for kind, taken in seconds.items():
        print(
            f"{kind:8} median {statistics.median(taken):.2f} s, best {min(taken):.2f} s, "
            f"worst {max(taken):.2f} s; right {right[kind]} of {len(taken)}"
        )


def find(output: Path, text: str) -> list[str]:
    """Returns the ids that a program names for a text."""
    command = [sys.executable, "-m", "massivetext", "find", str(output), "-", "--json"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    return [found["id"] for found in json.loads(done.stdout)["documents"]]


if __name__ == "__main__":
    main()
