"""SafeSearch beside extraction: its share of the time without a list and with lists.

    python tests/benchmarks/content_safesearch.py [--archives FILE.warc.gz ...] [--hosts 5000000]

Everything runs in turns in this process; a figure is the best of the turns in CPU time. Two more
processes then load the large list at the same time, and say what memory it takes them together.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.config import SafeSearch  # noqa: E402
from massivetext.filters.safesearch import SafeSearchScorer, load_scorer  # noqa: E402
from massivetext.pipeline.extraction import extract_page  # noqa: E402
from massivetext.records import RawRecord  # noqa: E402
from tests.benchmarks.content_pages import SAMPLE, TURNS, read_pages  # noqa: E402
from tests.benchmarks.turns import best_cpu_seconds  # noqa: E402

LOADER = """
import sys
from massivetext.config import SafeSearch
from massivetext.filters.safesearch import load_scorer
load_scorer(SafeSearch()).score("http://a.example/", b"<p>", {})
def taken():
    fields = dict(l.split(":") for l in open("/proc/self/smaps_rollup") if ":" in l)
    return int(fields["Pss"].split()[0])
before = taken()
scorer = load_scorer(SafeSearch(domains=(sys.argv[1],)))
for n in range(0, 5_000_000, 7):
    scorer.domains.covers_url(f"//site{n}.example{n % 97}.com/")
print(taken() - before, flush=True)
sys.stdin.read()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", nargs="+", type=Path, default=SAMPLE)
    parser.add_argument("--hosts", type=int, default=5_000_000)
    options = parser.parse_args()
    pages = [page for archive in options.archives for page in read_pages(archive)]
    if not pages:
        raise SystemExit("no pages found; name WARC files with --archives")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        measure(pages, Path(folder), options.hosts)


def measure(pages: list[RawRecord], folder: Path, hosts: int) -> None:
    few, many = folder / "few.txt", folder / "many.txt"
    few.write_text("one.example\ntwo.example\n")
    with many.open("w") as stream:
        stream.writelines(f"site{n}.example{n % 97}.com\n" for n in range(hosts))
    start = time.process_time()
    large = load_scorer(SafeSearch(domains=(str(many),)))
    print(f"{len(pages):,} pages; a list of {hosts:,} read in {time.process_time() - start:.1f} s")
    scorers = {
        "without list": load_scorer(SafeSearch()),
        "two entries": load_scorer(SafeSearch(domains=(str(few),))),
        f"{hosts:,} entries": large,
    }
    works: dict[str, Callable[[], object]] = {
        "extraction": lambda: [extract_page(page.raw) for page in pages]
    }
    works |= {name: score_all(scorer, pages) for name, scorer in scorers.items()}
    seconds = best_cpu_seconds(works, TURNS)
    for name, taken in seconds.items():
        share = taken / seconds["extraction"]
        print(f"{name:20}{taken / len(pages) * 1e6:10.1f} us a page {share:8.1%} of extraction")
    print(f"memory of the list over two processes: {memory_of_two(many) / 1024:.0f} MiB")


def score_all(scorer: SafeSearchScorer, pages: list[RawRecord]) -> Callable[[], object]:
    return lambda: [scorer.score(page.url, page.raw, page.headers) for page in pages]


def memory_of_two(path: Path) -> int:
    """Returns the KiB that the list adds to two processes, shared pages counted once."""
    command = [sys.executable, "-c", LOADER, str(path)]
    pipe = subprocess.PIPE
    loaders = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) for _ in range(2)
    ]
    total = 0
    for loader in loaders:
        assert loader.stdout is not None
        total += int(loader.stdout.readline())
    for loader in loaders:
        loader.communicate("")
    return total


if __name__ == "__main__":
    main()
