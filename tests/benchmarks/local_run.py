"""A whole run on one machine over generated text: its memory, and what a second worker gives.

    python tests/benchmarks/local_run.py memory  FOLDER GIGABYTES [--memory 2GB] [--workers 2]
    python tests/benchmarks/local_run.py workers FOLDER GIGABYTES [--memory 4GB] [--rounds 2]

`memory` reports the highest sum of resident memory of all processes of a run (RSS, an upper bound:
shared pages count once a process) beside the sum of proportional shares (PSS). `workers` runs the
same input with one and two workers in turn and reports how long they took. FOLDER receives the
input (made once: lines of JSON, or with `--kind pages` WARC files) and the output; the figures
appear as a line of JSON.

The text is random English: words of the sample's novels, drawn by their frequency, so that language
identification keeps it and no two documents share a 13-gram but planted copies (1 in 50, half of
them with a word changed).
"""

from __future__ import annotations

import argparse
import html
import itertools
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

ROOT = Path(__file__).parents[2]
FILE_BYTES = {"text": 128_000_000, "pages": 32_000_000}  # WARC files are not split
DOCUMENT_WORDS = 500
COPY_EVERY = 50
POLL_SECONDS = 0.1
PAGE_BYTES = 4096

MIXTURE = """
[sequence]
weights = { web = 1.0 }
"""

SOURCES = {
    "text": """
[[source]]
subset = "web"
kind = "text"
format = "jsonl"
path = "*.jsonl"
fields = { text = "text", id = "id" }
""",
    "pages": """
[[source]]
subset = "web"
kind = "web"
format = "warc"
path = "*.warc"
""",
}

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Page {number}</title>
<link rel="stylesheet" href="/style.css"><script>var page = {number};</script></head>
<body><nav class="menu"><ul>{menu}</ul></nav>
<article><h1>Page {number}</h1>
{paragraphs}
</article><aside class="related"><ul>{menu}</ul></aside>
<footer><a href="/terms">Terms</a> <a href="/privacy">Privacy</a> Copyright</footer></body></html>
"""

MENU = "".join(f'<li><a href="/section/{n}">Section {n}</a></li>' for n in range(20))

RECORD = """WARC/1.0\r
WARC-Type: response\r
WARC-Target-URI: http://site-{site}.example/{number}\r
WARC-Date: 2026-01-01T00:00:00Z\r
WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012d}>\r
Content-Type: application/http; msgtype=response\r
Content-Length: {size}\r
\r
"""


def vocabulary() -> tuple[list[str], np.ndarray]:
    """Returns the words of the sample's novels and their frequencies."""
    with open(ROOT / "sample/data/books/books.jsonl.zst", "rb") as stream:
        lines = zstandard.ZstdDecompressor().stream_reader(stream).read().decode().splitlines()
    counts = Counter(word for line in lines for word in json.loads(line)["text"].split())
    words = sorted(counts)
    frequencies = np.array([counts[word] for word in words], float)
    return words, frequencies / frequencies.sum()


