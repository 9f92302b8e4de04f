import dataclasses
import random

import pytest

from massivetext.config import Config, Dedup
from massivetext.dedup import row_blocks
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.phases.dedup import candidates, verification
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import REMOVAL_SCHEMA
from tests.dedup.documents import corpus, edited, ids_of, order_of, page
from tests.dedup.phases import SOURCES, curated, job_in, rows_in
from tests.reference import dedup as reference

TEXTS = corpus(11, families=15)


def config_with(**changes):
    return Config(sources=SOURCES, dedup=dataclasses.replace(Dedup(), **changes))


def deduplicated(folder, texts=TEXTS, items=3, config=None, ids=None, subsets=("web",), **job):
    """Id -> (reason, partner id, Jaccard) of every removed document."""
    work = curated(folder, texts, items, ids=ids, subsets=subsets)
    run_phase(job_in(folder, config or config_with(), **job), phase_named("dedup"), work)
    return {
        row["id"]: (row["reasons"], row["partner_id"], row["jaccard"])
        for _, row in rows_in(folder, work, "dedup")
    }


def expected(texts=TEXTS):
    ids = ids_of(texts)
    return {
        ids[document]: ([reason], ids[partner], jaccard)
        for document, (reason, partner, jaccard) in reference.removals(
            texts, order_of(texts)
        ).items()
    }


def test_phase_is_the_reference(tmp_path):
    found = deduplicated(tmp_path)
    assert found == expected()
    assert len(found) > 20


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["greedy", "cluster"])
def test_files_and_memory_change_nothing_in_the_other_rules(tmp_path, monkeypatch, rule):
    config = config_with(rule=rule)
    whole = deduplicated(tmp_path / "whole", items=1, config=config)
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 7)
    cut = deduplicated(tmp_path / "cut", items=5, config=config)
    assert cut == whole
    assert len(whole) > 20


@pytest.mark.parametrize(
    ("items", "job"),
    [
        (1, {}),
        pytest.param(13, {"engine": BeamEngine(memory_bytes=100_000)}, marks=pytest.mark.slow),
        pytest.param(
            2, {"engine": BeamEngine(workers=2, memory_bytes=40_000)}, marks=pytest.mark.slow
        ),
    ],
)
def test_sharding_order_memory_and_workers_change_nothing(tmp_path, monkeypatch, items, job):
    """So little memory means many rounds and partitions of every step."""
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 7)
    paired = list(zip(TEXTS, ids_of(TEXTS), strict=True))
    random.Random(items).shuffle(paired)
    texts, ids = map(list, zip(*paired, strict=True))
    assert deduplicated(tmp_path, texts, items, ids=ids, **job) == expected()


def test_every_row_states_the_document_and_its_partner(tmp_path):
    work = curated(tmp_path, TEXTS, 4)
    manifest = run_phase(job_in(tmp_path), phase_named("dedup"), work)
    tables = [store.read_table(f"{tmp_path}/dedup/{item.name}.parquet") for item in work]
    assert all(table.schema == REMOVAL_SCHEMA for table in tables)
    for item, row in rows_in(tmp_path, work, "dedup"):
        documents = store.read_table(f"{tmp_path}/documents/{item.name}.parquet")
        assert documents["id"][row["row"]].as_py() == row["id"]
        assert row["source_id"] == row["id"][::-1]
        assert row["partner_source_id"] == row["partner_id"][::-1]
        assert (row["subset"], row["test_set"], row["test_jaccard"]) == ("web", None, None)
    rows = sum(table.num_rows for table in tables)
    assert manifest.ledger == {
        "documents": len(TEXTS),
        "removed": rows,
        "corpus": len(TEXTS) - rows,
    }
    findings = manifest.findings
    assert findings["without_words"] == 6
    assert sum(findings["jaccard"].values()) == sum(findings["removed"].values()) == rows
    assert sum(findings["shuffled_bytes_per_document"].values()) > 400


def test_items_without_removals_have_empty_files(tmp_path):
    assert deduplicated(tmp_path, [page(n) for n in range(6)], 3) == {}
    assert deduplicated(tmp_path / "none", [], 2) == {}
    table = store.read_table(f"{tmp_path}/none/dedup/web/shelf/000.txt.parquet")
    assert table.equals(REMOVAL_SCHEMA.empty_table())


def test_a_step_that_is_committed_is_not_run_again(tmp_path, monkeypatch):
    work = curated(tmp_path, TEXTS)
    job = job_in(tmp_path)

    def crash(*_):
        raise RuntimeError("a worker died")

    monkeypatch.setattr(verification.VerifyPairs, "_verify", crash)
    with pytest.raises(RuntimeError, match="a worker died"):
        run_phase(job, phase_named("dedup"), work)
    monkeypatch.undo()
    monkeypatch.setattr(candidates.MeetHeads, "__call__", crash)
    run_phase(job, phase_named("dedup"), work)
    found = {row["id"] for _, row in rows_in(tmp_path, work, "dedup")}
    assert found == set(expected())


