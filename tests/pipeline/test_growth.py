"""A corpus that grows: each run does what is new, and writes what a run from scratch would."""

import itertools
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine.results import balances
from massivetext.pipeline.phases.sequence import items

from .small_run import SEQUENCES, WORDS, contents
from .test_resume import item_records, settled_records, start

CONFIG = """
[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "{source}/books/*.jsonl"
fields = {{ text = "text", id = "id" }}

[[source]]
subset = "c4"
kind = "text"
format = "jsonl"
path = "{source}/c4/*.jsonl"
fields = {{ text = "text", id = "id" }}
"""

STEPS = (
    ("books/1.jsonl", "c4/1.jsonl", "c4/3.jsonl"),
    ("books/0.jsonl", "c4/2.jsonl"),
    ("books/2.jsonl", "c4/0.jsonl"),
)
"""The files that arrive together."""

ORDERS = list(itertools.permutations(range(len(STEPS))))


def lines_of(number: int, copies: int = 4) -> list[str]:
    """Documents of a file, some of them copies and near copies of those of all other files."""
    draw, shared = random.Random(number), random.Random(0)
    common = [" ".join(shared.choices(WORDS, k=150)) for _ in range(copies)]
    texts = [*common[:2], *(text.replace("river", "stream", 1) for text in common[2:])]
    texts += [" ".join(draw.choices(WORDS, k=draw.randint(120, 200))) for _ in range(8)]
    draw.shuffle(texts)
    texts.append("un texte qui n'est pas anglais")
    rows = [json.dumps({"id": f"{number}-{n}", "text": text}) for n, text in enumerate(texts)]
    return [*rows, "no JSON", ""]


def write_step(folder: Path, step: Sequence[str]) -> None:
    names = sorted(itertools.chain(*STEPS))
    for name in step:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines_of(names.index(name))))


def write_config(folder: Path, more: str = "") -> Path:
    weights = "weights = { books = 0.5, c4 = 0.5 }\n"
    path = folder / "config.toml"
    path.write_text(CONFIG.format(source=folder / "in") + SEQUENCES + weights + more)
    return path


class Corpus:
    """A folder with inputs, a configuration, and the output that grows."""

    def __init__(self, folder: Path, steps: Sequence[Sequence[str]] = (), more: str = "") -> None:
        self.folder, self.output = folder, folder / "out"
        for step in steps:
            write_step(folder, step)
        self.config = write_config(folder, more)

    def run(self, output: str = "out", *options: str) -> int:
        place = str(self.folder / output)
        return main(["run", str(self.config), "--output", place, "--quiet", *options])

    def input(self, name: str) -> Path:
        return self.folder / "in" / name

    def require_as_from_scratch(self, *options: str) -> None:
        """Compares with a run of the same inputs in another folder, and checks the ledger."""
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)
        assert self.run("scratch", *options) == 0
        assert contents(self.output) == contents(self.folder / "scratch")
        assert main(["verify", str(self.output)]) == 0
        manifest = json.loads((self.output / "phases/curate/manifest.json").read_text())
        assert balances(manifest["ledger"])
        assert all(balances(item["ledger"]) for item in manifest["items"].values())

    def redone(self, before: dict[str, tuple[int, int]], step: str = "curate/read") -> set[str]:
        """Returns the items of a step whose records are others than before."""
        head = f"phases/{step}/"
        after = item_records(self.output)
        changed = {name for name in after if after[name] != before.get(name)}
        return {name.removeprefix(head)[:-5] for name in changed if name.startswith(head)}


