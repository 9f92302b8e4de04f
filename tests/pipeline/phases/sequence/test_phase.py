"""Phase SEQUENCE on a made-up corpus: same bytes in every way, nothing lost, all accounted for."""

import errno
import hashlib
import math
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import xxhash

from massivetext.config import Config, Sequencing, TokenizerConfig
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import RunError, UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.phase import PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.sequence import phase, planning
from massivetext.pipeline.phases.table import phase_named
from massivetext.pipeline.readers import FileRange
from massivetext.records import document_id
from massivetext.sequencing import ShardReader
from massivetext.sequencing.tokenizer import load_tokenizer

WORDS = ["the", "of", "and", "crop", "naïve", "日本語", "—", "bucket\n", "\t", "visit", "weight"]
CONFIG = Config(
    tokenizer=TokenizerConfig(vocab_size=340),
    sequence=Sequencing(length=64, weights={"books": 0.6, "web": 0.4}, shards=3, max_visits=3),
)


def make_documents(subset: str, count: int, words: int) -> list[tuple[str, str]]:
    rng = random.Random(f"{subset} {count} {words}")
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(0, words))) for _ in range(count)]
    return [(document_id(subset, str(n), t.encode()), t) for n, t in enumerate(texts)]


CORPUS = {"books": make_documents("books", 30, 900), "web": make_documents("web", 150, 150)}


def write_corpus(output: Path, corpus, files: int = 2) -> list[WorkItem]:
    """Writes the corpus cut into `files` files a subset, and the manifest of its phase."""
    items, findings = [], {}
    for subset, documents in corpus.items():
        findings[subset] = {
            "corpus": len(documents),
            "text_bytes": sum(len(text.encode()) for _, text in documents),
        }
        for number in range(files):
            name = f"{subset}/{number:03d}"
            rows = [{"id": i, "text": t} for i, t in documents[number::files]]
            schema = pa.schema([("id", pa.string()), ("text", pa.large_string())])
            table = pa.Table.from_pylist(rows, schema)
            store.write_table(str(output), f"corpus/{name}.parquet", table)
            items.append(WorkItem(len(items), name, subset, 0, name, FileRange(0, 0), 0, 0.0, 0.0))
    job = Job(CONFIG, str(output), quiet=True)
    phase = replace(phase_named("corpus"), upstream=())
    work = PhaseWork(lambda job, items: {"files": files}, lambda run: run.manifest({}, findings))
    run_phase(job, phase, items, work)
    return items


def sequence(output: Path, config: Config = CONFIG, corpus=CORPUS, files: int = 2, **job):
    items = write_corpus(output, corpus, files)
    manifest = run_phase(
        Job(config, str(output), quiet=True, **job), phase_named("sequence"), items
    )
    return ShardReader(output / "sequences"), manifest


def digests(output: Path) -> dict[str, str]:
    folder = output / "sequences"
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("written")
    sequence(output)
    return output


def test_the_folder_holds_what_it_should(written):
    assert list(digests(written)) == [
        "dataset.json",
        *(f"provenance/shard-0000{n}-of-00003.parquet" for n in range(3)),
        *(f"shard-0000{n}-of-00003.arrayrecord" for n in range(3)),
        "tokenizer.model",
    ]
    assert not (written / "phases/sequence/scratch").exists()


def test_shares_are_exact(written):
    dataset = ShardReader(written / "sequences").dataset
    counts = {name: entry.sequences for name, entry in dataset.subsets.items()}
    assert sum(counts.values()) == dataset.records > 100
    assert abs(counts["books"] - 0.6 * dataset.records) < 1
    assert all(entry.weight_given == entry.weight_asked for entry in dataset.subsets.values())


def test_no_token_is_lost(written):
    dataset = ShardReader(written / "sequences").dataset
    for entry in dataset.subsets.values():
        assert entry.crop_tokens == entry.discarded_tokens + entry.surplus_tokens + entry.tokens
        assert 0 <= entry.discarded_tokens < entry.crop_tokens
    assert sum(entry.tokens for entry in dataset.subsets.values()) == dataset.tokens


def test_every_token_comes_from_where_provenance_says(written):
    reader = ShardReader(written / "sequences")
    tokenizer = load_tokenizer(reader.tokenizer_path)
    texts = {i: text.encode() for documents in CORPUS.values() for i, text in documents}
    utf8_bytes = 0
    for number in range(len(reader)):
        tokens = reader[number]
        place = 0
        for piece in reader.provenance(number):
            crop = texts[piece.document_id][piece.byte_start : piece.byte_end]
            wrapped = [tokenizer.bos, *tokenizer.encode(crop), tokenizer.eos]
            held = tokens[piece.token_start : piece.token_end].tolist()
            assert held == wrapped[piece.crop_token_start : piece.crop_token_end]
            assert piece.token_start == place
            place = piece.token_end
        assert place == 64
        utf8_bytes += int(tokenizer.token_bytes[tokens].sum())
    assert utf8_bytes == reader.dataset.utf8_bytes


