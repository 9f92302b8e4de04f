"""A small run for tests that make many: two subsets in four files, all phases, some seconds."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.table import RUN_RECORD

WORDS = (
    "the of and to have be that with people town river morning light old house went saw some "
    "many letters from north wind over water stones under bridge never found again after winter"
).split()

CONFIG = """
[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "{source}/books/*.jsonl"
fields = {{ text = "text", id = "id" }}

[[source]]
subset = "books"
kind = "text"
format = "parquet"
path = "{source}/books/*.parquet"
fields = {{ text = "text", id = "id" }}

[[source]]
subset = "c4"
kind = "text"
format = "jsonl"
path = "{source}/c4/*.jsonl"
fields = {{ text = "text", id = "id" }}
"""

SEQUENCES = """
[tokenizer]
vocab_size = 400

[sequence]
length = 64
crops_per_group = 4
shards = 2
"""
"""Short ones, so that small texts fill some; the weights of the subsets go behind it."""

FILES = (("books", "0.jsonl"), ("books", "1.parquet"), ("c4", "0.jsonl"), ("c4", "1.jsonl"))

COMPARED = (
    *("documents", "corpus", "removed", "rejected", "failed", "hosts", "index"),
    *("sequences", "report"),
)
"""What must be the same bytes, however a run was made."""


def write_sources(folder: Path, documents: int = 40) -> None:
    """Writes the input: each file holds a copy and a near copy of another file's document."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(120, 200))) for _ in range(documents)]
    texts += [texts[0], texts[1].replace("river", "stream", 1), "un texte qui n'est pas anglais"]
    for number, (subset, name) in enumerate(FILES):
        (folder / subset).mkdir(parents=True, exist_ok=True)
        rows = [
            {"id": f"{subset}-{index}", "text": text}
            for index, text in enumerate(texts)
            if index % len(FILES) == number
        ]
        if name.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(rows), folder / subset / name)
        else:
            lines = [json.dumps(row) for row in rows]
            (folder / subset / name).write_text("\n".join([*lines, "no JSON", ""]))


def write_config(file: Path, source: str) -> Path:
    """Writes the configuration that reads `source`, a folder on any file system."""
    weights = "weights = { books = 0.5, c4 = 0.5 }\n"
    file.write_text(CONFIG.format(source=source) + SEQUENCES + weights)
    return file


def finished_run(folder: Path, documents: int = 40) -> Path:
    """Makes `in/`, `config.toml` and a run of it in `out/`; returns the configuration."""
    write_sources(folder / "in", documents)
    config = write_config(folder / "config.toml", str(folder / "in"))
    assert main(["run", str(config), "--output", str(folder / "out"), "--quiet"]) == 0
    return config


def contents(output: Path) -> dict[str, bytes]:
    """Returns the files of an output folder that every run must write the same."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for folder in COMPARED
        for path in sorted((output / folder).rglob("*"))
        if path.is_file() and path != output / RUN_RECORD
    }
