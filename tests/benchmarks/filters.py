"""How fast all 21 measures and the verdicts are, against datatrove and dolma.

    python tests/benchmarks/filters.py --peers PYTHON [--documents FILE_OR_FOLDER ...]

One process each, on the same core, over the same documents, from Python strings, in turns; a figure
is the best of the turns in CPU time, so that other load on the machine matters little. PYTHON is
the interpreter of an environment with filters_peers.txt; without it only our own figures are
printed. Documents are the texts of JSON lines and Parquet files, by default the sample's.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.config import Config  # noqa: E402
from massivetext.filters import measure  # noqa: E402
from massivetext.filters.verdicts import judge  # noqa: E402
from tests.benchmarks.turns import Turn, best_of_turns  # noqa: E402
from tests.reference import measures as reference  # noqa: E402

BATCH_DOCUMENTS = 100
LONGEST_DOCUMENT_CHARACTERS = 100_000
"""Peers keep Python objects a word; longer documents would time their memory, not their rules."""


def main() -> None:
    arguments = parse_arguments()
    keep_to_one_core()
    texts = pick(read_texts(arguments.documents), arguments.megabytes)
    size_bytes = sum(len(text.encode()) for text in texts)
    print(
        f"{len(texts):,} documents, {size_bytes / 1e6:.2f} MB; {processor()}, "
        f"Python {platform.python_version()}, {datetime.date.today()}"
    )
    with ExitStack() as stack:
        turns = {"massivetext": our_turn(texts), "reference": reference_turn(texts)}
        if arguments.peers:
            path = stack.enter_context(tempfile.TemporaryDirectory()) + "/texts.jsonl"
            Path(path).write_text("".join(json.dumps(text) + "\n" for text in texts))
            for name in ("dolma", "datatrove"):
                turns[name] = stack.enter_context(Peer(arguments.peers, name, path)).turn
        seconds = best_of_turns(turns, arguments.turns)
    print_table(seconds, len(texts), size_bytes)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python interpreter of the peers' environment")
    parser.add_argument("--documents", nargs="+", type=Path, default=[ROOT / "sample/data"])
    parser.add_argument("--megabytes", type=float, default=3.0, help="how much text to take")
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


def keep_to_one_core() -> None:
    """Binds this process and its children to one core, without helper threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["OMP_NUM_THREADS"] = "1"


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "")


def read_texts(paths: list[Path]) -> Iterator[str]:
    """The field `text` of every document below the paths, in the order of the file names."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix == ".parquet":
                yield from pq.read_table(file, columns=["text"])["text"].to_pylist()
            elif ".jsonl" in file.name:
                with pa.input_stream(file) as stream:  # decompresses by the file's suffix
                    yield from json_texts(stream.read())


def json_texts(lines: bytes) -> Iterator[str]:
    """The field `text` of each JSON line; the sample's damaged lines are passed over."""
    for line in lines.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row.get("text"):
            yield row["text"]


def pick(texts: Iterator[str], megabytes: float) -> list[str]:
    """Documents evenly spread over all, about `megabytes` together."""
    short = [text for text in texts if len(text) <= LONGEST_DOCUMENT_CHARACTERS]
    if not short:
        raise SystemExit("no documents found; name JSON lines or Parquet files with --documents")
    step = max(1.0, sum(map(len, short)) / (megabytes * 1e6))
    return [short[int(i * step)] for i in range(int(len(short) / step))]


def our_turn(texts: list[str]) -> Turn:
    def turn() -> float:
        config = Config()
        start = time.process_time()
        for i in range(0, len(texts), BATCH_DOCUMENTS):
            judge(measure(texts[i : i + BATCH_DOCUMENTS]), config)
        return time.process_time() - start

    measure(texts[:1])  # loads the kernel
    return turn


def reference_turn(texts: list[str]) -> Turn:
    def turn() -> float:
        start = time.process_time()
        for text in texts:
            reference.measures(text)
        return time.process_time() - start

    return turn


class Peer:
    """A peer's process, which runs one turn for each line that it is sent."""

    def __init__(self, python: str, name: str, path: str) -> None:
        script = Path(__file__).with_name("filters_peers.py")
        self.process = subprocess.Popen(
            [python, str(script), name, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Peer:
        return self

    def turn(self) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("a peer failed; run filters_peers.py by hand to see why")
        return float(answer)

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


LABELS = {
    "massivetext": "massivetext: 21 measures, all verdicts",
    "reference": "tests/reference: 21 measures",
    "dolma": "dolma: gopher_v1, 19 attributes",
    "datatrove": "datatrove: both Gopher filters",
}


def print_table(seconds: dict[str, float], documents: int, size_bytes: int) -> None:
    peers = [name for name in ("dolma", "datatrove") if name in seconds]
    print("| | MB/s | documents/s |" + "".join(f" x {name} |" for name in peers))
    print("|---|---|---|" + "---|" * len(peers))
    for name, spent in seconds.items():
        ratios = "".join(f" {seconds[peer] / spent:.1f} |" for peer in peers)
        speed = f"{size_bytes / spent / 1e6:.3g} | {documents / spent:,.0f}"
        print(f"| {LABELS[name]} | {speed} |{ratios}")


if __name__ == "__main__":
    main()
