"""Deduplication beside datasketch, rensa, gaoya and datatrove, on a corpus with known pairs.

    python tests/benchmarks/dedup.py CORPUS --peers PYTHON

CORPUS is a folder with docs.jsonl.zst (id, text) and pairs.tsv.zst (id, id, Jaccard), as
dedup_corpus.py makes them; PYTHON is the interpreter of an environment with dedup_peers.txt.
Prints the speed from text to signature, in turns in one run, and then for every tool what it
removes: recall (pairs above 0.8 of which one goes; outside giant clusters, and all), documents
that go without having a partner, CPU of the whole run, and the peak memory of its process. Ours is
the phase as users run it, with its files and its own shuffles.
"""

from __future__ import annotations

import argparse
import datetime
import io
import json
import multiprocessing
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.dedup.keys import KeySettings, document_keys  # noqa: E402
from massivetext.dedup.minhash import signatures  # noqa: E402
from massivetext.dedup.normalise import split_batch  # noqa: E402
from massivetext.dedup.shingles import shingle_batch  # noqa: E402
from massivetext.pipeline.engine import store  # noqa: E402
from tests.benchmarks.dedup_million import (  # noqa: E402
    deduplicate,
    peak_mb,
    work_item,
    write_documents,
)
from tests.benchmarks.filters import processor  # noqa: E402

NGRAM, PERMUTATIONS, ROUNDS, SPEED_DOCUMENTS, BATCH = 13, 120, 5, 1500, 500
GIANT_DEGREE = 50
"""A pair with a document of more partners lies in a giant cluster; those would hide all others."""

ITEM_DOCUMENTS = 5000


def read_lines(path: Path) -> Iterator[str]:
    """Yields the lines of a zstd file."""
    with open(path, "rb") as stream:
        reader = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(stream)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            yield line.rstrip("\n")


@dataclass(frozen=True)
class Corpus:
    """Ids and texts, and all pairs above 0.8."""

    ids: list[str]
    texts: list[str]
    pairs: list[tuple[str, str]]

    @classmethod
    def read(cls, folder: Path) -> Corpus:
        """Reads the two files of a corpus."""
        rows = [json.loads(line) for line in read_lines(folder / "docs.jsonl.zst")]
        fields = (line.split("\t") for line in read_lines(folder / "pairs.tsv.zst"))
        pairs = [(one, other) for one, other, jaccard in fields if float(jaccard) > 0.8]
        return cls([row["id"] for row in rows], [row["text"] for row in rows], pairs)


