"""Markdown beside the text: the same documents, judged by their text; shards of the Markdown."""

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.records import DOCUMENT_SCHEMA, MARKDOWN_DOCUMENT_SCHEMA
from massivetext.sequencing.shards.reader import ShardReader
from tests.pipeline.small_run import SEQUENCES, WORDS

CONFIG = """
[[source]]
subset = "massiveweb"
kind = "web"
format = "html"
path = "{folder}/in/*.html"

[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "{folder}/in/*.jsonl"
fields = {{ text = "text", id = "id" }}

[extraction]
format = "{form}"
"""


def _text(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=150))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The output folders of the same run in both forms; one page is a copy, one in French."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / "in").mkdir()
    draw = random.Random(0)
    pages = [f"<h1>Stars *</h1><p><b>{_text(draw)}</b></p><p>{_text(draw)}" for _ in range(30)]
    pages += [pages[0], "<p>" + "un texte qui n'est pas anglais, et qui est assez long " * 9]
    for number, page in enumerate(pages):
        (folder / f"in/{number:02}.html").write_text(f"<html><body><article>{page}</article>")
    rows = [json.dumps({"id": str(n), "text": f"*{n}* {_text(draw)}"}) for n in range(30)]
    (folder / "in/books.jsonl").write_text("\n".join(rows))
    outputs = {}
    for form in ("text", "markdown"):
        config = folder / f"{form}.toml"
        weights = "weights = { massiveweb = 0.5, books = 0.5 }\n"
        config.write_text(CONFIG.format(folder=folder, form=form) + SEQUENCES + weights)
        outputs[form] = folder / form
        assert main(["run", str(config), "--output", str(outputs[form]), "--quiet"]) == 0
    return outputs


def _rows(output: Path, folder: str) -> list[dict[str, object]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.mark.parametrize("folder", ["rejected", "failed", "removed"])
def test_verdicts_are_the_same(runs: dict[str, Path], folder: str) -> None:
    found = _rows(runs["text"], folder)
    assert found == _rows(runs["markdown"], folder)
    assert found or folder == "failed"


def test_documents_have_both_forms(runs: dict[str, Path]) -> None:
    texts, both = (_rows(runs[form], "documents") for form in ("text", "markdown"))
    assert [{k: v for k, v in row.items() if k != "markdown"} for row in both] == texts
    for row in both:
        if row["subset"] == "books":
            assert row["markdown"] is None
        else:
            assert str(row["markdown"]).startswith("# Stars *\n\n**")
            assert str(row["text"]).startswith("Stars *\n\n")


def test_only_documents_have_the_further_column(runs: dict[str, Path]) -> None:
    for form, schema in (("text", DOCUMENT_SCHEMA), ("markdown", MARKDOWN_DOCUMENT_SCHEMA)):
        for folder, expected in (("documents", schema), ("corpus", DOCUMENT_SCHEMA)):
            for file in (runs[form] / folder).rglob("*.parquet"):
                assert pq.read_schema(file).equals(expected)


def test_the_corpus_is_in_the_chosen_form(runs: dict[str, Path]) -> None:
    texts, chosen = (_rows(runs[form], "corpus") for form in ("text", "markdown"))
    both = {row["id"]: row for row in _rows(runs["markdown"], "documents")}
    assert [row["id"] for row in texts] == [row["id"] for row in chosen]
    for row in chosen:
        document = both[row["id"]]
        assert row["text"] == (document["markdown"] or document["text"])
        assert row["words"] == document["words"]


def test_shards_are_made_of_the_chosen_form(runs: dict[str, Path]) -> None:
    for form, has_marks in (("text", False), ("markdown", True)):
        reader = ShardReader(runs[form] / "sequences")
        tokenizer = reader.tokenizer()
        text = "".join(tokenizer.decode(tokens) for tokens in reader)
        assert ("**" in text) == has_marks
