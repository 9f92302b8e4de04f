"""Deduplication beside its peers, and a corpus of a million documents.

    python tests/benchmarks/dedup.py speed   CORPUS        text -> signature, docs/s and ratios
    python tests/benchmarks/dedup.py recall  CORPUS        recall and false removals beside peers
    python tests/benchmarks/dedup.py million FOLDER [N]    N generated documents through all phases

CORPUS is a folder with docs.jsonl.zst (id, text) and pairs.tsv.zst (id, id, Jaccard), such as the
development corpus. Peers that are not installed are left out: datasketch, rensa. Ratios are of
medians of rounds in one run, peers and ours taking turns.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from massivetext.config import Config, Dedup
from massivetext.dedup.in_memory import find_removals
from massivetext.dedup.keys import KeySettings, document_keys
from massivetext.dedup.minhash import signatures
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import shingle_batch, shingle_sets
from massivetext.pipeline import store
from massivetext.pipeline.deduplication.phase import run_dedup
from massivetext.pipeline.job import Job
from massivetext.pipeline.phase import Manifest, Phase, run_phase
from massivetext.pipeline.plan import WorkItem
from massivetext.pipeline.readers import FileRange
from massivetext.records import DOCUMENT_SCHEMA

NGRAM, PERMUTATIONS, ROUNDS, SPEED_DOCUMENTS = 13, 120, 5, 1500
WORD = re.compile(r"[^\W_]+")


def read_lines(path: Path) -> Iterator[str]:
    """Yields the lines of a zstd file."""
    import zstandard

    with open(path, "rb") as stream:
        reader = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(stream)
        yield from io.TextIOWrapper(reader, encoding="utf-8")


def read_documents(corpus: Path) -> tuple[list[str], list[str]]:
    """Returns ids and texts."""
    rows = [json.loads(line) for line in read_lines(corpus / "docs.jsonl.zst")]
    return [row["id"] for row in rows], [row["text"] for row in rows]


def python_shingles(text: str) -> set[str]:
    """The shingling that users of the peers write: the same words, 13 of them joined."""
    words = WORD.findall(unicodedata.normalize("NFC", text))
    if 0 < len(words) < NGRAM:
        return {" ".join(words)}
    return {" ".join(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}


def our_signatures(texts: list[str]) -> None:
    """Text to signatures, 500 documents a batch as in the pipeline."""
    for first in range(0, len(texts), 500):
        words = split_batch(texts[first : first + 500])
        signatures(shingle_batch(words, NGRAM), PERMUTATIONS)


def our_keys(texts: list[str]) -> None:
    """Everything that the sign step computes: signatures, bands, exact hashes, ranks."""
    for first in range(0, len(texts), 500):
        batch = texts[first : first + 500]
        document_keys(batch, [str(n) for n in range(len(batch))], "web", KeySettings())


def datasketch_signatures(texts: list[str]) -> None:
    """Datasketch as its documentation shows it."""
    from datasketch import MinHash

    for text in texts:
        minhash = MinHash(num_perm=PERMUTATIONS)
        minhash.update_batch([shingle.encode() for shingle in python_shingles(text)])


def rensa_signatures(texts: list[str]) -> None:
    """Rensa's RMinHash, with Python shingling."""
    from rensa import RMinHash

    for text in texts:
        minhash = RMinHash(num_perm=PERMUTATIONS, seed=42)
        minhash.update(list(python_shingles(text)))


