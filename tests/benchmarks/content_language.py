"""How fast pages are told their language: the compiled model beside fastText's own code.

    python tests/benchmarks/content_language.py [--archives FILE.warc.gz ...]

Everything runs in turns in this process; a figure is the best of the turns in CPU time, so that
other load on the machine matters little.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.filters.fasttext_model import FastTextClassifier  # noqa: E402
from massivetext.filters.language import default_model, first_line, load_model  # noqa: E402
from tests.benchmarks.content_pages import SAMPLE, TURNS, read_pages  # noqa: E402
from tests.benchmarks.turns import best_cpu_seconds  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", nargs="+", type=Path, default=SAMPLE)
    archives = parser.parse_args().archives
    pages = [page for archive in archives for page in read_pages(archive)]
    if not pages:
        raise SystemExit("no pages found; name WARC files with --archives")
    lines = [first_line(page.raw.decode(errors="replace")) for page in pages]
    compiled, fasttext = load_model(), FastTextClassifier(str(default_model()))
    seconds = best_cpu_seconds(
        {
            "language": lambda: [compiled.predict(line) for line in lines],
            "fastText": lambda: [fasttext.predict(line) for line in lines],
        },
        TURNS,
    )
    print(f"{len(pages):,} pages, {sum(len(page.raw) for page in pages) / 1e6:.1f} MB")
    for name, taken in seconds.items():
        print(f"{name:16}{taken / len(pages) * 1e6:10.1f} us a page")
    print(f"fastText / language: {seconds['fastText'] / seconds['language']:.2f}")


if __name__ == "__main__":
    main()
