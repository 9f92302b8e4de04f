"""How fast pages are read, searched for explicit signals, and told their language.

    python tests/benchmarks/content.py [--archives FILE.warc.gz ...]

The WARC reader stands against fastwarc alone (which checks no lengths), the compiled language model
against fastText's own code. Everything runs in turns in this process; a figure is the best of the
turns in CPU time, so that other load on the machine matters little.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from fastwarc.warc import ArchiveIterator  # noqa: E402

from massivetext.config import SafeSearch  # noqa: E402
from massivetext.filters.fasttext_model import FastTextClassifier  # noqa: E402
from massivetext.filters.language import default_model, first_line, load_model  # noqa: E402
from massivetext.filters.safesearch import load_scorer  # noqa: E402
from tests.benchmarks.content_pages import SAMPLE, best_of_turns, read_pages  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", nargs="+", type=Path, default=SAMPLE)
    archives = parser.parse_args().archives
    pages = [page for archive in archives for page in read_pages(archive)]
    if not pages:
        raise SystemExit("no pages found; name WARC files with --archives")
    lines = [first_line(page.raw.decode(errors="replace")) for page in pages]
    compiled, fasttext = load_model(), FastTextClassifier(str(default_model()))
    scorer = load_scorer(SafeSearch())
    print(f"{len(pages):,} pages, {sum(len(page.raw) for page in pages) / 1e6:.1f} MB")
    seconds = best_of_turns(
        {
            "WARC reader": lambda: [read_pages(archive) for archive in archives],
            "fastwarc alone": lambda: [read_blocks(archive) for archive in archives],
            "self-labels": lambda: [scorer.score(p.url, p.raw, p.headers) for p in pages],
            "language": lambda: [compiled.predict(line) for line in lines],
            "fastText": lambda: [fasttext.predict(line) for line in lines],
        }
    )
    for name, taken in seconds.items():
        print(f"{name:16}{taken / len(pages) * 1e6:10.1f} us a page")
    print(f"WARC reader / fastwarc: {seconds['WARC reader'] / seconds['fastwarc alone']:.2f}")
    print(f"fastText / language: {seconds['fastText'] / seconds['language']:.2f}")


def read_blocks(archive: Path) -> list[bytes]:
    with archive.open("rb") as stream:
        return [record.reader.read() for record in ArchiveIterator(stream)]


if __name__ == "__main__":
    main()
