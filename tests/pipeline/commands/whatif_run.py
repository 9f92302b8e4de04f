"""Pages whose verdicts hang on thresholds, for tests that compare whatif with real runs."""

import json
import random
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from massivetext.pipeline.commands.cli import main

FULL = '[output]\nrejected_text = "full"\n'
KEEP = "[dedup]\nkeep_pairs = true\n"

PHASES = ("curate", "dedup", "decontaminate", "exclude", "corpus")

WORDS = tuple(
    "the of and to have be that with people town river morning light old house went saw some "
    "many letters from north wind over water stones under bridge never found again after winter "
    "garden table horse summer village church market window paper road field forest".split()
)
FRENCH = tuple(
    "le la de et les des est dans pour que qui une sur avec pas plus ne se au par".split()
)

CONFIG = """
[[source]]
subset = "{subset}"
kind = "web"
format = "jsonl"
path = "{folder}/{subset}/*.jsonl"
fields = {{ html = "html", id = "id", url = "url" }}
"""

BOOKS = """
[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "{folder}/books/*.jsonl"
fields = {{ text = "text", id = "id" }}
"""

TEST_SET = """
[[decontamination.test_set]]
name = "held"
format = "jsonl"
path = "{folder}/held.jsonl"
"""

TAKE_DOWNS = """
[exclude]
hosts = ["{folder}/hosts.txt"]
"""


def _edited(draw: random.Random, words: list[str], share: float) -> list[str]:
    """A text with a passage of other words: its Jaccard with the first depends on the share."""
    count = round(share * len(words))
    place = draw.randrange(len(words) - count + 1)
    other = draw.choices(WORDS, k=count)
    return [*words[:place], *other, *words[place + count :]]


def texts_of(draw: random.Random, clusters: int) -> list[str]:
    """Texts in clusters: copies, near copies at any distance, lengths around 50 words."""
    texts = []
    for _ in range(clusters):
        words = draw.choices(WORDS, k=draw.choice((36, 49, 50, 60, 90, 140)))
        texts.append(" ".join(words))
        for _ in range(draw.randrange(4)):
            edited = _edited(draw, words, draw.choice((0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)))
            edited = edited[: len(edited) - draw.choice((0, 0, 0, 1, 12))]
            texts.append(" ".join(edited))
    texts += [" ".join(draw.choices(FRENCH, k=70)) for _ in range(6)]
    phrase = draw.choices(WORDS, k=9)
    texts += [" ".join([*phrase * n, *draw.choices(WORDS, k=80)]) for n in range(1, 12)]
    return texts


def template_of(draw: random.Random, pages: int) -> list[str]:
    """Texts that are nearly one: more than a bucket has heads, short and long ones among them."""
    frame = draw.choices(WORDS, k=80)
    return [
        " ".join(
            [*frame[: draw.choice((38, 80, 80))], *draw.choices(WORDS, k=draw.choice((3, 3, 12)))]
        )
        for _ in range(pages)
    ]


def write_sources(folder: Path, seed: int = 0, pages: int = 110) -> None:
    """Writes two web subsets and books, in several files; some records come twice."""
    draw = random.Random(seed)
    texts = [*texts_of(draw, 90), *template_of(draw, pages)]
    draw.shuffle(texts)
    rows = [
        {
            "id": f"page-{number}",
            "html": f"<html><body><article><p>{text.capitalize()}.</p></article></body></html>",
            "url": f"https://www.site{number % 7}.example.com/{number}",
            "text": text,
        }
        for number, text in enumerate(texts)
    ]
    rows += draw.sample(rows, 12)
    for number, name in enumerate(("web/0", "web/1", "pages/0", "books/0")):
        file = folder / f"{name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows[number::4]))
    (folder / "hosts.txt").write_text("site3.example.com\n")
    held = [{"text": f"{text.capitalize()}."} for text in draw.sample(texts, 4)]
    (folder / "held.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held))


def config_text(folder: Path, more: str = "") -> str:
    """The configuration that reads them."""
    web = "".join(CONFIG.format(subset=name, folder=folder) for name in ("web", "pages"))
    others = (BOOKS, TEST_SET, TAKE_DOWNS)
    return web + "".join(part.format(folder=folder) for part in others) + more


def finished(folder: Path, name: str, more: str = "") -> Path:
    """Runs the phases up to `corpus`; returns the output folder."""
    config, output = folder / f"{name}.toml", folder / name
    config.write_text(config_text(folder / "in", more))
    for phase in (*PHASES, *(("pairs",) if KEEP in more else ())):
        assert main([phase, str(config), "--output", str(output), "--quiet"]) == 0
    return output


def corpus_of(output: Path) -> Counter[tuple[str, str]]:
    """Documents in `corpus/`, by subset and id; copies count."""
    tables = [pq.read_table(file) for file in sorted((output / "corpus").rglob("*.parquet"))]
    return Counter((row["subset"], row["id"]) for table in tables for row in table.to_pylist())