def bench_speed(corpus: Path) -> None:
    """Prints docs/s, MB/s and the ratio to ours, interleaved."""
    _, texts = read_documents(corpus)
    texts = texts[:: max(1, len(texts) // SPEED_DOCUMENTS)][:SPEED_DOCUMENTS]
    size_mb = sum(len(text.encode()) for text in texts) / 1e6
    contenders: dict[str, Callable[[list[str]], None]] = {
        "massivetext, text -> signature": our_signatures,
        "massivetext, all of the sign step": our_keys,
    }
    for name, contender in (("datasketch", datasketch_signatures), ("rensa", rensa_signatures)):
        try:
            contender(texts[:2])
        except ImportError:
            print(f"{name}: not installed, left out")
            continue
        contenders[f"{name}, with Python shingling"] = contender
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    our_keys(texts)
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            begun = time.process_time()
            contender(texts)
            seconds[name].append(time.process_time() - begun)
    ours = statistics.median(seconds["massivetext, text -> signature"])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(
            f"{name:36} {len(texts) / median:10,.0f} docs/s {size_mb / median:8.1f} MB/s"
            f" {median / ours:7.1f}x our time"
        )


def removed_by_us(ids: list[str], texts: list[str]) -> set[str]:
    """The in-memory path with default settings."""
    keys = np.concatenate(
        [
            document_keys(texts[n : n + 500], ids[n : n + 500], "web", KeySettings())
            for n in range(0, len(texts), 500)
        ]
    )
    removals = find_removals(
        keys,
        np.arange(len(texts), dtype=np.uint64),
        lambda chosen: shingle_sets([texts[n] for n in chosen], NGRAM),
    )
    return {ids[n] for n in removals["address"]}


def removed_by_lsh(
    ids: list[str], minhashes: list[object], query: Callable[[object], list[int]]
) -> set[str]:
    """What users of an LSH index do: a document goes if an earlier one is in its buckets."""
    return {ids[n] for n, minhash in enumerate(minhashes) if any(m < n for m in query(minhash))}


def removed_by_datasketch(ids: list[str], texts: list[str]) -> set[str]:
    """MinHashLSH(threshold=0.8): 9 bands of 13 rows, candidates taken as duplicates."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.8, num_perm=128)
    minhashes: list[object] = []
    for number, text in enumerate(texts):
        minhash = MinHash(num_perm=128)
        minhash.update_batch([shingle.encode() for shingle in python_shingles(text)])
        index.insert(number, minhash)
        minhashes.append(minhash)
    return removed_by_lsh(ids, minhashes, index.query)


def removed_by_rensa(ids: list[str], texts: list[str]) -> set[str]:
    """RMinHashLSH(threshold=0.8) with 16 bands (our choice: it has no default)."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=16)
    minhashes: list[object] = []
    for number, text in enumerate(texts):
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update(list(python_shingles(text)))
        index.insert(number, minhash)
        minhashes.append(minhash)
    return removed_by_lsh(ids, minhashes, index.query)


def bench_recall(corpus: Path) -> None:
    """Prints recall, outside giant clusters and over all, false removals, CPU and memory."""
    ids, texts = read_documents(corpus)
    pairs = [line.split("\t") for line in read_lines(corpus / "pairs.tsv.zst")]
    similar = [(one, other) for one, other, jaccard in pairs if float(jaccard) > 0.8]
    degree: dict[str, int] = {}
    for pair in similar:
        for document in pair:
            degree[document] = degree.get(document, 0) + 1
    small = [pair for pair in similar if max(degree[document] for document in pair) <= 50]
    for name, remove in (
        ("massivetext", removed_by_us),
        ("rensa", removed_by_rensa),
        ("datasketch", removed_by_datasketch),
    ):
        begun = time.process_time()
        try:
            removed = remove(ids, texts)
        except ImportError:
            print(f"{name}: not installed, left out")
            continue
        seconds = time.process_time() - begun
        recalls = [
            sum(one in removed or other in removed for one, other in part) / len(part)
            for part in (small, similar)
        ]
        false = [document for document in removed if document not in degree]
        print(
            f"{name:12} recall {recalls[0]:.5f} (all pairs {recalls[1]:.6f}), removed"
            f" {len(removed):,}, without a partner {len(false):,}, CPU {seconds:.1f} s,"
            f" peak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB so far"
        )


ITEM_DOCUMENTS, WORDS, VOCABULARY = 10_000, 400, 50_000


def generate(folder: Path, count: int) -> list[WorkItem]:
    """Writes documents of 400 random words; every tenth is an edit of, every 20th equals, another.

    Words are drawn as 1/rank. The corpus is the same for the same count; files that stand stay.
    """
    vocabulary = np.array([f"w{number:x}" for number in range(VOCABULARY)], object)
    shares = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    items = []
    for number in range(0, count, ITEM_DOCUMENTS):
        name = f"generated/{number // ITEM_DOCUMENTS:05d}"
        items.append(WorkItem(len(items), name, "generated", 0, name, FileRange(0, 1), 1, 1.0))
        path = f"documents/{name}.parquet"
        if store.exists(store.join(str(folder), path)):
            continue
        draw = np.random.default_rng(number)
        size = min(ITEM_DOCUMENTS, count - number)
        ranks = np.searchsorted(shares, draw.random((size, WORDS)) * shares[-1])
        texts = []
        for row in range(size):
            words = ranks[row]
            if row % 10 == 9:
                words = ranks[row - 1 - draw.integers(0, 8)].copy()
                if row % 20 == 9:
                    words[draw.integers(0, WORDS, 3)] = draw.integers(0, VOCABULARY, 3)
            texts.append(" ".join(vocabulary[words]))
        ids = [f"{number + row:032x}" for row in range(size)]
        store.write_table(str(folder), path, documents_table(ids, texts))
    return items


def documents_table(ids: list[str], texts: list[str]) -> pa.Table:
    """Rows of `documents/` without measures."""
    stated = {
        "id": pa.array(ids, pa.string()),
        "source_id": pa.array(ids, pa.string()),
        "text": pa.array(texts, pa.large_string()),
    }
    columns = [stated.get(field.name, pa.nulls(len(ids), field.type)) for field in DOCUMENT_SCHEMA]
    return pa.Table.from_arrays(columns, schema=DOCUMENT_SCHEMA)


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


def bench_million(folder: Path, count: int) -> None:
    """Prints time, memory and findings of the phase."""
    config = dataclasses.replace(Config(), dedup=Dedup())
    job = Job(config, str(folder), workers=2, quiet=True)
    begun = time.perf_counter()
    items = generate(folder, count)
    print(f"generated {count:,} documents in {time.perf_counter() - begun:.0f} s", flush=True)
    curate = Phase("curate", ("documents",), {})
    run_phase(job, curate, lambda: Manifest("curate", curate.key, {}, (), {}, {}))
    begun = time.perf_counter()
    with PeakMemory() as memory:
        manifest = run_dedup(job, items)
    seconds = time.perf_counter() - begun
    print(f"dedup: {seconds:.0f} s wall, peak {memory.peak_mb:,.0f} MB")
    print(json.dumps(dict(manifest.findings), indent=1))


def main() -> None:
    """Runs one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["speed", "recall", "million"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    arguments = parser.parse_args()
    if arguments.what == "million":
        bench_million(arguments.folder, arguments.count)
    else:
        {"speed": bench_speed, "recall": bench_recall}[arguments.what](arguments.folder)


if __name__ == "__main__":
    sys.exit(main())