def test_a_document_is_read_once_a_visit(written):
    tables = [pq.read_table(path) for path in sorted((written / "sequences/provenance").iterdir())]
    table = pa.concat_tables(tables)
    crops = table.group_by(["document_id", "visit"]).aggregate(
        [("byte_start", "count_distinct"), ("byte_end", "count_distinct")]
    )
    assert pc.max(crops["byte_start_count_distinct"]).as_py() == 1
    assert pc.max(crops["byte_end_count_distinct"]).as_py() == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(
            {"files": 7, "engine": BeamEngine(memory_bytes=400_000)}, marks=pytest.mark.slow
        ),
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"files": 1}, marks=pytest.mark.slow),
        pytest.param({"files": 50, "engine": BeamEngine(workers=2)}, marks=pytest.mark.slow),
        pytest.param({"engine": BeamEngine(memory_bytes=1)}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_same_bytes(written, tmp_path, changed):
    sequence(tmp_path, **changed)
    assert digests(tmp_path) == digests(written)


def test_a_finished_phase_is_not_done_again(written):
    before = {path: path.stat().st_mtime_ns for path in (written / "sequences").rglob("*")}
    items = write_corpus(written, CORPUS)
    run_phase(Job(CONFIG, str(written), quiet=True), phase_named("sequence"), items)
    after = {path: path.stat().st_mtime_ns for path in (written / "sequences").rglob("*")}
    assert after == before


@pytest.mark.slow
def test_an_interrupted_phase_goes_on_and_gives_the_same_bytes(written, tmp_path, monkeypatch):
    from massivetext.pipeline.phases.sequence import shards as sequence_shards

    real, calls = store.commit, []

    def failing(output, path):
        if path.startswith("sequences/shard-"):
            calls.append(path)
            if len(calls) == 2:
                raise OSError(errno.ENOSPC, "no space left on device")
        return real(output, path)

    with monkeypatch.context() as patch:
        patch.setattr(sequence_shards.store, "commit", failing)
        with pytest.raises(OSError, match="no space"):
            sequence(tmp_path)
    finished = {p: p.stat().st_mtime_ns for p in (tmp_path / "sequences").glob("shard*")}
    assert len(finished) == 1
    sequence(tmp_path)
    assert digests(tmp_path) == digests(written)
    assert {p: p.stat().st_mtime_ns for p in finished} == finished


@pytest.mark.slow
def test_an_attempt_with_other_rounds_is_gone_on_with(written, tmp_path, monkeypatch):
    def failing(*_):
        raise OSError("the machine died")

    with monkeypatch.context() as patch:
        patch.setattr(phase, "write_shards", failing)
        with pytest.raises(OSError, match="died"):
            sequence(tmp_path, engine=BeamEngine(memory_bytes=1))
    counts = sorted((tmp_path / "phases/sequence/count-000").iterdir())
    assert len(counts) > 1
    sequence(tmp_path)
    assert digests(tmp_path) == digests(written)


def with_sequence(**settings) -> Config:
    return replace(CONFIG, sequence=replace(CONFIG.sequence, **settings))


def test_other_settings_are_refused(written):
    items = write_corpus(written, CORPUS)
    with pytest.raises(UsageError, match=r"sequence\.length was 64 and is 32 now"):
        run_phase(
            Job(with_sequence(length=32), str(written), quiet=True), phase_named("sequence"), items
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


def test_a_vocabulary_that_is_too_large_is_lowered_and_it_is_said(tmp_path):
    config = replace(CONFIG, tokenizer=TokenizerConfig(vocab_size=32_000))
    reader, _ = sequence(tmp_path, config)
    assert reader.dataset.vocab_size < 32_000
    assert "pieces only (asked: 32,000)" in reader.dataset.warnings[0]


@pytest.mark.slow
def test_a_configured_tokenizer_is_used(written, tmp_path):
    model = str(written / "sequences/tokenizer.model")
    sequence(tmp_path, replace(CONFIG, tokenizer=TokenizerConfig(model=model)))
    same = digests(tmp_path)
    del same["dataset.json"]  # the configuration's hash differs
    assert same.items() <= digests(written).items()


@pytest.mark.slow
def test_seed_changes_the_sequences(written, tmp_path):
    reader, _ = sequence(tmp_path, replace(CONFIG, seed=1))
    other = ShardReader(written / "sequences")
    assert not np.array_equal(np.stack(list(reader))[:50], np.stack(list(other))[:50])


def test_the_number_of_shards_follows_from_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "SHARD_BYTES", 10_000)
    monkeypatch.setattr(planning, "PART_BYTES", 2_000)
    reader, _ = sequence(tmp_path, with_sequence(shards=0))
    sizes = [2 * 64 * shard.records for shard in reader.dataset.shards]
    assert len(sizes) == math.ceil(sum(sizes) / 10_000) > 1
    assert max(sizes) < 2 * min(sizes)


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["tfrecord", "parquet", "raw"])
def test_every_format_holds_the_same_sequences(written, tmp_path, format_name):
    reader, _ = sequence(tmp_path, with_sequence(format=format_name))
    other = ShardReader(written / "sequences")
    assert np.array_equal(np.stack(list(reader)), np.stack(list(other)))
    assert reader.provenance(5) == other.provenance(5)
    shard = reader.dataset.shards[0]
    content = (tmp_path / "sequences" / shard.name).read_bytes()
    assert xxhash.xxh3_64_hexdigest(content) == shard.xxh3


@pytest.mark.slow
def test_a_process_that_met_another_tokenizer_writes_what_a_fresh_one_writes(tmp_path):
    """Processes keep tokenizers: by their content, since two runs may use one path."""
    other = replace(CONFIG, tokenizer=TokenizerConfig(vocab_size=360))
    sequence(tmp_path / "one")
    sequence(tmp_path / "one", other, restart=True)
    sequence(tmp_path / "fresh", other)
    assert digests(tmp_path / "one") == digests(tmp_path / "fresh")
    sequence(tmp_path / "one", restart=True)
    sequence(tmp_path / "first")
    assert digests(tmp_path / "one") == digests(tmp_path / "first")
