"""`massivetext find` on the sample: every document is found, in whole, in part and edited."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.dedup.normalise import split_words
from massivetext.dedup.sampling import passage_words
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases import passage_search
from massivetext.pipeline.phases.passage_search import find_text
from tests.pipeline.commands.use import fails


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def grams(text: str) -> set[tuple[str, ...]]:
    """Of a text of 13 words and more."""
    words = split_words(text)
    return {tuple(words[start : start + 13]) for start in range(len(words) - 12)}


@pytest.fixture(scope="module")
def corpus(sample_run: Path) -> list[dict[str, Any]]:
    return rows(sample_run, "corpus")


def test_every_document_of_the_corpus_is_found_and_measured_exactly(
    sample_run: Path, corpus: list[dict[str, Any]]
) -> None:
    texts = {(row["item"], row["row"]): row["text"] for row in corpus}
    for row in [row for row in corpus if len(split_words(row["text"])) >= 13][::25]:
        own = grams(row["text"])
        search = find_text(str(sample_run), row["text"])
        best = search.documents[0]
        assert (best.item, best.row) == (row["item"], row["row"])
        assert (best.containment, best.coverage, best.jaccard) == (1, 1, 1)
        assert search.grams == len(own)
        for found in search.documents:
            other = grams(texts[found.item, found.row])
            assert found.shared == len(own & other)
            assert found.containment == len(own & other) / len(own)
            assert found.coverage == len(own & other) / len(other)
            assert found.jaccard == len(own & other) / len(own | other)


def test_every_passage_that_is_long_enough_is_found(
    sample_run: Path, corpus: list[dict[str, Any]]
) -> None:
    size = passage_words(13)
    for number, row in enumerate(corpus[::40]):
        words = split_words(row["text"])
        if len(words) <= size:
            continue
        start = number * 37 % (len(words) - size)
        noise = [f"unheard{n}of" for n in range(40)]
        text = "; ".join([*noise, *words[start : start + size], *noise])
        search = find_text(str(sample_run), text)
        assert search.certain_words == size
        assert (row["item"], row["row"]) in [(found.item, found.row) for found in search.documents]


def test_documents_that_are_not_in_the_corpus_are_not_found(sample_run: Path) -> None:
    near = next(r for r in rows(sample_run, "removed") if r["reasons"] == ["near"])
    table = pq.read_table(sample_run / f"documents/{near['item']}.parquet")
    search = find_text(str(sample_run), table["text"][near["row"]].as_py())
    best = search.documents[0]
    assert best.names["id"] == near["survivor_id"]
    assert best.jaccard == near["jaccard"]
    assert near["id"] not in [found.names["id"] for found in search.documents]


def test_long_texts_are_looked_up_by_samples(
    sample_run: Path, corpus: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = max(corpus, key=lambda row: row["text_bytes"])
    monkeypatch.setattr(passage_search, "MOST_LOOKED_UP", 200)
    search = find_text(str(sample_run), book["text"])
    assert search.looked_up == 200
    assert search.certain_words is None
    assert search.documents[0].names["id"] == book["id"]
    assert search.documents[0].jaccard == 1


def test_what_is_common_is_cut_and_told(
    sample_run: Path, corpus: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [find_text(str(sample_run), row["text"]) for row in corpus[::60]]
    shared = next(search for search in found if len(search.documents) > 3)
    text = next(r["text"] for r in corpus if r["id"] == shared.documents[0].names["id"])
    monkeypatch.setattr(passage_search, "MOST_HOLDERS", 1)
    monkeypatch.setattr(passage_search, "MOST_VERIFIED", 1)
    search = find_text(str(sample_run), text)
    assert search.common > 0
    assert search.certain_words is None
    assert len(search.documents) <= 1


def test_the_command_names_sequences_that_hold_a_document(
    sample_run: Path,
    corpus: list[dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = {row["document_id"] for row in rows(sample_run, "sequences/provenance")}
    row = next(row for row in corpus if row["id"] in held and row["text_bytes"] > 2000)
    (tmp_path / "text").write_text(row["text"])
    assert main(["find", str(sample_run), str(tmp_path / "text"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["found"]
    assert told["largest_jaccard"] == 1
    first = told["documents"][0]
    assert first["id"] == row["id"]
    expected = {
        (r["sequence"], r["byte_start"], r["byte_end"])
        for r in rows(sample_run, "sequences/provenance")
        if r["document_id"] == row["id"]
    }
    training = [s for s in first["sequences"] if s["folder"] == "sequences"]
    assert {(s["sequence"], s["byte_start"], s["byte_end"]) for s in training} == expected
    assert main(["find", str(sample_run), str(tmp_path / "text")]) == 0
    out = capsys.readouterr().out
    assert "in the corpus: " in out
    assert f"in sequence {training[0]['sequence']} of sequences, {training[0]['shard']}" in out
    assert main(["explain", str(sample_run), "--sequence", str(training[0]["sequence"])]) == 0
    assert row["id"] in capsys.readouterr().out


def test_what_is_not_there_is_an_answer(
    sample_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard = " ".join(f"unheard{n}of" for n in range(99))
    for text, said in (
        (unheard, "passages of 44 words and more are found for certain"),
        ("\x1b]0;evil\x07 word \u202e\ud83d\ude00\x00".encode("utf-8", "ignore").decode(), "words"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["find", str(sample_run), "-"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("not found: ")
        assert said in out
        assert "\x1b" not in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the text has no words"),
        (b" \n ... !?", "the text has no words"),
        (b"caf\xe9 " * 20, "is not UTF-8 text (byte 3)"),
        (b"a " * 10_000_001, "has more than 20,000,000 bytes"),
    ],
)
def test_what_is_no_text_is_bad_use(
    sample_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    said: str,
) -> None:
    (tmp_path / "text").write_bytes(content)
    code, error = fails(capsys, "find", str(sample_run), str(tmp_path / "text"))
    assert code == 2
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("file", ["none", ".", "/dev/zero"])
def test_what_cannot_be_read_is_bad_use(
    sample_run: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    code, error = fails(capsys, "find", str(sample_run), file)
    assert code == 2
    assert error.count("\n") == 1


def garbled(content: bytes) -> bytes:
    del content
    return b"\x9c\xad no such file \x00" * 9


def cut(content: bytes) -> bytes:
    return content[: len(content) // 3]


def zeroed(content: bytes) -> bytes:
    start, stop = len(content) // 5, len(content) - len(content) // 10
    return content[:start] + bytes(stop - start) + content[stop:]


def flipped(content: bytes) -> bytes:
    """The pages of a table, not its footer, so that only reading them tells it."""
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:4] + bytes(byte ^ 0x55 for byte in content[4:end]) + content[end:]


def nested(content: bytes) -> bytes:
    del content
    return b"[" * 200_000


def with_value(key: str, value: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps({**json.loads(content), key: value}).encode()


@pytest.mark.parametrize(
    ("file", "damage", "said"),
    [
        ("passages/passages.json", garbled, "index of passages in"),
        ("passages/passages.json", nested, "index of passages in"),
        ("passages/passages.json", with_value("parts", -1), "index of passages in"),
        ("passages/passages.json", with_value("parts", "x"), "index of passages in"),
        ("passages/passages.json", with_value("ngram", 0), "index of passages in"),
        ("passages/passages.json", with_value("items", []), "index of passages in"),
        ("passages/passages.json", with_value("first_documents", [None]), "index of passages in"),
        ("passages/part-*.bin", garbled, "index of passages in"),
        ("passages/part-*.bin", cut, "index of passages in"),
        ("passages/part-*.bin", zeroed, "index of passages in"),
        ("phases/curate/settings.json", lambda _: b"null", "settings.json is damaged"),
        ("documents/**/*.parquet", garbled, "is damaged or missing"),
        ("documents/**/*.parquet", cut, "is damaged or missing"),
        ("documents/**/*.parquet", flipped, "is damaged or missing"),
        ("sequences/dataset.json", garbled, "dataset.json is damaged"),
        ("sequences/provenance/*.parquet", garbled, "missing or damaged"),
        ("sequences/provenance/*.parquet", flipped, "damaged or missing"),
    ],
)
def test_a_damaged_folder_is_one_line(
    sample_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    corpus: list[dict[str, Any]],
    file: str,
    damage: Callable[[bytes], bytes],
    said: str,
) -> None:
    output = tmp_path / "out"
    shutil.copytree(sample_run, output)
    (tmp_path / "text").write_text(corpus[0]["text"])
    damaged = list(output.glob(file))
    assert damaged
    for path in damaged:
        path.write_bytes(damage(path.read_bytes()))
    code, error = fails(capsys, "find", str(output), str(tmp_path / "text"))
    assert code == 2
    assert said in error
    assert error.count("\n") == 1


def test_a_folder_in_the_place_of_a_table_is_one_line(
    sample_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    corpus: list[dict[str, Any]],
) -> None:
    output = tmp_path / "out"
    shutil.copytree(sample_run, output)
    (tmp_path / "text").write_text(corpus[0]["text"])
    for path in output.glob("documents/**/*.parquet"):
        path.unlink()
        path.mkdir()
    code, error = fails(capsys, "find", str(output), str(tmp_path / "text"))
    assert code == 2
    assert "is damaged or missing" in error


def test_a_run_without_an_index_is_bad_use(
    sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sample_run / "phases/curate", tmp_path / "out/phases/curate")
    (tmp_path / "text").write_text("some words")
    code, error = fails(capsys, "find", str(tmp_path / "out"), str(tmp_path / "text"))
    assert code == 2
    assert "massivetext audit CONFIG" in error
    code, error = fails(capsys, "find", str(tmp_path), str(tmp_path / "text"))
    assert code == 2
    assert "expected the output folder of a run" in error
