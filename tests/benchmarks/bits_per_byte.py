"""What bits per byte mean: counting models of bytes and of tokens, beside a trained one.

    python tests/benchmarks/bits_per_byte.py OUT/sequences [--tokens N]

They count the training shards and are asked about `held_out`, as `massivetext eval MODEL
OUT/sequences/held_out` asks a model: every sequence begins behind BOS, the loss of BOS and EOS is
counted, and the bytes are those that the tokens stand for. `--tokens` lets them count as much as a
short run of the trainer has read, and no more.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.sequencing import ShardReader  # noqa: E402
from massivetext.sequencing.tokenizer import Tokenizer  # noqa: E402

BOS, EOS, BYTE_SYMBOLS = 256, 257, 258
"""Symbols of the byte models: 256 bytes and the two marks."""

Symbols = NDArray[np.int64]


def byte_symbols(tokenizer: Tokenizer, tokens: Symbols) -> Symbols:
    """The bytes of some tokens, with BOS and EOS where they stand.

    A character that the ends of a sequence cut is U+FFFD, as `decode` gives it.
    """
    marks = np.flatnonzero((tokens == tokenizer.bos) | (tokens == tokenizer.eos))
    pieces, begin = [], 0
    for mark in [*marks.tolist(), len(tokens)]:
        text = tokenizer.decode(tokens[begin:mark]).encode()
        pieces.append(np.frombuffer(text, np.uint8).astype(np.int64))
        if mark < len(tokens):
            pieces.append(np.array([BOS if tokens[mark] == tokenizer.bos else EOS]))
        begin = mark + 1
    return np.concatenate(pieces)


def unigram_nats(training: list[Symbols], asked: list[Symbols], size: int) -> float:
    """Loss of all symbols that are asked about, each by its frequency in training, one added."""
    return float(-np.log(_frequencies(training, size)[np.concatenate(asked)]).sum())


def bigram_nats(training: list[Symbols], asked: list[Symbols], size: int, bos: int) -> float:
    """The same by the symbol before, interpolated with the frequencies.

    By Witten and Bell (1991), method C: a context that n symbols of t kinds followed leaves the
    share t / (n + t) to what never did, so that no weight is fitted to any text.
    """
    pairs, counts = np.unique(_pairs(training, size, bos), return_counts=True)
    followers = np.bincount(pairs // size, counts, size)
    kinds = np.bincount(pairs // size, minlength=size)
    questions = _pairs(asked, size, bos)
    places = np.minimum(np.searchsorted(pairs, questions), len(pairs) - 1)
    seen = np.where(pairs[places] == questions, counts[places], 0)
    context, frequency = questions // size, _frequencies(training, size)[questions % size]
    known = followers[context] > 0
    total = np.where(known, followers[context] + kinds[context], 1)
    share = np.where(known, kinds[context], 1) / total
    return float(-np.log(seen / total + share * frequency).sum())


def _pairs(sequences: list[Symbols], size: int, bos: int) -> Symbols:
    """A number for each symbol and the one before it, the first of a sequence behind BOS."""
    before = np.concatenate([np.append(bos, symbols[:-1]) for symbols in sequences])
    return before.astype(np.int64) * size + np.concatenate(sequences)


def _frequencies(sequences: list[Symbols], size: int) -> NDArray[np.float64]:
    counts = np.bincount(np.concatenate(sequences), minlength=size) + 1
    return counts / counts.sum()


def _sequences(reader: ShardReader, most_tokens: int | None) -> list[Symbols]:
    length = reader.dataset.sequence_length
    count = len(reader) if most_tokens is None else min(len(reader), -(-most_tokens // length))
    return [reader[index].astype(np.int64) for index in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", type=Path, help="folder with dataset.json and held_out/")
    parser.add_argument("--tokens", type=int, help="count so many of training; default: all")
    options = parser.parse_args()
    reader, held_out = ShardReader(options.shards), ShardReader(options.shards / "held_out")
    training, asked = _sequences(reader, options.tokens), _sequences(held_out, None)
    tokenizer = reader.tokenizer()
    training_bytes = [byte_symbols(tokenizer, tokens) for tokens in training]
    asked_bytes = [byte_symbols(tokenizer, tokens) for tokens in asked]
    vocab_size, bos = tokenizer.vocab_size, tokenizer.bos
    nats = {
        "byte unigram": unigram_nats(training_bytes, asked_bytes, BYTE_SYMBOLS),
        "byte bigram": bigram_nats(training_bytes, asked_bytes, BYTE_SYMBOLS, BOS),
        "token unigram": unigram_nats(training, asked, vocab_size),
        "token bigram": bigram_nats(training, asked, vocab_size, bos),
    }
    text_bytes = int(tokenizer.token_bytes[np.concatenate(asked)].sum())
    print(f"counted {sum(map(len, training)):,} tokens, asked about {text_bytes:,} UTF-8 bytes")
    for name, loss in nats.items():
        print(f"{name:14}{loss / math.log(2) / text_bytes:8.3f} bits per byte")


if __name__ == "__main__":
    main()