class Peer:
    """A peer's process, which answers commands."""

    def __init__(self, python: str, name: str, documents: str) -> None:
        script = str(Path(__file__).with_name("dedup_peers.py"))
        self.process = subprocess.Popen(
            [python, script, name, documents],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Peer:
        return self

    def ask(self, command: str) -> dict[str, Any]:
        """Returns the peer's answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("a peer failed; run dedup_peers.py by hand to see why")
        return json.loads(answer)

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


def our_signatures(texts: list[str]) -> float:
    """Text to signatures, batch by batch as in the pipeline; returns CPU seconds."""
    begun = time.process_time()
    for first in range(0, len(texts), BATCH):
        signatures(shingle_batch(split_batch(texts[first : first + BATCH]), NGRAM), PERMUTATIONS)
    return time.process_time() - begun


def our_keys(texts: list[str]) -> float:
    """All that the step `sign` computes: signatures, bands, exact hashes, ranks."""
    begun = time.process_time()
    for first in range(0, len(texts), BATCH):
        batch = texts[first : first + BATCH]
        document_keys(batch, [str(n) for n in range(len(batch))], "web", KeySettings())
    return time.process_time() - begun


def print_speed(corpus: Corpus, peers: dict[str, Peer]) -> None:
    """Prints documents and megabytes a second, and how much longer than ours a peer takes."""
    step = max(1, len(corpus.texts) // SPEED_DOCUMENTS)
    texts = corpus.texts[::step][:SPEED_DOCUMENTS]
    size_mb = sum(len(text.encode()) for text in texts) / 1e6
    command = f"sign {SPEED_DOCUMENTS}"
    contenders: dict[str, Callable[[], float]] = {
        "massivetext": lambda: our_signatures(texts),
        "massivetext, all keys": lambda: our_keys(texts),
        **{
            f"{name}, shingles in Python": lambda peer=peers[name]: peer.ask(command)["cpu_seconds"]
            for name in ("datasketch", "rensa")
            if name in peers
        },
    }
    our_keys(texts)  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            seconds[name].append(contender())
    print(f"\n| {PERMUTATIONS} permutations of {NGRAM}-grams | documents/s | MB/s | x our time |")
    print("|---|---|---|---|")
    for name, times in seconds.items():
        median = statistics.median(times)
        ratio = statistics.median(t / o for t, o in zip(times, seconds["massivetext"], strict=True))
        print(f"| {name} | {len(texts) / median:,.0f} | {size_mb / median:.1f} | {ratio:.1f} |")


def our_removals(corpus: Corpus) -> dict[str, Any]:
    """Runs the phase; returns CPU seconds, peak memory and ids, as peers do."""
    with tempfile.TemporaryDirectory() as folder:
        items = []
        for first in range(0, len(corpus.ids), ITEM_DOCUMENTS):
            part = slice(first, first + ITEM_DOCUMENTS)
            items.append(work_item(len(items)))
            write_documents(folder, items[-1], corpus.ids[part], corpus.texts[part])
        begun = time.process_time()
        deduplicate(Path(folder), items, workers=1)
        seconds = time.process_time() - begun
        removed = [
            name
            for item in items
            for name in store.read_table(f"{folder}/dedup/{item.name}.parquet")["id"].to_pylist()
        ]
    return {"cpu_seconds": seconds, "peak_mb": peak_mb(), "removed": removed}


def print_removals(corpus: Corpus, peers: dict[str, Peer]) -> None:
    """Prints what each tool removes, rightly and wrongly, and at what cost."""
    degree = Counter(document for pair in corpus.pairs for document in pair)
    small = [p for p in corpus.pairs if max(degree[d] for d in p) <= GIANT_DEGREE]
    print(f"\n{len(corpus.pairs):,} pairs above 0.8, {len(small):,} outside giant clusters")
    print("| | recall | of all pairs | removed | without a partner | CPU s | x ours | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    with multiprocessing.get_context("spawn").Pool(1) as own_process:
        ours = own_process.apply(our_removals, (corpus,))
    print_row("massivetext", ours, ours, degree, [small, corpus.pairs])
    for name, peer in peers.items():
        print_row(name, peer.ask("remove"), ours, degree, [small, corpus.pairs])


def print_row(
    name: str,
    found: dict[str, Any],
    ours: dict[str, Any],
    degree: Counter[str],
    parts: list[list[tuple[str, str]]],
) -> None:
    """Prints one tool's line."""
    removed = set(found["removed"])
    recalls = [sum(a in removed or b in removed for a, b in p) / max(len(p), 1) for p in parts]
    wrong = sum(document not in degree for document in removed)
    ratio = found["cpu_seconds"] / ours["cpu_seconds"]
    print(
        f"| {name} | {recalls[0]:.5f} | {recalls[1]:.6f} | {len(removed):,} | {wrong:,} "
        f"| {found['cpu_seconds']:.1f} | {ratio:.1f} | {found['peak_mb']:,.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--peers", help="Python interpreter of the peers' environment")
    arguments = parser.parse_args()
    corpus = Corpus.read(arguments.corpus)
    size_mb = sum(len(text.encode()) for text in corpus.texts) / 1e6
    print(
        f"{len(corpus.ids):,} documents, {size_mb:.1f} MB; {processor()}, "
        f"Python {platform.python_version()}, {datetime.date.today()}"
    )
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        path = Path(folder, "docs.jsonl")
        path.write_text(
            "".join(line + "\n" for line in read_lines(arguments.corpus / "docs.jsonl.zst"))
        )
        names = ("datasketch", "rensa", "gaoya", "datatrove") if arguments.peers else ()
        peers = {n: stack.enter_context(Peer(arguments.peers, n, str(path))) for n in names}
        print_speed(corpus, peers)
        print_removals(corpus, peers)


if __name__ == "__main__":
    main()
