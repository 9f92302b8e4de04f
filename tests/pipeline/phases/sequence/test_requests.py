"""What is asked for, and what a corpus can give: as phase SEQUENCE plans it."""

import math
import re

import pytest

from massivetext.pipeline.engine.errors import RunError, UsageError
from massivetext.pipeline.phases.sequence import phase, planning
from massivetext.sequencing import ShardReader
from tests.pipeline.phases.sequence.made_up_corpus import (
    CORPUS,
    make_documents,
    sequence,
    with_sequence,
)


def test_a_number_of_tokens_reads_no_more_than_it_needs(tmp_path):
    reader, _ = sequence(tmp_path, with_sequence(tokens=64 * 20 + 63, shards=1))
    assert len(reader) == 20
    subsets = reader.dataset.subsets
    assert (subsets["books"].sequences, subsets["web"].sequences) == (12, 8)
    assert subsets["books"].visits == 1  # of a few documents, all or nothing is read
    assert reader.dataset.warnings == ()


@pytest.mark.slow
def test_a_subset_that_falls_short_is_visited_again_with_new_crops(tmp_path):
    corpus = {"books": make_documents("books", 12, 3_000), "web": CORPUS["web"]}
    config = with_sequence(tokens=64 * 200, weights={"books": 0.8, "web": 0.2}, max_visits=9)
    reader, _ = sequence(tmp_path, config, corpus)
    assert len(reader) == 200
    assert 1 < reader.dataset.subsets["books"].visits < 9
    starts = {}
    for number in range(200):
        for piece in reader.provenance(number):
            if piece.subset == "books":
                starts.setdefault(piece.document_id, {})[piece.visit] = piece.byte_start
    assert any(len(set(by_visit.values())) > 1 for by_visit in starts.values())


@pytest.mark.slow
def test_a_request_that_cannot_be_met_says_what_fits(tmp_path, monkeypatch):
    """Before tokens are shuffled, and what is said to fit does fit."""
    monkeypatch.setattr(phase, "write_shards", lambda *_: pytest.fail("tokens were shuffled"))
    with pytest.raises(UsageError, match="3 visits of books give") as error:
        sequence(tmp_path, with_sequence(tokens=10**12))
    fits = int(re.search(r"([\d,]+) tokens \(", str(error.value))[1].replace(",", ""))
    monkeypatch.undo()
    reader, _ = sequence(tmp_path, with_sequence(tokens=fits), restart=True)
    assert reader.dataset.tokens == fits
    reader, _ = sequence(tmp_path, with_sequence(tokens=10**12, allow_fewer=True), restart=True)
    assert reader.dataset.tokens == fits
    assert "sequences instead of" in reader.dataset.warnings[0]


@pytest.mark.slow
def test_longer_sequences_keep_the_text_of_short_documents(tmp_path):
    kept = {}
    for length in (64, 700, 1024):
        reader, _ = sequence(tmp_path, with_sequence(length=length, shards=1), restart=True)
        web = reader.dataset.subsets["web"]
        kept[length] = 1 - web.discarded_tokens / web.crop_tokens
        assert (web.tokens_per_group > 0) == (length > 64)
    assert kept[64] > 0.9
    assert min(kept.values()) > 0.9 * kept[64]


@pytest.mark.slow
def test_other_shards_hold_the_same_sequences(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "PART_BYTES", 2_000)
    found = []
    for shard_bytes in (8_000, 10**9):
        monkeypatch.setattr(planning, "SHARD_BYTES", shard_bytes)
        reader, _ = sequence(tmp_path / str(shard_bytes), with_sequence(shards=0))
        found.append((len(reader.dataset.shards), sorted(s.tobytes() for s in reader)))
    (many, those), (one, these) = found
    assert many > one == 1
    assert those == these


def documents_in(reader: ShardReader) -> set[str]:
    return {piece.document_id for n in range(len(reader)) for piece in reader.provenance(n)}


def test_what_is_held_out_is_never_trained_on(tmp_path):
    reader, manifest = sequence(tmp_path, with_sequence(held_out=0.2))
    others = ShardReader(tmp_path / "sequences/held_out")
    learned, held_out = documents_in(reader), documents_in(others)
    assert not learned & held_out
    assert 0.1 < len(held_out) / sum(map(len, CORPUS.values())) < 0.3
    for subset in CORPUS:
        entries = [r.dataset.subsets[subset] for r in (reader, others)]
        assert sum(entry.documents for entry in entries) == len(CORPUS[subset])
    assert len(others) == sum(entry.sequences for entry in others.dataset.subsets.values())
    assert manifest.ledger == {"sequences": len(reader), "held_out_sequences": len(others)}


def test_held_out_documents_without_a_sequence_are_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"held_out = 1e-06.*hold out a larger share"):
        sequence(tmp_path, with_sequence(held_out=1e-6))


def test_whole_documents_are_there_once_with_every_token(tmp_path):
    reader, _ = sequence(tmp_path, with_sequence(crops="whole", shards=1))
    covered = {}
    for number in range(len(reader)):
        for piece in reader.provenance(number):
            assert piece.visit == piece.byte_start == 0
            tokens = range(piece.crop_token_start, piece.crop_token_end)
            covered.setdefault(piece.document_id, []).extend(tokens)
    assert all(len(set(tokens)) == len(tokens) for tokens in covered.values())
    for entry in reader.dataset.subsets.values():
        assert entry.discarded_tokens < 64  # the end of the one group
        assert entry.surplus_tokens == 0
        assert entry.sequences / len(reader) == entry.weight_given != entry.weight_asked
        assert entry.visits == 1


def test_a_scarce_subset_lowers_the_total_and_it_is_said(tmp_path, capsys):
    corpus = {**CORPUS, "web": CORPUS["web"][:20]}
    reader, manifest = sequence(tmp_path, with_sequence(weights={"books": 0.1, "web": 0.9}), corpus)
    (warning,) = reader.dataset.warnings
    assert f"{len(reader):,} sequences instead of" in warning
    assert "3 visits of web" in warning
    assert manifest.findings["warnings"] == [warning]
    assert warning in capsys.readouterr().err


def test_absent_and_fruitless_subsets_share_out_their_weights(tmp_path):
    corpus = {**CORPUS, "news": [], "wikipedia": make_documents("wikipedia", 1, 5)}
    weights = {"books": 0.3, "web": 0.2, "news": 0.3, "wikipedia": 0.2}
    reader, _ = sequence(tmp_path, with_sequence(weights=weights), corpus)
    subsets = reader.dataset.subsets
    assert subsets["books"].weight_given == 0.6
    assert subsets["wikipedia"].sequences == subsets["news"].sequences == 0
    assert subsets["wikipedia"].weight_asked == 0.2
    assert "no sequences from news, wikipedia" in reader.dataset.warnings[0]


def test_a_corpus_too_small_for_one_sequence_is_an_error(tmp_path):
    with pytest.raises(RunError, match="too small"):
        sequence(tmp_path, with_sequence(length=100_000))


def test_an_empty_corpus_is_an_error(tmp_path):
    with pytest.raises(RunError, match="no subset of the corpus"):
        sequence(tmp_path, corpus={"books": [], "web": []})


def test_the_number_of_shards_follows_from_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "SHARD_BYTES", 10_000)
    monkeypatch.setattr(planning, "PART_BYTES", 2_000)
    reader, _ = sequence(tmp_path, with_sequence(shards=0))
    sizes = [2 * 64 * shard.records for shard in reader.dataset.shards]
    assert len(sizes) == math.ceil(sum(sizes) / 10_000) > 1
    assert max(sizes) < 2 * min(sizes)