@pytest.mark.slow
def test_a_resumed_run_with_less_memory_gives_the_same(tmp_path, monkeypatch):
    work = curated(tmp_path, TEXTS)

    def crash(*_):
        raise RuntimeError("a worker died")

    monkeypatch.setattr(verification.VerifyPairs, "_verify", crash)
    with pytest.raises(RuntimeError):
        run_phase(
            job_in(tmp_path, engine=BeamEngine(memory_bytes=50_000)), phase_named("dedup"), work
        )
    monkeypatch.undo()
    run_phase(job_in(tmp_path), phase_named("dedup"), work)
    found = {row["id"] for _, row in rows_in(tmp_path, work, "dedup")}
    assert found == set(expected())


def test_copies_with_one_id_keep_the_first(tmp_path):
    work = curated(tmp_path, [page(1)] * 4, 2, ids=["same"] * 4)
    run_phase(job_in(tmp_path), phase_named("dedup"), work)
    rows = [(item.number, row["row"]) for item, row in rows_in(tmp_path, work, "dedup")]
    assert rows == [(0, 1), (1, 0), (1, 1)]


def test_preferred_subsets_keep_their_documents(tmp_path):
    base = [page(n, 200) for n in range(30)]
    texts = base + [edited(text, n) for n, text in enumerate(base)]
    for first, other in (("web", "wikipedia"), ("wikipedia", "web")):
        found = deduplicated(
            tmp_path / first, texts, 2, config_with(prefer=(first,)), subsets=("web", "wikipedia")
        )
        losers = ids_of(texts)[:30] if other == "web" else ids_of(texts)[30:]
        assert set(found) == set(losers)


def test_scope_subset_compares_within_subsets_only(tmp_path):
    base = [page(n, 200) for n in range(10)]
    texts = [*base, base[0], *(edited(text, n) for n, text in enumerate(base)), base[1]]
    found = deduplicated(
        tmp_path, texts, 2, config_with(scope="subset"), subsets=("web", "wikipedia")
    )
    assert len(found) == 2
    assert {reason for (reason,), _, _ in found.values()} <= {"exact", "near"}


@pytest.mark.parametrize("rule", ["greedy", pytest.param("cluster", marks=pytest.mark.slow)])
def test_other_rules_are_those_of_the_reference(tmp_path, monkeypatch, rule):
    """With a chain of 30, which takes several rounds, cut into blocks of 20 documents."""
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 20)
    chain = [page("chain", 300)]
    for link in range(30):
        chain.append(edited(chain[-1], f"link {link}"))
    texts = [text for text in dict.fromkeys([*TEXTS, *chain]) if reference.words(text)]
    random.Random(1).shuffle(texts)
    sets = [reference.shingles(text) for text in texts]
    pairs = reference.similar_pairs(sets)
    rules = {"greedy": reference.greedy, "cluster": reference.components}
    found = deduplicated(tmp_path, texts, 3, config_with(rule=rule))
    ids = ids_of(texts)
    assert set(found) == {ids[d] for d in rules[rule](pairs, order_of(texts))}
    for document, (_, partner, jaccard) in found.items():
        pair = tuple(sorted((ids.index(document), ids.index(partner))))
        assert pairs[pair] == jaccard
    if rule == "greedy":
        kept = set(range(len(texts))) - {ids.index(document) for document in found}
        with_kept_partner = {d for pair in pairs if kept & set(pair) for d in pair}
        assert {ids.index(document) for document in found} <= with_kept_partner


@pytest.mark.shared_data
def test_development_corpus_loses_no_pair_and_no_document_wrongly(tmp_path, shared_folder):
    """50,000 documents and all their 575,547 pairs above 0.8."""
    from tests.dedup.shared import read_jsonl, read_tsv

    folder = shared_folder / "data/dedup/dev"
    documents = list(read_jsonl(folder / "docs.jsonl.zst"))
    texts = {row["id"]: row["text"] for row in documents}
    found = deduplicated(tmp_path, list(texts.values()), 10, ids=list(texts))
    jaccards = {
        (one, other): float(jaccard)
        for one, other, jaccard in read_tsv(folder / "pairs.tsv.zst")
        if float(jaccard) > 0.8
    }
    missed = [pair for pair in jaccards if pair[0] not in found and pair[1] not in found]
    assert len(missed) <= 0.001 * len(jaccards)
    for document, (_, partner, jaccard) in found.items():
        pair = (document, partner) if document < partner else (partner, document)
        assert jaccards[pair] == pytest.approx(jaccard, abs=1e-6)