def documents(total_bytes: int) -> Iterator[str]:
    """Yields texts of 300 to 700 words, until they are so many bytes."""
    words, frequencies = vocabulary()
    random = np.random.default_rng(0)
    cumulative = np.cumsum(frequencies)
    made, number, last = 0, 0, list[str]()
    while made < total_bytes:
        size = int(random.integers(DOCUMENT_WORDS - 200, DOCUMENT_WORDS + 200))
        drawn = np.minimum(np.searchsorted(cumulative, random.random(size)), len(words) - 1)
        text = [words[n] for n in drawn.tolist()]
        if number % COPY_EVERY == COPY_EVERY - 1:
            text = list(last)
            if number % (2 * COPY_EVERY) == COPY_EVERY - 1:
                text[len(text) // 2] = "changed"
        last, number = text, number + 1
        paragraphs = ["\n".join(map(" ".join, (text[:150], text[150:300]))), " ".join(text[300:])]
        joined = "\n\n".join(paragraphs)
        made += len(joined.encode())
        yield joined


def json_line(number: int, text: str) -> bytes:
    """Returns a line of JSON."""
    return (json.dumps({"id": f"{number:09d}", "text": text}, ensure_ascii=False) + "\n").encode()


def warc_record(number: int, text: str) -> bytes:
    """Returns a response with a page."""
    paragraphs = "\n".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    page = PAGE.format(number=number, menu=MENU, paragraphs=paragraphs).encode()
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
    header = RECORD.format(site=number % 1000, number=number, size=len(body)).encode()
    return header + body + b"\r\n\r\n"


def make_input(folder: Path, kind: str, gigabytes: float) -> Path:
    """Writes files with so much text, once; returns their folder."""
    target = folder / f"{kind}-{gigabytes:g}GB"
    if (target / "config.toml").exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    write, suffix = {"text": (json_line, "jsonl"), "pages": (warc_record, "warc")}[kind]
    records = itertools.starmap(write, enumerate(documents(int(gigabytes * 1e9))))
    for part in itertools.count():
        first = next(records, None)
        if first is None:
            break
        with open(target / f"{part:04d}.{suffix}", "wb") as stream:
            stream.write(first)
            while stream.tell() < FILE_BYTES[kind] and (record := next(records, None)) is not None:
                stream.write(record)
    (target / "config.toml").write_text(SOURCES[kind] + MIXTURE)
    return target


def process_tree(root: int) -> list[int]:
    """Returns a process and all that descend from it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it ended while we looked
    tree = [root]
    for process in tree:  # grows while it is read
        tree += [child for child, parent in parents.items() if parent == process]
    return tree


def resident_bytes(process: int) -> tuple[int, int]:
    """Returns RSS and PSS of a process, 0 if it has ended."""
    try:
        rss = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except (OSError, IndexError):
        return 0, 0
    pss = next((line for line in rollup.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return rss, int(pss.split()[1]) * 1024


def start(config: Path, output: Path, options: list[str]) -> subprocess.Popen[bytes]:
    """Starts the pipeline in a process of its own."""
    shutil.rmtree(output, ignore_errors=True)
    program = str(Path(sys.executable).parent / "massivetext")
    command = [program, "run", str(config), "--output", str(output), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def seconds_of(process: subprocess.Popen[bytes], started: float) -> float:
    """Returns how long a run took, once it has ended well."""
    if process.wait():
        raise SystemExit(f"the run ended with exit code {process.returncode}")
    return round(time.monotonic() - started, 1)


def measure_memory(config: Path, output: Path, options: list[str]) -> dict[str, Any]:
    """Runs the pipeline; returns seconds and peaks of memory, over all and by step."""
    started = time.monotonic()
    process = start(config, output, options)
    peak_pss, peaks = 0, dict[str, int]()
    while process.poll() is None:
        sizes = [resident_bytes(number) for number in process_tree(process.pid)]
        rss, pss = (sum(part) for part in zip(*sizes, strict=True))
        step = newest_step(output)
        peaks[step] = max(peaks.get(step, 0), rss)
        peak_pss = max(peak_pss, pss)
        time.sleep(POLL_SECONDS)
    return {
        "seconds": seconds_of(process, started),
        "peak_rss_mb": round(max(peaks.values()) / 1e6),
        "peak_pss_mb": round(peak_pss / 1e6),
        "peak_rss_mb_by_step": {step: round(peak / 1e6) for step, peak in peaks.items()},
    }


def measure_workers(config: Path, output: Path, options: list[str], rounds: int) -> dict[str, Any]:
    """Runs the pipeline with one and two workers in turn; nothing else runs meanwhile."""
    seconds: dict[str, list[float]] = {"1": [], "2": []}
    for workers in [*seconds] * rounds:
        started = time.monotonic()
        process = start(config, output, [*options, "--workers", workers])
        seconds[workers].append(seconds_of(process, started))
    one, two = (min(values) for values in seconds.values())
    return {"seconds_by_workers": seconds, "ratio_of_best": round(one / two, 2)}


def newest_step(output: Path) -> str:
    """Returns the step whose folder changed last: where the run is."""
    steps = [path for path in output.glob("phases/*/*") if path.is_dir()]
    newest = max(steps, key=lambda path: path.stat().st_mtime, default=None)
    return str(newest.relative_to(output / "phases")) if newest else ""


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("memory", "workers"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("gigabytes", type=float)
    parser.add_argument("--kind", choices=SOURCES, default="text")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--workers", default="2")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    source = make_input(options.folder, options.kind, options.gigabytes)
    place = source / "config.toml", options.folder / "output"
    arguments = ["--memory", options.memory]
    if options.what == "memory":
        figures = measure_memory(*place, [*arguments, "--workers", options.workers])
    else:
        figures = measure_workers(*place, arguments, options.rounds)
    given = {"kind": options.kind, "gigabytes": options.gigabytes, "memory": options.memory}
    print(json.dumps({**given, **figures}))


if __name__ == "__main__":
    main()
