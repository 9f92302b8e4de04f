"""`whatif` says what a real run with other settings would: document by document."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.commands.whatif import Foresight, what_if
from massivetext.pipeline.commands.whatif.rows import place_at
from massivetext.pipeline.commands.whatif.settings import (
    asked_settings,
    settings_of_run,
    sweep_of,
    with_asked,
)
from massivetext.pipeline.commands.whatif.stored_pairs import StoredPairs
from tests.pipeline.commands.use import fails
from tests.pipeline.commands.whatif_run import FULL, corpus_of, finished


def foreseen(output: Path, settings: list[str]) -> Counter[tuple[str, str]]:
    """The documents that whatif keeps, as `corpus_of`."""
    stored = Foresight.open(str(output))
    config = with_asked(stored.run.config, asked_settings(stored.run.config, settings))
    judge = stored.judge([config])
    verdicts = judge.verdicts(config)
    places = [place_at(stored.run, a) for a in judge.rows.addresses[verdicts.in_corpus].tolist()]
    tables = {
        (p.folder, p.item): pq.read_table(output / p.folder / f"{p.item}.parquet") for p in places
    }
    ids = (tables[p.folder, p.item]["id"][p.row].as_py() for p in places)
    return Counter(zip((p.item.partition("/")[0] for p in places), ids, strict=True))


def toml_of(settings: list[str]) -> str:
    """The same settings as a configuration file has them."""
    sections: dict[str, list[str]] = {}
    for setting in settings:
        section, _, assignment = setting.partition(".")
        sections.setdefault(section, []).append(assignment)
    return "".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())


CHANGES = [
    ["quality.min_words=50", "quality.max_words=90"],
    ["quality.min_words=36", 'language.keep=["en", "fr"]'],
    ["dedup.threshold=0.6", "repetition.max_duplicate_5_gram_character_fraction=0.5"],
]
SLOW_CHANGES = [
    ['dedup.rule="cluster"', "dedup.threshold=0.5"],
    ['dedup.rule="greedy"', "quality.min_words=40"],
    ["dedup.threshold=0.95", "quality.min_words=60"],
    ["language.min_score=0.9", "quality.min_words=37", 'language.keep=["*"]'],
]


@pytest.mark.parametrize(
    "settings",
    [*CHANGES, *(pytest.param(change, marks=pytest.mark.slow) for change in SLOW_CHANGES)],
    ids=str,
)
def test_it_keeps_what_a_real_run_keeps(
    pages_folder: Path, pages_run: Path, kept_pairs_run: Path, settings: list[str]
) -> None:
    name = str(abs(sum(map(ord, str(settings)))))
    expected = corpus_of(finished(pages_folder, f"run-{name}", FULL + toml_of(settings)))
    assert foreseen(pages_run, settings) == expected
    assert foreseen(kept_pairs_run, settings) == expected
    assert expected != corpus_of(pages_run)
    found = what_if(str(pages_run), asked_settings(settings_of_run(str(pages_run)), settings), [])
    assert found["documents_after"] == expected.total()
    assert found["documents_before"] == corpus_of(pages_run).total()
    assert found["documents_won"] - found["documents_lost"] == (
        found["documents_after"] - found["documents_before"]
    )
    for subset, counts in found["subsets"].items():
        tables = [
            pq.read_table(f) for f in (pages_folder / f"run-{name}/corpus/{subset}").rglob("*.p*")
        ]
        assert counts["bytes_after"] == sum(sum(t["text_bytes"].to_pylist()) for t in tables)
    assert len(found["examples"]["won"]) == min(5, found["documents_won"])


EVERYTHING = [
    *("quality.min_words=0", "quality.min_stop_words=0", "language.keep=*"),
    *(f"repetition.max_duplicate_{n}_gram_character_fraction=1" for n in range(5, 11)),
    *(f"repetition.max_top_{n}_gram_character_fraction=1" for n in range(2, 5)),
]


@pytest.mark.parametrize("rule", ["pairwise", "greedy", "cluster"])
def test_kept_pairs_say_what_comparing_again_says(kept_pairs_run: Path, rule: str) -> None:
    """Of any part of the documents: crowded buckets get other heads, copies other first ones."""
    stored = Foresight.open(str(kept_pairs_run))
    asked = asked_settings(stored.run.config, EVERYTHING)
    judge = stored.judge([with_asked(stored.run.config, asked)])
    assert isinstance(judge.duplicates, StoredPairs)
    assert judge.duplicates.known.crowds.size
    assert judge.duplicates.known.copies.size
    draw = np.random.default_rng(0)
    for share, threshold in ((1.0, 0.3), (0.8, 0.8), (0.5, 0.5), (0.3, 0.0), (0.0, 0.8)):
        config = with_asked(
            stored.run.config, {**asked, "dedup.threshold": threshold, "dedup.rule": rule}
        )
        passes = draw.random(judge.rows.addresses.size) < share
        found = judge.duplicates.removals(passes, config)
        again = judge.duplicates.again.removals(passes, config)
        assert found.tolist() == again.tolist()
        assert (found.size > 0) == (share > 0)


def test_kept_copies_of_test_items_are_those_found_again(kept_pairs_run: Path) -> None:
    stored = Foresight.open(str(kept_pairs_run))
    config = with_asked(stored.run.config, asked_settings(stored.run.config, EVERYTHING))
    judge = stored.judge([config])
    rejected = judge.rows.addresses[~judge.rows.was_document]
    kept = judge.test_copies.are_copies(rejected)
    again = replace(judge.test_copies, is_known=False).are_copies(rejected)
    assert kept.tolist() == again.tolist()


def test_nothing_changes_under_the_same_settings(pages_run: Path) -> None:
    found = what_if(str(pages_run), {"quality.min_words": 50, "dedup.threshold": 0.8}, [])
    assert found["documents_after"] == found["documents_before"] > 0
    assert found["documents_won"] == found["documents_lost"] == 0


def test_a_sweep_is_one_answer_for_each_value(pages_run: Path) -> None:
    sweep = sweep_of("quality.min_words=30:60:10")
    (told,) = what_if(str(pages_run), {"dedup.threshold": 0.6}, [sweep])["sweeps"]
    assert [point["value"] for point in told["points"]] == [30, 40, 50, 60]
    for point in told["points"]:
        alone = what_if(
            str(pages_run), {"dedup.threshold": 0.6, "quality.min_words": point["value"]}, []
        )
        assert point["documents_after"] == alone["documents_after"]
        assert point["subsets"] == alone["subsets"]
    counts = [point["documents_after"] for point in told["points"]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_sums_agree(pages_run: Path) -> None:
    found = what_if(str(pages_run), {"quality.min_words": 60, "dedup.threshold": 0.5}, [])
    for unit in ("documents", "bytes"):
        for which in ("won", "lost"):
            name = f"{unit}_{which}"
            assert found[name] == sum(row[name] for row in found["lengths"])
            assert found[name] == sum(row[name] for row in found["domains"]["top"])
            assert found[name] == sum(counts[name] for counts in found["subsets"].values())
        moved = found[f"{unit}_won"] - found[f"{unit}_lost"]
        assert found[f"{unit}_after"] - found[f"{unit}_before"] == moved
    assert "example.com" in [row["domain"] for row in found["domains"]["top"]]
    assert all(example["reasons_after"] for example in found["examples"]["lost"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("--set", "quality.min_word=3"), "did you mean"),
        (("--set", "quality.min_words=x"), "expected a whole number"),
        (("--set", "quality.min_words=-1"), "expected at least 0"),
        (("--set", "quality.min_words=1", "--set", "quality.min_words=2"), "stands twice"),
        (("--set", "quality.min_words"), "expected KEY=VALUE"),
        (("--set", "dedup.ngram=5"), "cannot foresee 'dedup.ngram'"),
        (("--set", "seed=5"), "cannot foresee 'seed'"),
        (("--set", "extraction.extractor=lxml"), "extracted again"),
        (("--set", "source.licenses=mit"), "cannot foresee 'source.licenses'"),
        (("--set", "\x1b[31m=1"), "unknown key '\\x1b[31m'"),
        (("--sweep", "quality.min_words=1:2"), "expected KEY=FROM:TO:STEP"),
        (("--sweep", "quality.min_words=1:nan:1"), "expected KEY=FROM:TO:STEP"),
        (("--sweep", "quality.min_words=0:1e9:1"), "give a larger STEP"),
        (("--sweep", "quality.min_words=-inf:1:1"), "expected KEY=FROM:TO:STEP"),
        (("--sweep", "quality.min_words=0:1e999999:1e-999999"), "expected KEY=FROM:TO:STEP"),
        ((), "nothing is asked for"),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    pages_run: Path, capsys: pytest.CaptureFixture[str], settings: tuple[str, ...], said: str
) -> None:
    code, message = fails(capsys, "whatif", str(pages_run), *settings)
    assert code == 2
    assert said in message
    assert message.count("\n") == 1


def test_rejected_texts_that_were_cut_are_named(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, message = fails(capsys, "whatif", str(sample_run), "--set", "language.keep=*")
    assert code == 2
    assert "output.rejected_text = 'full'" in message


def test_it_prints_what_is_won_and_lost(
    pages_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["whatif", str(pages_run), "--set", "quality.min_words=40"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "quality.min_words: 50 -> 40\n" in printed
    for example in found["examples"]["won"]:
        assert f"massivetext explain {pages_run} {example['id']}\n" in printed
