"""Phase SEQUENCE on a made-up corpus: same bytes in every way, nothing lost, all accounted for."""

import errno
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import xxhash

from massivetext.config import TokenizerConfig
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import RunError, UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.sequence import items, parts, phase
from massivetext.pipeline.phases.table import phase_named
from massivetext.sequencing import ShardReader
from massivetext.sequencing.sentencepiece_tokenizer import SentencePieceTokenizer
from massivetext.sequencing.tokenizer import load_tokenizer
from tests.pipeline.phases.sequence.made_up_corpus import (
    CONFIG,
    CORPUS,
    sequence,
    with_sequence,
    write_corpus,
)


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


def test_other_settings_are_refused(written):
    items = write_corpus(written, CORPUS)
    with pytest.raises(UsageError, match=r"sequence\.length was 64 and is 32 now"):
        run_phase(
            Job(with_sequence(length=32), str(written), quiet=True), phase_named("sequence"), items
        )


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


FILES_BESIDE = {
    "raw": ["shard-00000-of-00001.bin.index", "shard-00000-of-00001.idx"],
    "parquet": ["README.md"],
}


@pytest.mark.parametrize("format_name", FILES_BESIDE)
def test_other_libraries_find_their_files(format_name, tmp_path):
    config = with_sequence(format=format_name, held_out=0.2, shards=1)
    reader, manifest = sequence(tmp_path, config)
    ours = {entry.path for entry in manifest.all_files}
    for folder in ("sequences", "sequences/held_out"):
        found = {p.relative_to(tmp_path).as_posix() for p in (tmp_path / folder).iterdir()}
        assert found <= ours | {"sequences/provenance", "sequences/held_out"} | {
            "sequences/held_out/provenance"
        }
        assert found >= {f"{folder}/{name}" for name in FILES_BESIDE[format_name]}
    if format_name == "parquet":
        table = pq.read_table(tmp_path / "sequences/shard-00000-of-00001.parquet")
        for number, row in enumerate(table.to_pylist()):
            assert row["input_ids"] == reader[number].tolist()
            assert row["segment_ids"] == reader.segment_ids(number).tolist()
            assert row["subset"] == reader.provenance(number)[0].subset
        card = (tmp_path / "sequences/README.md").read_text()
        assert "- split: held_out\n    path: held_out/shard-*.parquet" in card
        assert "split: train" not in (tmp_path / "sequences/held_out/README.md").read_text()


def test_a_crop_that_the_reference_encodes_otherwise_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(items, "is_checked", lambda _: True)
    wrong = np.array([5, 6], np.uint16)
    monkeypatch.setattr(SentencePieceTokenizer, "encode_by_reference", lambda *_: wrong)
    with pytest.raises(
        RunError, match=r"document [0-9a-f]{32} of .*: its tokens differ from those"
    ):
        sequence(tmp_path)
    assert not list(tmp_path.glob("sequences/shard*"))


def test_sorted_parts_give_the_same_bytes(written, tmp_path, monkeypatch):
    """Large corpora are sorted first; here, shards read the files of crops themselves."""
    monkeypatch.setattr(parts, "MOST_OPENED", 0)
    sequence(tmp_path)
    assert digests(tmp_path) == digests(written)


def test_parts_that_are_read_one_by_one_give_the_same_bytes(written, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "READ_BYTES", 1)
    sequence(tmp_path)
    assert digests(tmp_path) == digests(written)


def test_checked_crops_are_counted(written, tmp_path, monkeypatch):
    monkeypatch.setattr(items, "is_checked", lambda _: True)
    sequence(tmp_path)
    found = ShardReader(tmp_path / "sequences").dataset
    assert found.checked_crops > 100 > ShardReader(written / "sequences").dataset.checked_crops
    assert replace(found, checked_crops=0) == replace(
        ShardReader(written / "sequences").dataset, checked_crops=0
    )
