"""Inputs that break deduplication elsewhere (time and memory: benchmarks/dedup_adversarial)."""

import random

import pytest

from massivetext.config import Config
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.table import phase_named
from tests.dedup.documents import page
from tests.dedup.phases import SOURCES, curated, job_in, rows_in
from tests.reference import dedup as reference


def deduplicated(folder, texts, items=3):
    """The manifest, and (number of the document, number of its partner, Jaccard) of all removed."""
    work = curated(folder, texts, items, ids=[f"{number:08d}" for number in range(len(texts))])
    manifest = run_phase(job_in(folder, Config(sources=SOURCES)), phase_named("dedup"), work)
    rows = rows_in(folder, work, "dedup")
    return manifest, [(int(r["id"]), int(r["partner_id"]), r["jaccard"]) for _, r in rows]


def test_documents_without_words_meet_nobody_and_cost_nothing(tmp_path):
    manifest, removed = deduplicated(tmp_path, ["", " - ", "***", "\n\n"] * 5000)
    assert removed == []
    assert manifest.findings["without_words"] == 20_000
    assert sum(manifest.findings["shuffled_bytes_per_document"].values()) == 0


@pytest.mark.parametrize("words", [12, 13])
def test_short_documents_go_only_if_their_words_are_equal(tmp_path, words):
    """Each of 700 pages three times, once with a full stop; all pages share 11 or 12 words."""
    start = page("start", words - 1)
    texts = [f"{start} end{number % 700}" + "." * (number >= 1400) for number in range(2100)]
    _, removed = deduplicated(tmp_path, texts)
    assert len(removed) == 1400
    assert all(one % 700 == other % 700 and jaccard == 1 for one, other, jaccard in removed)
    assert len({one % 700 for one, _, _ in removed}) == 700


def test_one_raw_text_in_many_forms_keeps_one(tmp_path):
    """One page with 3,000 different punctuations, and 3,000 copies of one of these forms."""
    base = page("base", 100)
    forms = [base.replace(" ", ", ", n % 60).replace(" ", "; ", n // 60) for n in range(3000)]
    _, removed = deduplicated(tmp_path, [*forms, *forms[:1] * 3000])
    assert len(removed) == 5999
    assert all(jaccard == 1 for _, _, jaccard in removed)


@pytest.mark.slow
def test_100_000_copies_with_one_word_changed_keep_one(tmp_path):
    base, draw = page("base", 400).split(" "), random.Random(0)
    texts = []
    for number in range(100_000):
        copy = list(base)
        copy[draw.randrange(400)] = f"changed{number}"
        texts.append(" ".join(copy))
    manifest, removed = deduplicated(tmp_path, texts, 10)
    assert manifest.ledger["corpus"] == 1
    for one, other, jaccard in draw.sample(removed, 300):
        sets = [reference.shingles(texts[number]) for number in (one, other)]
        assert jaccard == reference.jaccard(*sets) > 0.8