@pytest.mark.parametrize(
    "order", [ORDERS[0], *(pytest.param(order, marks=pytest.mark.slow) for order in ORDERS[1:])]
)
def test_growth_in_steps_gives_the_bytes_of_one_run(
    tmp_path: Path, order: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, there = Corpus(tmp_path), 0
    for number in order:
        write_step(tmp_path, STEPS[number])
        before = item_records(corpus.output)
        capsys.readouterr()
        assert corpus.run() == 0
        error = capsys.readouterr().err
        new = len(STEPS[number])
        told = f"curate: kept {there} items, {new} new, 0 changed, 0 gone"
        assert (told in error) == (there > 0)
        assert corpus.redone(before) == set(STEPS[number])
        assert corpus.redone(before, "dedup/sign") == set(STEPS[number])
        there += new
    corpus.require_as_from_scratch()


def touch(corpus: Corpus) -> None:
    for number, path in enumerate(sorted((corpus.folder / "in").rglob("*.jsonl"))):
        os.utime(path, (1e9 + number, 1e9 + number))


def copy_without_times(corpus: Corpus) -> None:
    (corpus.folder / "in").rename(corpus.folder / "old")
    shutil.copytree(corpus.folder / "old", corpus.folder / "in", copy_function=shutil.copyfile)


@pytest.mark.parametrize("change", [touch, copy_without_times])
def test_a_touched_or_copied_file_redoes_nothing(
    tmp_path: Path, change: Callable[[Corpus], None], capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus(tmp_path, STEPS)
    assert corpus.run() == 0
    before = item_records(corpus.output)
    change(corpus)
    capsys.readouterr()
    assert corpus.run() == 0
    assert corpus.run() == 0  # knows them still
    assert item_records(corpus.output) == before
    assert "kept" not in capsys.readouterr().err
    assert main(["verify", str(corpus.output), "--repair"]) == 0


def test_what_comes_goes_and_changes_redoes_itself_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus(tmp_path, STEPS[:2])
    assert corpus.run() == 0
    touch(corpus)
    write_step(tmp_path, STEPS[2])
    corpus.input("books/1.jsonl").unlink()
    changed = corpus.input("c4/1.jsonl")
    status, text = changed.stat(), changed.read_text()
    changed.write_text(text.replace("river", "reeve", 1))  # of the same size
    os.utime(changed, (status.st_atime, status.st_mtime + 1))
    before = item_records(corpus.output)
    capsys.readouterr()
    assert corpus.run() == 0
    assert "curate: kept 3 items, 2 new, 1 changed, 1 gone" in capsys.readouterr().err
    assert corpus.redone(before) == {"c4/1.jsonl", *STEPS[2]}
    assert not list(corpus.output.rglob("*books/1.jsonl*"))
    corpus.require_as_from_scratch()


def test_corpus_files_stay_where_nothing_else_goes(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, STEPS)
    assert corpus.run() == 0
    files = {path: path.stat().st_ino for path in (corpus.output / "corpus").rglob("*.parquet")}
    assert len(files) == sum(map(len, STEPS))
    corpus.input("c4/9.jsonl").write_text("\n".join(lines_of(9, copies=0)))
    assert corpus.run() == 0
    assert {path: path.stat().st_ino for path in files} == files
    corpus.require_as_from_scratch()


def test_with_a_given_tokenizer_no_crop_is_encoded_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there are more visits than before, and where documents have left the corpus."""
    (tmp_path / "trained").mkdir()
    trained = Corpus(tmp_path / "trained", STEPS)
    assert trained.run() == 0
    model = trained.output / "sequences/tokenizer.model"
    encoded: list[int] = []
    crop_range = items.crop_range
    monkeypatch.setattr(items, "crop_range", lambda *given: encoded.append(1) or crop_range(*given))
    corpus = Corpus(tmp_path)
    text = corpus.config.read_text().replace("vocab_size = 400", f'model = "{model}"')
    corpus.config.write_text(text.replace("[sequence]", "[sequence]\nheld_out = 0.2"))
    counts = []
    for step in STEPS:
        write_step(tmp_path, step)
        encoded.clear()
        assert corpus.run("out", "--workers", "1") == 0
        counts.append(len(encoded))
    encoded.clear()
    corpus.require_as_from_scratch("--workers", "1")
    kept = {path.name for path in (corpus.output / "phases/sequence/tokens").rglob("*.parquet")}
    assert kept == {f"{Path(name).name}.parquet" for step in STEPS for name in step}
    assert 0 < counts[2] < len(encoded) / 2


def test_another_setting_is_refused_and_begins_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus(tmp_path, STEPS[:1])
    assert corpus.run() == 0
    write_step(tmp_path, STEPS[1])
    corpus.config = write_config(tmp_path, "\n[quality]\nmin_words = 100\n")
    capsys.readouterr()
    assert corpus.run() == 2
    assert "quality.min_words was 50 and is 100 now" in capsys.readouterr().err
    before = item_records(corpus.output)
    assert corpus.run("out", "--restart") == 0
    assert corpus.redone(before) == {*STEPS[0], *STEPS[1]}
    corpus.require_as_from_scratch()


def test_a_single_phase_asks_for_the_first_one_to_take_the_inputs_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Corpus(tmp_path, STEPS[:1])
    assert corpus.run() == 0
    write_step(tmp_path, STEPS[1])
    place = ["--output", str(corpus.output), "--quiet"]
    capsys.readouterr()
    assert main(["dedup", str(corpus.config), *place]) == 2
    error = capsys.readouterr().err
    assert "kept 3 items, 2 new, 0 changed, 0 gone; run `massivetext run`" in error
    assert main(["curate", str(corpus.config), *place]) == 0
    assert main(["corpus", str(corpus.config), *place]) == 2  # dedup is out of date
    assert main(["dedup", str(corpus.config), *place]) == 0
    assert corpus.run() == 0
    corpus.require_as_from_scratch()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("moment", [0.25, 0.45, 0.65, 0.85])
def test_a_killed_growth_is_finished_by_the_same_command(tmp_path: Path, moment: float) -> None:
    corpus = Corpus(tmp_path, STEPS[:1])
    assert corpus.run() == 0
    write_step(tmp_path, [*STEPS[1], *STEPS[2]])
    began = time.monotonic()
    shutil.copytree(corpus.output, tmp_path / "whole")
    assert start(corpus.config, tmp_path / "whole", 1).wait() == 0
    seconds = time.monotonic() - began
    process = start(corpus.config, corpus.output, workers=1)
    time.sleep(seconds * moment)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = settled_records(corpus.output)
    assert corpus.run() == 0
    assert not corpus.redone(before) & set(STEPS[0])
    corpus.require_as_from_scratch()
