"""A corpus of near-duplicates with all its pairs: real texts, cut and edited, exact truth.

    python tests/benchmarks/dedup_corpus.py FOLDER [DOCUMENTS]

Writes docs.jsonl.zst (id, text) and pairs.tsv.zst (id, id, Jaccard above 0.8). Imports nothing of
the product: words and 13-grams are Python strings, and pairs are found by an inverted index over
every document's rarest 13-grams, which loses none.
"""

from __future__ import annotations

import json
import random
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import zstandard

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.filters import read_texts  # noqa: E402

NGRAM, THRESHOLD = 13, 0.8
WORD = re.compile(r"[^\W_]+")


def shingles(text: str) -> set[str]:
    """All runs of 13 words; the whole of a shorter text."""
    words = WORD.findall(unicodedata.normalize("NFC", text))
    if 0 < len(words) < NGRAM:
        return {" ".join(words)}
    return {" ".join(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}


def make_documents(count: int) -> Iterator[str]:
    """Yields passages of the sample's texts; a quarter are edits of one before them."""
    draw = random.Random(0)
    sources = [text.split(" ") for text in read_texts([ROOT / "sample/data"])]
    sources = [words for words in sources if len(words) > 60]
    made: list[str] = []
    for _ in range(count):
        if made and draw.random() < 0.25:
            # the squared draw prefers early documents, so that clusters grow to dozens
            text = edited(made[int(draw.random() ** 2 * len(made))], draw)
        else:
            words = draw.choice(sources)
            length = min(len(words), round(draw.lognormvariate(5.5, 0.8)) + 1)
            start = draw.randrange(len(words) - length + 1)
            text = " ".join(words[start : start + length])
        made.append(text)
        yield text


def edited(text: str, draw: random.Random) -> str:
    """The text with other white space, some words changed, or a part cut off or put before it."""
    words = text.split(" ")
    kind = draw.choice(["copy", "white space", "words", "words", "words", "head", "tail"])
    if kind == "white space":
        return " ".join(words).replace(". ", ".\n").replace(", ", " , ")
    if kind == "words":
        for _ in range(draw.randint(1, 5)):
            words[draw.randrange(len(words))] = f"edit{draw.randrange(10**6)}"
    elif kind == "head":
        words = [f"menu{draw.randrange(10**6)}" for _ in range(draw.randint(1, 30))] + words
    elif kind == "tail":
        words = words[: max(1, round(len(words) * draw.uniform(0.75, 1)))]
    return " ".join(words)


def similar_pairs(sets: list[set[str]]) -> Iterator[tuple[int, int, float]]:
    """Yields all (i, j, Jaccard) above the threshold.

    Two sets above it share more than 0.8 of the larger one's elements, so each has one of them
    among any fifth of its own, in particular among its rarest ones.
    """
    frequency = Counter(gram for grams in sets for gram in grams)
    holders = defaultdict(list)
    for j, grams in enumerate(sets):
        rarest = sorted(grams, key=lambda gram: (frequency[gram], gram))
        rarest = rarest[: int((1 - THRESHOLD) * len(grams)) + 1]
        for i in sorted({i for gram in rarest for i in holders[gram]}):
            shared = len(grams & sets[i])
            jaccard = shared / (len(grams) + len(sets[i]) - shared)
            if jaccard > THRESHOLD:
                yield i, j, jaccard
        for gram in rarest:
            holders[gram].append(j)


def write_lines(path: Path, lines: Iterator[str]) -> None:
    """Writes a zstd file."""
    path.write_bytes(zstandard.compress("".join(f"{line}\n" for line in lines).encode()))


def make_corpus(folder: Path, count: int) -> None:
    """Writes the two files, unless they stand."""
    if (folder / "pairs.tsv.zst").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    texts = list(make_documents(count))
    rows = (json.dumps({"id": f"{n:06d}", "text": text}) for n, text in enumerate(texts))
    write_lines(folder / "docs.jsonl.zst", rows)
    pairs = similar_pairs([shingles(text) for text in texts])
    write_lines(folder / "pairs.tsv.zst", (f"{i:06d}\t{j:06d}\t{jac!r}" for i, j, jac in pairs))


if __name__ == "__main__":
    make_corpus(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)
