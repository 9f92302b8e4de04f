"""Speed of sequencing, as ratios within one run: python -m tests.benchmarks.sequencing [FOLDER].

Encoding is compared with SentencePiece itself on the same texts, on first sight (words not seen
before) and again; shard formats with each other. CPU time of this process, medians of interleaved
rounds. FOLDER holds .jsonl or .jsonl.zst files with a column `text`; without it, the standard
library's own source is read.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import zstandard

from massivetext.sequencing.fast_encoder import FastEncoder
from massivetext.sequencing.packing import PackingRule, pack
from massivetext.sequencing.sentencepiece_file import parse_sentencepiece
from massivetext.sequencing.shards import FORMATS
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer
from massivetext.sequencing.tokenizer_training import train_tokenizer, word_frequencies

T = TypeVar("T")
ROUNDS = 3
CROP_BYTES = 30_720
LENGTH = 2048
TEXT_BYTES = 30_000_000


def main() -> None:
    """Prints one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    crops = list(read_crops(parser.parse_args().folder))
    size_mb = sum(map(len, crops)) / 1e6
    half = len(crops) // 2
    started = time.process_time()
    words = word_frequencies(crop.decode() for crop in crops[:half])
    tokenizer = make_tokenizer(train_tokenizer(words, 32_000, "identity").model)
    seconds = time.process_time() - started
    print(f"{size_mb:.1f} MB in {len(crops)} crops; training on half of it: {seconds:.1f} s")
    encoding(tokenizer, crops[half:])
    packing()
    shards()


def read_crops(folder: Path | None) -> Iterator[bytes]:
    """Yields texts cut to the size of a crop, TEXT_BYTES in all."""
    total = 0
    for text in read_texts(folder):
        for start in range(0, len(text), CROP_BYTES):
            yield text[start : start + CROP_BYTES].decode(errors="ignore").encode()
            total += CROP_BYTES
            if total >= TEXT_BYTES:
                return


def read_texts(folder: Path | None) -> Iterator[bytes]:
    """Yields documents in UTF-8."""
    if folder is None:
        for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
            yield path.read_bytes()
        return
    for path in sorted(folder.rglob("*.jsonl*")):
        content = path.read_bytes()
        if path.suffix == ".zst":
            content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
        for line in content.splitlines():
            yield json.loads(line)["text"].encode()


def encoding(tokenizer: Tokenizer, crops: list[bytes]) -> None:
    """Compares the fast encoder with SentencePiece."""
    parsed = parse_sentencepiece(tokenizer.model)
    size_mb = sum(map(len, crops)) / 1e6
    tokenizer.encode(b"compiled and loaded")
    seconds: dict[str, list[float]] = {"sentencepiece": [], "fast, cold": [], "fast, warm": []}
    for _ in range(ROUNDS):
        fast = FastEncoder(parsed)
        expected, spent = timed(lambda: [tokenizer.encode_by_reference(c) for c in crops])
        seconds["sentencepiece"].append(spent)
        for way in ("fast, cold", "fast, warm"):
            found, spent = timed(lambda fast=fast: [fast.encode(c) for c in crops])
            seconds[way].append(spent)
            same = sum(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
            assert same == len(crops), f"{len(crops) - same} of {len(crops)} crops differ"
    slowest = statistics.median(seconds["sentencepiece"])
    for way, spent in seconds.items():
        median = statistics.median(spent)
        print(f"encode   {way:14} {size_mb / median:7.1f} MB/s  x {slowest / median:.1f}")
    print(f"         the same tokens in all {len(crops)} crops")


def packing() -> None:
    """Times the packing of crops to sequences."""
    rng = np.random.default_rng(0)
    sizes = rng.lognormal(6, 1, 20_000).astype(np.int64)
    crops = [rng.integers(3, 32_000, size, np.uint16) for size in sizes]
    _, spent = timed(lambda: pack(crops, PackingRule(LENGTH, 10, 1, 2)))
    print(f"pack     {sizes.sum() / spent / 1e6:22.1f} M tokens/s")


def shards() -> None:
    """Compares the shard formats: writing, reading in order, reading at random; size."""
    rng = np.random.default_rng(0)
    sequences_NxL = np.minimum(rng.zipf(1.2, (4_000, LENGTH)), 31_999).astype(np.uint16)
    size_mb = sequences_NxL.nbytes / 1e6
    order = rng.permutation(len(sequences_NxL))[:1_000]
    with tempfile.TemporaryDirectory() as folder:
        for name, shard_format in FORMATS.items():
            path = Path(folder, f"shard{shard_format.suffix}")
            with path.open("wb") as stream:
                _, writing = timed(lambda s=stream, f=shard_format: f.write(s, sequences_NxL))
            shard = shard_format.open(str(path), LENGTH)
            _, reading = timed(lambda s=shard: [s[i] for i in range(len(s))])
            _, seeking = timed(lambda s=shard: [s[int(i)] for i in order])
            print(
                f"shards   {name:14} write {size_mb / writing:6.0f} MB/s  "
                f"read {size_mb / reading:6.0f} MB/s  random {len(order) / seeking:8.0f}/s  "
                f"size x {path.stat().st_size / sequences_NxL.nbytes:.3f}"
            )


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Returns the result of a call and the CPU seconds it took."""
    started = time.process_time()
    result = call()
    return result, time.process_time() - started


if __name__ == "__main__":
    main()
