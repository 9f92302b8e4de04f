"""How long `whatif` takes on generated rows, with kept pairs.

    python tests/benchmarks/whatif.py [--documents 10000000] [--folder /tmp/whatif-bench]

The rows are made once in the folder and stay there: 100,000 an item, three of ten rejected, a
candidate pair for each tenth document. Prints the best and the median of some answers, beside that
of a run of one item, which is what starting takes, and the memory at the peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup.exact import GROUP_RECORD
from massivetext.dedup.pairs import BAND_RECORD
from massivetext.dedup.removal import VERIFIED
from massivetext.pipeline.commands.cli import main
from massivetext.records import DOCUMENT_SCHEMA, REJECTED_SCHEMA, REMOVED_SCHEMA

ROWS = 100_000
REJECTED = 30_000
GROUP_ROWS = 1_000
"""As the phase curate writes them."""
QUESTIONS = (
    ["--set", "quality.min_words=60"],
    ["--set", "quality.min_words=40", "--set", "dedup.threshold=0.7"],
    ["--set", "repetition.max_duplicate_5_gram_character_fraction=0.3"],
    ["--sweep", "quality.min_words=30:70:10"],
)
PAGE = "<html><body><article><p>" + "The people of the town saw a river. " * 12 + "</p></article>"


def small_run(folder: Path) -> Path:
    """A finished run of one page, whose phases the generated ones borrow."""
    folder.mkdir(parents=True)
    (folder / "pages.jsonl").write_text(json.dumps({"html": PAGE, "id": "1"}) + "\n")
    (folder / "config.toml").write_text(
        '[[source]]\nsubset = "web"\nkind = "web"\nformat = "jsonl"\npath = "*.jsonl"\n'
        'fields = { html = "html", id = "id" }\n[dedup]\nkeep_pairs = true\n'
    )
    for phase in ("curate", "dedup", "decontaminate", "corpus", "audit", "pairs"):
        arguments = [phase, str(folder / "config.toml"), "--output", str(folder / "out"), "--quiet"]
        assert main(arguments) == 0
    return folder / "out"


def generate(small: Path, output: Path, documents: int) -> None:
    """Writes the tables of so many documents below the phases of the small run."""
    shutil.copytree(small / "phases", output / "phases")
    items = [f"web/{number:05d}.jsonl" for number in range(max(1, documents // ROWS))]
    for phase in ("curate", "decontaminate", "pairs"):
        path = output / f"phases/{phase}/manifest.json"
        manifest = json.loads(path.read_text())
        entry = next(iter(manifest["items"].values()))
        manifest["items"] = dict.fromkeys(items, entry)
        del manifest["xxh3"]
        path.write_text(json.dumps(manifest))
    draw = np.random.default_rng(0)
    for number, item in enumerate(items):
        write_item(output, number, item, draw)


def table_of(schema: pa.Schema, rows: int, known: dict[str, object]) -> pa.Table:
    """Rows of a schema; what is not given is null."""
    columns = [
        pa.array(known[f.name], f.type) if f.name in known else pa.nulls(rows, f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def write_item(output: Path, number: int, item: str, draw: np.random.Generator) -> None:
    """Writes the tables and pairs of an item."""
    kept = ROWS - REJECTED
    for folder, rows, schema in (
        ("documents", kept, DOCUMENT_SCHEMA),
        ("rejected", REJECTED, REJECTED_SCHEMA),
    ):
        is_kept = folder == "documents"
        words = draw.integers(50, 3000, rows) if is_kept else draw.integers(5, 50, rows)
        fractions = draw.random(rows)
        known = {
            "id": [f"{number:016x}{row:016x}" for row in range(rows)],
            "subset": ["web"] * rows,
            "item": [item] * rows,
            "row": np.arange(rows),
            "source_id": ["x"] * rows,
            "url": [
                f"https://site{host}.example.com/{row}"
                for row, host in enumerate(draw.integers(0, 20_000, rows).tolist())
            ],
            "title": ["a title"] * rows,
            "text": ["a text"] * rows,
            "text_bytes": words * 6,
            "words": words,
            "language": ["en"] * rows,
            **{
                f.name: fractions * (0.1 if is_kept else 0.4)
                for f in schema
                if "fraction" in f.name
            },
            "reasons": [
                ["quality.min_words"]
                if f < 0.5
                else ["quality.min_words", "quality.min_stop_words"]
                for f in fractions.tolist()
            ],
        }
        write(output / folder / f"{item}.parquet", table_of(schema, rows, known))
    write_pairs(output, number, item, draw, kept)


def write_pairs(output: Path, number: int, item: str, draw: np.random.Generator, kept: int) -> None:
    """Writes pairs of neighbours: each tenth document has one."""
    lower = np.arange(0, kept - 1, 10, dtype=np.uint64) + np.uint64(2 * number << 32)
    pairs = np.zeros(lower.size, VERIFIED)
    pairs["lower"], pairs["partner"] = lower, lower + np.uint64(1)
    pairs["jaccard"] = draw.random(lower.size)
    pairs["lower_rank"], pairs["partner_rank"] = 2**62 + 100, 2**24 + 100
    for kind, records in (
        ("copies", np.empty(0, GROUP_RECORD)),
        ("near", pairs),
        ("crowds", np.empty(0, BAND_RECORD)),
        ("tests", np.empty(0, np.int64)),
    ):
        path = output / f"pairs/{kind}/{item}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, records)
    gone = np.flatnonzero(pairs["jaccard"] > 0.8) * 10
    known = {"item": [item] * gone.size, "row": gone, "reasons": [["near"]] * gone.size}
    write(output / f"removed/{item}.parquet", table_of(REMOVED_SCHEMA, gone.size, known))


def write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", row_group_size=GROUP_ROWS)


def seconds(output: Path, question: list[str]) -> float:
    """How long a process takes that answers."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "massivetext", "whatif", str(output), *question, "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def run() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/whatif-bench"))
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    small = options.folder / "small/out"
    if not small.exists():
        small_run(options.folder / "small")
    large = options.folder / str(options.documents)
    if not large.exists():
        generate(small, large, options.documents)
    for question in QUESTIONS:
        taken = [
            (seconds(small, question), seconds(large, question)) for _ in range(options.repeat)
        ]
        least, most = (min(column) for column in zip(*taken, strict=True))
        median = statistics.median(b - a for a, b in taken)
        asked = " ".join(question)
        print(
            f"{asked:75s} {most:6.2f} s, {least:5.2f} s of them to start; median {median:5.2f} more"
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{options.documents:,} documents; {peak / 1e6:.2f} GB at the peak")


if __name__ == "__main__":
    run()
