"""Only sequences: texts that are ready become a folder of shards that trainers read.

    python examples/only_sequences.py texts.jsonl tokenizer.model shards --length 2048

One shard, made in memory, of one crop a document: what `massivetext sequence` does for many shards,
with mixtures and several visits. JSON lines with a field `text`; any tokenizer that
docs/shards.md names. The folder is one for `ShardReader`, `massivetext train` and the trainers of
docs/shards.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import xxhash

from massivetext import load_tokenizer
from massivetext.records import document_id
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, crop_hash
from massivetext.sequencing.crops import crop_random, crop_range, crop_size_bytes
from massivetext.sequencing.dataset import (
    DATASET_FILE,
    SCHEMA_VERSION,
    Dataset,
    ShardEntry,
    SubsetEntry,
)
from massivetext.sequencing.filling import DrawnCrops, FilledShard, count_crops, fill_shard
from massivetext.sequencing.packing import PackingRule
from massivetext.sequencing.shards import FORMATS, provenance_name, shard_name
from massivetext.sequencing.token_type import Tokens, token_type_of
from massivetext.sequencing.tokenizer import Tokenizer

SUBSET, FORMAT, SEED = "own", "arrayrecord", 0


def crops_of(texts: Iterable[str], tokenizer: Tokenizer, length: int) -> CropBatch:
    """Returns a crop of each text, by the law of the paper (A.1.2), and its tokens."""
    rows, tokens = [], list[Tokens]()
    for text in texts:
        encoded = text.encode()
        name = document_id(SUBSET, "", encoded)
        drawn = crop_random(SEED, SUBSET, name, 0)
        start, stop = crop_range(encoded, crop_size_bytes(length), drawn)
        tokens.append(tokenizer.encode(encoded[start:stop]))
        place = crop_hash(SEED, name, 0)
        rows.append((place, np.void(bytes.fromhex(name)), start, stop, len(tokens[-1])))
    return CropBatch(np.array(rows, CROP_DTYPE), np.concatenate(tokens))


def write(folder: Path, filled: FilledShard, tokenizer: Tokenizer) -> ShardEntry:
    """Writes the shard, its provenance and its tokenizer; returns what dataset.json says of it."""
    path = folder / shard_name(0, 1, FORMAT)
    (folder / provenance_name(0, 1)).parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        FORMATS[FORMAT].write(stream, filled.sequences_NxL)
    pq.write_table(filled.provenance, folder / provenance_name(0, 1))
    (folder / tokenizer.file_name).write_bytes(tokenizer.model)
    checksum = hashlib.file_digest(path.open("rb"), xxhash.xxh3_64).hexdigest()
    records, length = filled.sequences_NxL.shape
    utf8_bytes = filled.subset_utf8_bytes[SUBSET]
    return ShardEntry(path.name, records, records * length, utf8_bytes, checksum)


def describe(
    shard: ShardEntry, crops: CropBatch, corpus_bytes: int, tokenizer: Tokenizer, length: int
) -> Dataset:
    """Returns the content of dataset.json."""
    crop_tokens = int(crops.crops_C["tokens"].sum()) + 2 * len(crops.crops_C)
    subset = SubsetEntry(
        documents=len(crops.crops_C),
        corpus_bytes=corpus_bytes,
        visits=1.0,
        crop_tokens=crop_tokens,
        discarded_tokens=crop_tokens - shard.tokens,
        surplus_tokens=0,
        sequences=shard.records,
        tokens=shard.tokens,
        utf8_bytes=shard.utf8_bytes,
        epochs=shard.utf8_bytes / corpus_bytes,
        weight_asked=1.0,
        weight_given=1.0,
    )
    return Dataset(
        schema_version=SCHEMA_VERSION,
        format=FORMAT,
        sequence_length=length,
        vocab_size=tokenizer.vocab_size,
        bos=tokenizer.bos,
        eos=tokenizer.eos,
        tokenizer_sha256=tokenizer.sha256,
        config_hash="",
        seed=SEED,
        records=shard.records,
        tokens=shard.tokens,
        utf8_bytes=shard.utf8_bytes,
        shards=(shard,),
        subsets={SUBSET: subset},
        warnings=(),
        token_type=token_type_of(tokenizer.vocab_size).name,
        tokenizer=tokenizer.file_name,
    )


def main(texts: list[str], tokenizer: Tokenizer, folder: Path, length: int) -> Dataset:
    """Writes a folder of one shard; returns what is in it."""
    crops = crops_of(texts, tokenizer, length)
    rule = PackingRule(length, 10, tokenizer.bos, tokenizer.eos)  # ten crops a group (A.1.2)
    quota = count_crops(crops.crops_C, rule)
    drawn = DrawnCrops.of_batches((SUBSET, 0, 0), [crops], quota, rule)
    filled = fill_shard(0, [drawn], length, SEED, tokenizer.token_bytes)
    shard = write(folder, filled, tokenizer)
    corpus_bytes = sum(len(text.encode()) for text in texts)
    dataset = describe(shard, crops, corpus_bytes, tokenizer, length)
    (folder / DATASET_FILE).write_text(dataset.to_json(), encoding="utf-8")
    return dataset


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", type=Path, help="JSON lines with a field `text`")
    parser.add_argument("tokenizer", help="a SentencePiece model, tokenizer.json or tiktoken ranks")
    parser.add_argument("folder", type=Path, help="for the shards")
    parser.add_argument("--length", type=int, default=2048, help="tokens a sequence")
    options = parser.parse_args()
    lines = options.texts.read_text(encoding="utf-8").splitlines()
    made = main(
        [json.loads(line)["text"] for line in lines],
        load_tokenizer(options.tokenizer),
        options.folder,
        options.length,
    )
    print(f"{made.records:,} sequences of {made.sequence_length:,} tokens in {options.folder}")
