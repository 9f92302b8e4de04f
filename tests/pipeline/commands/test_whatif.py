"""`whatif` says what a real run with other settings would: document by document."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.whatif import Foresight, what_if
from massivetext.pipeline.commands.whatif.rows import place_of
from massivetext.pipeline.commands.whatif.settings import (
    asked_settings,
    settings_of_run,
    with_asked,
)
from tests.pipeline.commands.whatif_run import corpus_of, finished, write_sources

FULL = '[output]\nrejected_text = "full"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whatif")
    write_sources(folder / "in")
    return folder


@pytest.fixture(scope="module")
def output(folder: Path) -> Path:
    return finished(folder, "base", FULL)


def foreseen(output: Path, settings: list[str]) -> Counter[tuple[str, str]]:
    """The documents that whatif keeps, as `corpus_of`."""
    stored = Foresight.open(str(output))
    config = with_asked(stored.run.config, asked_settings(stored.run.config, settings))
    judge = stored.judge([config])
    verdicts = judge.verdicts(config)
    places = [place_of(stored.run, a) for a in judge.rows.addresses[verdicts.in_corpus].tolist()]
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
def test_it_keeps_what_a_real_run_keeps(folder: Path, output: Path, settings: list[str]) -> None:
    name = str(abs(sum(map(ord, str(settings)))))
    expected = corpus_of(finished(folder, f"run-{name}", FULL + toml_of(settings)))
    assert foreseen(output, settings) == expected
    assert expected != corpus_of(output)
    found = what_if(str(output), asked_settings(settings_of_run(str(output)), settings), [])
    assert found["documents_after"] == expected.total()
    assert found["documents_before"] == corpus_of(output).total()
    assert found["documents_won"] - found["documents_lost"] == (
        found["documents_after"] - found["documents_before"]
    )
    for subset, counts in found["subsets"].items():
        tables = [pq.read_table(f) for f in (folder / f"run-{name}/corpus/{subset}").rglob("*.p*")]
        assert counts["bytes_after"] == sum(sum(t["text_bytes"].to_pylist()) for t in tables)
    assert len(found["examples"]["won"]) == min(5, found["documents_won"])
