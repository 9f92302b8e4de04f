import json

import pytest

from massivetext.sequencing.dataset import Dataset, ShardEntry, SubsetEntry

SUBSET = SubsetEntry(
    documents=3, corpus_bytes=900, visits=2, crop_tokens=500, discarded_tokens=44,
    surplus_tokens=56, sequences=4, tokens=400, utf8_bytes=1_800, epochs=2.0, weight_asked=0.27,
    weight_given=1.0,
)  # fmt: skip
DATASET = Dataset(
    schema_version=1, format="raw", sequence_length=100, vocab_size=300, bos=1, eos=2,
    tokenizer_sha256="ab", config_hash="cd", seed=7, records=4, tokens=400, utf8_bytes=1_800,
    shards=(ShardEntry("shard-00000-of-00001.bin", 4, 400, 1_800, "ef"),),
    subsets={"books": SUBSET}, warnings=("…",),
)  # fmt: skip


def test_json_round_trip():
    assert Dataset.from_json(DATASET.to_json()) == DATASET


def test_the_file_names_every_field():
    record = json.loads(DATASET.to_json())
    assert record["shards"][0]["utf8_bytes"] == 1_800
    assert record["subsets"]["books"]["epochs"] == 2.0


def test_another_schema_version_is_refused():
    text = DATASET.to_json().replace('"schema_version": 1', '"schema_version": 2')
    with pytest.raises(ValueError, match="schema version 2; this program reads 1"):
        Dataset.from_json(text)


def test_a_missing_field_is_named():
    record = json.loads(DATASET.to_json())
    del record["bos"]
    with pytest.raises(ValueError, match="lacks bos"):
        Dataset.from_json(json.dumps(record))
