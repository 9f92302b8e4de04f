"""Increments: new documents against finished corpora."""

import dataclasses
import json

import pytest

from massivetext.config import Config, Decontamination, Dedup, TestSet
from massivetext.dedup import row_blocks
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.table import phase_named
from tests.dedup.documents import corpus, edited, page
from tests.dedup.phases import SOURCES, curated, job_in, rows_in
from tests.reference import dedup as reference

OLD = [page(f"old {n}", 200) for n in range(20)]


def ids(prefix, texts):
    return [f"{prefix}{number:05d}" for number in range(len(texts))]


def deduplicated(folder, texts, prefix, items=2, against=(), **changes):
    """Id -> (reasons, partner id, Jaccard) of the removed documents; commits the phase."""
    work = curated(folder, texts, items, ids=ids(prefix, texts))
    config = Config(sources=SOURCES, dedup=dataclasses.replace(Dedup(), **changes))
    job = job_in(folder, config, against=tuple(str(path) for path in against))
    manifest = run_phase(job, phase_named("dedup"), work)
    rows = rows_in(folder, work, "dedup")
    assert manifest.ledger["removed"] == len(rows)
    return {row["id"]: (row["reasons"], row["partner_id"], row["jaccard"]) for _, row in rows}


def test_matches_with_the_old_corpus_are_verified_and_named(tmp_path):
    deduplicated(tmp_path / "old", OLD, "old")
    new = [page("fresh"), edited(OLD[3], 1), OLD[5], OLD[6].replace(" ", ", "), page("other")]
    found = deduplicated(tmp_path / "new", new, "new", against=[tmp_path / "old"])
    jaccard = reference.jaccard(reference.shingles(OLD[3]), reference.shingles(new[1]))
    assert found == {
        "new00001": (["near"], "old00003", jaccard),
        "new00002": (["exact"], "old00005", 1.0),
        "new00003": (["near"], "old00006", 1.0),
    }


@pytest.mark.parametrize(
    "rule", ["cluster", *(pytest.param(r, marks=pytest.mark.slow) for r in ("pairwise", "greedy"))]
)
def test_old_documents_always_win_and_stay(tmp_path, monkeypatch, rule):
    """Both halves of a corpus full of duplicates, cut into small blocks and little memory."""
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 20)
    texts = [text for text in dict.fromkeys(corpus(11, families=25)) if reference.words(text)]
    old, new = texts[::2], texts[1::2]
    before = deduplicated(tmp_path / "old", old, "old", rule=rule)
    stay = {name for name in ids("old", old) if name not in before}
    files = {m.path: store.digest_file(m.path) for m in store.list_folder(str(tmp_path / "old"))}
    found = deduplicated(tmp_path / "new", new, "new", against=[tmp_path / "old"], rule=rule)
    text_of = dict(zip(ids("old", old) + ids("new", new), old + new, strict=True))
    assert set(found) <= set(ids("new", new))
    partners = {partner for _, partner, _ in found.values()}
    assert partners & stay
    assert {partner for partner in partners if partner.startswith("old")} <= stay
    for document, (_, partner, jaccard) in found.items():
        sets = [reference.shingles(text_of[name]) for name in (document, partner)]
        assert jaccard == reference.jaccard(*sets) > 0.8
    kept_old = [reference.shingles(text_of[name]) for name in sorted(stay)]
    for document in set(ids("new", new)) - set(found):
        mine = reference.shingles(text_of[document])
        assert all(reference.jaccard(mine, other) <= 0.8 for other in kept_old)
    assert files == {
        m.path: store.digest_file(m.path) for m in store.list_folder(str(tmp_path / "old"))
    }


@pytest.mark.slow
def test_against_several_and_what_left_an_old_corpus_does_not_count(tmp_path):
    deduplicated(tmp_path / "first", OLD[:10], "one")
    deduplicated(tmp_path / "second", [*OLD[10:], OLD[0]], "two", against=[tmp_path / "first"])
    leaked = tmp_path / "leaked.jsonl"
    leaked.write_text(json.dumps({"text": OLD[12]}))
    rules = Decontamination(test_sets=(TestSet("c4", "jsonl", str(leaked)),))
    work = curated(tmp_path / "second", [*OLD[10:], OLD[0]], 2, ids=ids("two", [0] * 11))
    config = Config(sources=SOURCES, decontamination=rules)
    run_phase(job_in(tmp_path / "second", config), phase_named("decontaminate"), work)
    against = [tmp_path / "first", tmp_path / "second"]
    found = deduplicated(tmp_path / "third", [OLD[0], OLD[12], OLD[13]], "new", against=against)
    assert {name: partner for name, (_, partner, _) in found.items()} == {
        "new00000": "one00000",
        "new00002": "two00003",
    }


def test_an_old_corpus_is_checked_before_any_work(tmp_path):
    with pytest.raises(UsageError, match="holds no finished phase 'dedup'"):
        deduplicated(tmp_path / "new", OLD, "new", against=[tmp_path / "nothing"])
    with pytest.raises(UsageError, match="own output"):
        deduplicated(tmp_path / "new", OLD, "new", against=[tmp_path / "new"])
    deduplicated(tmp_path / "old", OLD, "old", bands=10)
    with pytest.raises(UsageError, match="bands = 10"):
        deduplicated(tmp_path / "new", OLD, "new", against=[tmp_path / "old"])
    store.delete(str(tmp_path / "old/dedup/keys/web/shelf/001.txt.npy"))
    with pytest.raises(UsageError, match=r"001\.txt\.npy is missing"):
        deduplicated(tmp_path / "new", OLD, "new", against=[tmp_path / "old"], bands=10)


@pytest.mark.slow
def test_from_the_command_line(tmp_path, capsys):
    for name, texts in (("old", OLD[:3]), ("new", [OLD[1], page("fresh")])):
        lines = [json.dumps({"text": text, "id": f"{name}-{n}"}) for n, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
        (tmp_path / f"{name}.toml").write_text(
            '[[source]]\nsubset = "news"\nkind = "text"\nformat = "jsonl"\nlanguage = false\n'
            f'path = "{name}.jsonl"\nfields = {{ text = "text", id = "id" }}\n'
        )
        for phase in ("curate", "dedup"):
            against = ["--against", str(tmp_path / "old")] * (name == "new" and phase == "dedup")
            output = ["--output", str(tmp_path / name), "--quiet"]
            assert main([phase, str(tmp_path / f"{name}.toml"), *output, *against]) == 0
    (removed,) = store.list_folder(str(tmp_path / "new/removed"))
    (row,) = store.read_table(removed.path).to_pylist()
    assert (row["source_id"], row["partner_source_id"]) == ("new-0", "old-1")
    assert (row["reasons"], row["jaccard"]) == (["exact"], 1.0)
    capsys.readouterr()
    output = ["--output", str(tmp_path / "other"), "--quiet", "--against", str(tmp_path / "none")]
    assert main(["run", str(tmp_path / "new.toml"), *output]) == 2
    assert "none: it holds no finished phase 'dedup'" in capsys.readouterr().err
    assert not (tmp_path / "other/documents").exists()


@pytest.mark.slow
def test_another_old_corpus_is_another_phase(tmp_path):
    deduplicated(tmp_path / "old", OLD, "old")
    deduplicated(tmp_path / "new", OLD, "new")
    with pytest.raises(UsageError, match="against was"):
        deduplicated(tmp_path / "new", OLD, "new", against=[tmp_path / "old"])
