"""Speed of tokenizers beside their peers, in one run: make bench-encoders.

    python tests/benchmarks/encoders.py MODEL ... --texts english=books.jsonl.zst ...

Each MODEL is a SentencePiece model, a tokenizer.json or a tiktoken file. Peers are the library that
defines the ids (sentencepiece, tokenizers or tiktoken), gigatoken and kitoken, on one thread each.
"Cold" is the first sight of the texts, "warm" the second, with a new encoder in every round. CPU
time of this process, medians of interleaved rounds; ids are compared text by text.

Without MODEL, one is trained on half of the texts; without --texts, the standard library's source
is read.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gigatoken
import kitoken
import numpy as np
import sentencepiece
import tiktoken
import tokenizers
import zstandard

from massivetext.sequencing.byte_level.gigatoken_encoder import load_library
from massivetext.sequencing.byte_level.kernel_encoder import merges_of
from massivetext.sequencing.byte_level.vocabulary import parse_vocabulary
from massivetext.sequencing.tokenizer import make_tokenizer
from massivetext.sequencing.tokenizer_training import train_tokenizer, word_frequencies

ROUNDS = 3
CROP_BYTES = 30_720
Encode = Callable[[bytes], Any]


def main() -> None:
    """Prints a table for each model and kind of text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--texts", action="append", default=[], help="NAME=FILE, JSON lines")
    parser.add_argument("--megabytes", type=float, default=4)
    arguments = parser.parse_args()
    texts = {}
    for given in arguments.texts or ["code="]:
        name, _, path = given.partition("=")
        texts[name] = list(crops(read_texts(path), arguments.megabytes * 1e6))
    models = [(path.name, path.read_bytes()) for path in arguments.models] or [trained(texts)]
    for name, model in models:
        for kind, these in texts.items():
            race(f"{name}, {kind}", model, these)


def trained(texts: dict[str, list[bytes]]) -> tuple[str, bytes]:
    """Returns a model of 32,000 pieces, trained on every second text."""
    words = word_frequencies(text.decode() for these in texts.values() for text in these[::2])
    return "trained here", train_tokenizer(words, 32_000, "identity").model


def read_texts(path: str) -> Iterator[bytes]:
    """Yields documents in UTF-8."""
    if not path:
        for source in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
            yield source.read_bytes()
        return
    content = Path(path).read_bytes()
    if path.endswith(".zst"):
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    for line in content.splitlines():
        yield json.loads(line)["text"].encode()


def crops(documents: Iterator[bytes], size_bytes: float) -> Iterator[bytes]:
    """Yields texts cut to the size of a crop, about this many bytes in all."""
    total = 0
    for text in documents:
        for start in range(0, len(text), CROP_BYTES):
            crop = text[start : start + CROP_BYTES].decode(errors="ignore").encode()
            total += len(crop)
            yield crop
        if total >= size_bytes:
            return


def makers(model: bytes) -> dict[str, Callable[[], Encode]]:
    """Returns what makes each encoder anew; the first is the one that defines the ids."""
    peers: dict[str, Callable[[], Encode]]
    if model[:1] == b"{":
        peers = {
            "tokenizers": lambda: hugging_face(model),
            "gigatoken": lambda: gigatoken.Tokenizer.from_json(model).encode,
            "kitoken": lambda: of_text(kitoken.Kitoken.from_tokenizers(model).encode),
        }
    elif is_ranks(model):
        peers = {
            "tiktoken": lambda: openai(model),
            "gigatoken": lambda: library(model),
            "kitoken": lambda: of_text(kitoken.Kitoken.from_tiktoken(model).encode),
        }
    else:
        peers = {
            "sentencepiece": lambda: sentencepiece.SentencePieceProcessor(model_proto=model).encode,
            "gigatoken": lambda: gigatoken.Tokenizer.from_sentencepiece(model).encode,
            "kitoken": lambda: of_text(kitoken.Kitoken.from_sentencepiece(model).encode),
        }
    return {**peers, "massivetext": lambda: make_tokenizer(model).encode}


def is_ranks(model: bytes) -> bool:
    """Whether these are lines of tokens in base 64 and their ranks."""
    return len(model[:4096].split(b"\n", 1)[0].split()) == 2


def of_text(encode: Callable[[str], Any]) -> Encode:
    """Returns what encodes UTF-8 by what encodes text."""
    return lambda text: encode(text.decode())


def library(model: bytes) -> Encode:
    """Returns what encodes by `gigatoken`, which must be told the pattern of a file of ranks."""
    parsed = parse_vocabulary(model)
    encode: Encode = load_library(parsed, merges_of(parsed)).encode
    return encode


def hugging_face(model: bytes) -> Encode:
    """Returns what encodes by `tokenizers`."""
    tokenizer = tokenizers.Tokenizer.from_buffer(model)
    tokenizer.encode_special_tokens = True
    return lambda text: tokenizer.encode(text.decode(), add_special_tokens=False).ids


def openai(model: bytes) -> Encode:
    """Returns what encodes by `tiktoken`."""
    parsed = parse_vocabulary(model)
    ranks = {token: rank for rank, token in enumerate(parsed.tokens) if token}
    encoding = tiktoken.Encoding(
        "any", pat_str=parsed.patterns[0], mergeable_ranks=ranks, special_tokens={}
    )
    return lambda text: encoding.encode_ordinary(text.decode())


def race(title: str, model: bytes, texts: list[bytes]) -> None:
    """Prints what each encoder takes, as a multiple of the first one's speed."""
    size_mb = sum(map(len, texts)) / 1e6
    print(f"{title}: {size_mb:.1f} MB in {len(texts)} texts")
    seconds: dict[str, list[tuple[float, float]]] = {}
    ids: dict[str, list[Any]] = {}
    for _ in range(ROUNDS):
        for name, make in makers(model).items():
            try:
                encode = make()
            except Exception as error:  # a peer that cannot read the model
                print(f"  {name:14} {str(error).splitlines()[0][:70]}")
                continue
            encode(b"loaded")
            found, cold = timed(encode, texts)
            _, warm = timed(encode, texts)
            ids[name] = found
            seconds.setdefault(name, []).append((cold, warm))
    first = next(iter(seconds))
    base = statistics.median(cold for cold, _ in seconds[first])
    for name, spent in seconds.items():
        cold, warm = (statistics.median(column) for column in zip(*spent, strict=True))
        same = sum(np.array_equal(a, b) for a, b in zip(ids[first], ids[name], strict=True))
        print(
            f"  {name:14} cold {size_mb / cold:6.1f} MB/s x {base / cold:5.1f}   "
            f"warm {size_mb / warm:6.1f} MB/s x {base / warm:5.1f}   "
            f"the same ids in {same} of {len(texts)}"
        )


def timed(encode: Encode, texts: list[bytes]) -> tuple[list[Any], float]:
    """Returns the ids of all texts and the CPU seconds they took."""
    started = time.process_time()
    found = [encode(text) for text in texts]
    return found, time.process_time() - started


if __name__ == "__main__":
    main()
