"""What is said of every record of several runs, held against what the tables hold."""

import contextlib
import io
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.commands.explanation import print_outcome
from massivetext.pipeline.phases.outcome import FOLDERS, FinishedRun, RecordOutcome, RecordPlace
from tests.pipeline.hostile_run import NAMES, hostile_run
from tests.pipeline.small_run import finished_run


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_run(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    finished_run(folder)
    return folder / "out"


@pytest.fixture(params=["sample_run", "hostile", "small"])
def output(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def table(output: Path, folder: str) -> list[dict[str, Any]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def outcomes(output: Path) -> list[RecordOutcome]:
    run = FinishedRun.open(str(output))
    return [
        run.outcome(RecordPlace(folder, row["item"], row["row"]))
        for folder in FOLDERS
        for row in table(output, folder)
    ]


def test_every_record_has_the_verdict_of_the_tables(output: Path) -> None:
    corpus = {(row["item"], row["row"]) for row in table(output, "corpus")}
    removed = {(row["item"], row["row"]): row for row in table(output, "removed")}
    rejected = {(row["item"], row["row"]): row for row in table(output, "rejected")}
    found = outcomes(output)
    for outcome in found:
        place = outcome.place.item, outcome.place.row
        if outcome.place.folder == "documents":
            assert outcome.in_corpus == (place in corpus) == (place not in removed)
            assert outcome.verdict == ("kept" if place in corpus else "removed")
        if outcome.verdict == "removed" and outcome.removal is not None:
            row = removed[place]
            assert list(outcome.reasons) == row["reasons"]
            survivor = outcome.removal.survivor
            assert (survivor.id if survivor else None) == row["survivor_id"]
            assert survivor is None or (survivor.item, survivor.row) in corpus
        if outcome.verdict == "rejected":
            assert outcome.stage == rejected[place]["stage"]
            assert [rule.rule for rule in outcome.rules if rule.fails] == list(outcome.reasons)
        elif outcome.rules:
            assert not any(rule.fails for rule in outcome.rules)
    manifest = json.loads((output / "phases/curate/manifest.json").read_text())
    ledger, counts = manifest["ledger"], Counter(outcome.verdict for outcome in found)
    assert counts["kept"] + counts["removed"] == ledger["kept"]
    for verdict in ("rejected", "failed", "skipped"):
        assert counts[verdict] == ledger[verdict]


def test_rows_lie_where_they_say(output: Path) -> None:
    for folder in FOLDERS:
        for file in sorted((output / folder).rglob("*.parquet")):
            item = str(file.relative_to(output / folder)).removesuffix(".parquet")
            found = pq.read_table(file)
            assert set(found["item"].to_pylist()) <= {item}
            assert found["row"].to_pylist() == list(range(found.num_rows))
            if folder == "documents":
                sizes = [len(text.encode()) for text in found["text"].to_pylist()]
                assert found["text_bytes"].to_pylist() == sizes


def test_the_rules_are_those_in_force_for_the_source(hostile: Path) -> None:
    by_name = {outcome.row["source_id"]: outcome for outcome in outcomes(hostile)}
    code, kept = by_name["no licence"], by_name["french too"]
    assert code.verdict == "rejected"
    licence = next(rule for rule in code.rules if rule.rule == "source.licenses")
    assert (licence.value, licence.threshold, licence.fails) == (None, ("mit",), True)
    assert [rule.rule for rule in code.rules] == ["source.licenses", "opt_outs.reject"]
    assert [rule.rule for rule in kept.rules] == ["opt_outs.reject"]
    assert kept.verdict == "kept"
    assert by_name["french"].reasons == ("language.keep",)


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_what_strangers_wrote_is_bounded_and_does_nothing(
    hostile: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    name = NAMES[number]
    shown = [o for o in outcomes(hostile) if name[:50] in f"{o.row.get('title')}{o.row['url']}"]
    assert {outcome.verdict for outcome in shown} >= {"kept", "rejected", "failed"}
    run = FinishedRun.open(str(hostile))
    for outcome in shown:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            print_outcome(outcome, run.config)
        text = out.getvalue()
        categories = set(map(unicodedata.category, text.replace("\n", "")))
        assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
        assert len(text) < 20_000
        if name.startswith(("[", ":", "<", "{", "=")):
            assert name in text
    assert main(["explain", str(hostile), f"mit {number}", "--json"]) == 0
    told = capsys.readouterr().out
    assert told.isascii()
    assert len(told) < 60_000
    (record,) = json.loads(told)["records"]
    assert record["title"] == name[:4096]
    assert ("title" in record["cut"]) == (len(name) > 4096)


def test_before_the_corpus_is_written_nothing_is_called_final(tmp_path: Path) -> None:
    config = finished_run(tmp_path)
    output = tmp_path / "early"
    for phase in ("curate", "dedup"):
        assert main([phase, str(config), "--output", str(output), "--quiet"]) == 0
    found = outcomes(output)
    kept = [outcome for outcome in found if outcome.verdict == "kept"]
    removed = [outcome.removal for outcome in found if outcome.removal]
    assert {outcome.in_corpus for outcome in kept} == {None}
    assert removed
    assert not any(removal.is_survivor_known for removal in removed)


def test_a_phase_done_anew_makes_no_verdict_final(tmp_path: Path) -> None:
    config = finished_run(tmp_path)
    output = tmp_path / "out"
    before = {f: f.read_bytes() for f in sorted((output / "removed").rglob("*.parquet"))}
    again = ["dedup", str(config), "--output", str(output), "--quiet"]
    assert main(again) == 0  # which is finished: nothing is written
    assert {file: file.read_bytes() for file in before} == before
    config.write_text(config.read_text() + "\n[dedup]\nthreshold = 0.7\n")
    assert main([*again, "--restart"]) == 0
    run = FinishedRun.open(str(output))
    assert run.finished == ("curate", "dedup", "decontaminate", "exclude")
    assert {o.in_corpus for o in outcomes(output) if o.verdict == "kept"} == {None}


def test_tables_of_another_version_are_told(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = json.loads((small / "phases/curate/settings.json").read_text())
    settings["results"]["curate"] = 3
    (tmp_path / "phases/curate").mkdir(parents=True)
    (tmp_path / "phases/curate/settings.json").write_text(json.dumps(settings))
    assert main(["explain", str(tmp_path), "x"]) == 2
    assert "from another version of the program" in capsys.readouterr().err
