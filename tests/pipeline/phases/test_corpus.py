"""`corpus/` and `removed/` of corpora full of chains, by every rule, and beside an older one."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from massivetext.config import Config, Dedup
from massivetext.dedup import row_blocks
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.table import phase_named
from tests.dedup.documents import corpus, edited, page
from tests.dedup.phases import SOURCES, curated, job_in, rows_in


def removed_and_kept(
    folder: Path, texts: list[str], rule: Any = "pairwise", prefix: str = "a", **changes: Any
) -> tuple[dict[tuple[str, int], dict[str, Any]], dict[tuple[str, int], dict[str, Any]]]:
    """Rows of `removed/` and `corpus/` by place."""
    ids = [f"{prefix}{number:05d}" for number in range(len(texts))]
    work = curated(folder, texts, 4, ids=ids)
    config = Config(sources=SOURCES, dedup=dataclasses.replace(Dedup(), rule=rule))
    job = job_in(folder, config, **changes)
    for phase in ("dedup", "decontaminate", "exclude", "corpus"):
        run_phase(job, phase_named(phase), work)
    found = []
    for table in ("removed", "corpus"):
        rows = rows_in(folder, work, table)
        assert all(item.name == row["item"] for item, row in rows)
        found.append({(row["item"], row["row"]): row for _, row in rows})
    assert len(found[0]) + len(found[1]) == len(texts)
    return found[0], found[1]


def place(row: dict[str, Any], which: str) -> tuple[str, int]:
    return row[f"{which}_item"], row[f"{which}_row"]


@pytest.mark.parametrize(
    "rule", ["pairwise", "cluster", pytest.param("greedy", marks=pytest.mark.slow)]
)
def test_whatever_goes_has_a_survivor_in_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 20)
    removed, kept = removed_and_kept(tmp_path, corpus(3, families=25), rule)
    gone = 0
    for row in removed.values():
        survivor = kept[place(row, "survivor")]
        assert (row["survivor_id"], row["survivor_source_id"]) == (
            survivor["id"],
            survivor["source_id"],
        )
        partner = place(row, "partner")
        gone += partner in removed
        if rule != "cluster":  # where a partner may lead away from the winner of the cluster
            while partner in removed:
                partner = place(removed[partner], "partner")
            assert partner == place(row, "survivor")
    assert gone  # partners that did not stay


def test_an_older_corpus_holds_survivors_without_a_place(tmp_path: Path) -> None:
    old = [page(f"old {n}", 200) for n in range(8)]
    removed_and_kept(tmp_path / "old", old, prefix="old")
    chain = [edited(old[2], 1), edited(edited(old[2], 1), 2, 6)]
    new = [old[5], *chain, page("fresh"), page("fresh")]
    removed, _ = removed_and_kept(tmp_path / "new", new, against=(str(tmp_path / "old"),))
    survivors = {row["id"]: (row["survivor_id"], row["survivor_item"]) for row in removed.values()}
    assert survivors["a00000"] == ("old00005", None)
    assert survivors["a00001"] == ("old00002", None)
    last = {survivors[name][0] for name in ("a00003", "a00004") if name in survivors}
    assert len(last) == 1
    assert not next(iter(last)).startswith("old")


@pytest.mark.slow
def test_workers_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 20)
    texts = corpus(5, families=20)
    found = []
    for name, engine in (("a", BeamEngine()), ("b", BeamEngine(workers=2))):
        removed_and_kept(tmp_path / name, texts, engine=engine)
        files = sorted((tmp_path / name / "removed").rglob("*.parquet"))
        found.append([file.read_bytes() for file in files])
    assert found[0] == found[1]
