"""Inputs that break deduplication elsewhere, through the phase: result, time, memory.

    python tests/benchmarks/dedup_adversarial.py [DOCUMENTS]

Each case in a process of its own, 10 files, one worker. "left" is how many documents stay.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.dedup_million import deduplicate, peak_mb, work_item, write_documents  # noqa: E402

VOCABULARY = [f"w{number}" for number in range(5000)]
FILES = 10


def page(seed: object, words: int) -> list[str]:
    """So many random words."""
    return random.Random(str(seed)).choices(VOCABULARY, k=words)


def one_word_changed(words: int, count: int) -> list[str]:
    """Copies of one page, each with another word exchanged."""
    base, draw = page("base", words), random.Random(0)
    texts = []
    for number in range(count):
        copy = list(base)
        copy[draw.randrange(words)] = f"changed{number}"
        texts.append(" ".join(copy))
    return texts


def chains(count: int, length: int = 1000, words: int = 300) -> list[str]:
    """Chains in which each page is the one before it with one more word changed."""
    texts = []
    for number in range(count):
        if number % length == 0:
            link, draw = page(number, words), random.Random(number)
        link = list(link)
        link[draw.randrange(words)] = f"changed{number}"
        texts.append(" ".join(link))
    return texts


def star(count: int, words: int = 400) -> list[str]:
    """One page, and copies that are similar to it but hardly to each other: three words changed."""
    base, draw = page("base", words), random.Random(0)
    texts = [" ".join(base)]
    for number in range(count - 1):
        copy = list(base)
        for part in range(3):
            place = part * (words // 3) + draw.randrange(words // 3)
            copy[place] = f"changed{number}at{part}"
        texts.append(" ".join(copy))
    return texts


def giant() -> list[str]:
    """A page of 10 MB and its edit between two ordinary ones."""
    book = [f"w{number * 7919 % 1_000_003}" for number in range(1_400_000)]
    other = [*book[:700_000], "changed", *book[700_001:]]
    return [" ".join(words) for words in (page(1, 300), book, other, page(2, 300))]


def short_pages(count: int) -> list[str]:
    """500 pages of 12 and 13 words again and again, with and without a full stop."""
    return [" ".join(page(n % 500, 12 + n % 2)) + "." * (n % 3 > 0) for n in range(count)]


CASES: dict[str, Callable[[int], list[str]]] = {
    "one page of 400 words, one word changed": lambda count: one_word_changed(400, count),
    "one page of 200 words, one word changed": lambda count: one_word_changed(200, count),
    "no words at all": lambda count: ["", "- ", "***", "\n"] * (count // 4),
    "one page, other punctuation": lambda count: [
        " ".join(page(0, 400)).replace(" ", ", ", 1 + n % 390).replace(" ", "; ", 1 + n // 390)
        for n in range(count)
    ],
    "500 pages of 12 and 13 words": short_pages,
    "a page of 10 MB, and its edit": lambda _: giant(),
    "chains of 1,000 pages": chains,
    "star of pages hardly like each other": star,
}


def measure(case: str, count: int) -> str:
    """Runs one case; returns its line."""
    texts = CASES[case](count)
    with tempfile.TemporaryDirectory() as folder:
        items = []
        for part in np.array_split(np.arange(len(texts)), min(FILES, len(texts))):
            ids = [f"{number:032x}" for number in part]
            items.append(work_item(len(items)))
            write_documents(folder, items[-1], ids, [texts[n] for n in part])
        size_mb = sum(map(len, texts)) / 1e6
        del texts
        before_mb, begun = peak_mb(), time.process_time()
        manifest = deduplicate(Path(folder), items, workers=1)
        seconds = time.process_time() - begun
    shuffled = sum(manifest.findings["shuffled_bytes_per_document"].values())
    ledger = manifest.ledger
    return (
        f"| {case} | {ledger['documents']:,} | {size_mb:,.0f} | {ledger['corpus']:,} "
        f"| {seconds:.1f} | {before_mb:,.0f} | {peak_mb():,.0f} | {shuffled:,.0f} |"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print("| | documents | MB | left | CPU s | MB of memory before | peak | bytes shuffled each |")
    print("|---|---|---|---|---|---|---|---|")
    for case in CASES:
        with multiprocessing.get_context("spawn").Pool(1) as own_process:
            print(own_process.apply(measure, (case, count)), flush=True)


if __name__ == "__main__":
    main()
