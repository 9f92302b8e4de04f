"""The compiled classifier against fastText's own code."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.filters.fasttext_file import FastTextFileError, QuantisedMatrix, parse_fasttext
from massivetext.filters.fasttext_model import (
    CompiledClassifier,
    FastTextClassifier,
    TextClassifier,
    is_compilable,
    label_tree,
    load_classifier,
    word_table,
)
from massivetext.filters.language import default_model

STORED = default_model().read_bytes()
MODEL = parse_fasttext(STORED)


@pytest.fixture(scope="module")
def compiled() -> TextClassifier:
    return load_classifier(default_model())


@pytest.fixture(scope="module")
def fasttext() -> TextClassifier:
    return FastTextClassifier(str(default_model()))


ALPHABETS = [
    "etaoin shrdlu",
    "аеионтс",
    "的是 不了人",
    "ابت ثج",
    "éüß ñ",
    "0123 <>/_-.",
    "\t\r\x0b\0 ",
]
WORDS = ["the", "und", "les", "</s>", "__label__en", "__label__", "<", ">", "a", "日本語", "\u0301"]


@given(
    st.one_of(
        st.lists(st.sampled_from(WORDS)).map(" ".join),
        st.lists(st.sampled_from("".join(ALPHABETS)), max_size=400).map("".join),
        st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=300),
    )
)
@example("")
@example("word </s> Wörter, die nicht zählen")
@example("__label__de the")
@example("x" * 1_000)
@settings(max_examples=400)
def test_labels_and_scores_are_those_of_fasttext(
    compiled: TextClassifier, fasttext: TextClassifier, line: str
) -> None:
    assert isinstance(compiled, CompiledClassifier)
    expected_label, expected_score = fasttext.predict(line)
    label, score = compiled.predict(line)
    assert label == expected_label
    assert score == pytest.approx(expected_score, abs=1e-6)


def test_a_whole_model_is_read() -> None:
    assert is_compilable(MODEL)
    assert len(MODEL.dictionary.labels) == 176
    assert isinstance(MODEL.input, QuantisedMatrix)
    dense = MODEL.input.dense()
    assert dense.shape[1] == MODEL.arguments.dimension == 16
    row = 1_234
    parts = [MODEL.input.centroids[p, c] for p, c in enumerate(MODEL.input.codes[row])]
    assert np.array_equal(dense[row], np.concatenate(parts) * MODEL.input.norms[row])


@given(st.integers(0, len(STORED) - 1))
@settings(max_examples=100)
def test_a_file_cut_off_is_an_error_at_every_byte(size_bytes: int) -> None:
    with pytest.raises(FastTextFileError):
        parse_fasttext(STORED[:size_bytes])


@pytest.mark.parametrize(
    ("place", "layout", "value"),
    [(0, "i", 1), (4, "i", 13), (64, "i", 9), (64, "i", 2**31 - 1), (84, "q", 2**60), (68, "i", 1)],
)
def test_a_damaged_header_is_an_error(place: int, layout: str, value: int) -> None:
    damaged = bytearray(STORED)
    struct.pack_into("<" + layout, damaged, place, value)
    if bytes(damaged) != STORED:
        with pytest.raises(FastTextFileError):
            parse_fasttext(bytes(damaged))


def test_a_bucket_outside_of_the_model_is_an_error() -> None:
    assert MODEL.dictionary.buckets is not None
    first_bucket = STORED.index(MODEL.dictionary.buckets.tobytes())
    for place, value in ((0, 2_000_000), (0, -1), (4, len(MODEL.dictionary.buckets)), (4, -1)):
        damaged = bytearray(STORED)
        struct.pack_into("<i", damaged, first_bucket + place, value)
        with pytest.raises(FastTextFileError, match="points outside"):
            parse_fasttext(bytes(damaged))


def test_what_follows_a_model_is_an_error() -> None:
    with pytest.raises(FastTextFileError, match="1 bytes follow"):
        parse_fasttext(STORED + b"\0")


def test_word_vectors_are_no_classifier(tmp_path: Path) -> None:
    vectors = bytearray(STORED)
    struct.pack_into("<i", vectors, 8 + 7 * 4, 2)
    file = tmp_path / "vectors.bin"
    file.write_bytes(vectors)
    with pytest.raises(FastTextFileError, match="expected a supervised model"):
        load_classifier(file)


def test_a_model_that_cannot_be_compiled_runs_in_fasttext(tmp_path: Path) -> None:
    dense = tmp_path / "dense.bin"
    dense.write_bytes(_tiny_dense_model())
    classifier = load_classifier(dense)
    assert isinstance(classifier, FastTextClassifier)
    assert classifier.predict("good day")[0] == "yes"
    assert classifier.predict("bad day")[0] == "no"


def _tiny_dense_model() -> bytes:
    """A softmax model of two words and two labels, without n-grams of characters."""
    arguments = struct.pack("<12id", 2, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100, 1e-4)
    entries = [(b"</s>", 1, 0), (b"good", 1, 0), (b"bad", 1, 0)]
    entries += [(b"__label__yes", 1, 1), (b"__label__no", 1, 1)]
    dictionary = struct.pack("<3i2q", 5, 3, 2, 5, -1)
    dictionary += b"".join(word + b"\0" + struct.pack("<qb", *rest) for word, *rest in entries)
    words = np.array([[0, 0], [9, 0], [0, 9]], "<f4")
    labels = np.array([[9, 0], [0, 9]], "<f4")
    matrices = b"".join(b"\0" + struct.pack("<2q", *m.shape) + m.tobytes() for m in (words, labels))
    return struct.pack("<2i", 793712314, 12) + arguments + dictionary + matrices


def signed_fnv(word: bytes) -> int:
    """FNV-1a with bytes sign-extended to 32 bits, as fastText's dictionary.cc has it."""
    found = 2166136261
    for byte in word:
        found = ((found ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) & 0xFFFFFFFF
    return found


@given(st.lists(st.binary(max_size=8), unique=True, max_size=40))
@example([b"", b"a", "é".encode()])
@example([b"costarring", b"liquid"])  # of one hash in FNV-1a, 32 bits
def test_every_word_stands_in_the_table_with_its_hash(words: list[bytes]) -> None:
    hashes, rows, ends, joined = word_table(tuple(words))
    assert signed_fnv(b"a") == 0xE40C292C  # FNV-1a's published test vector
    filled = hashes >= 0
    assert dict(zip(rows[filled].tolist(), hashes[filled].tolist(), strict=True)) == {
        row: signed_fnv(word) for row, word in enumerate(words)
    }
    assert joined.tobytes() == b"".join(words)
    assert ends.tolist() == [len(b"".join(words[: row + 1])) for row in range(len(words))]


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=40))
def test_the_tree_is_a_huffman_tree(counts: list[int]) -> None:
    counts.sort(reverse=True)
    tree = label_tree(tuple(counts))
    assert sorted(tree[len(counts) :].reshape(-1).tolist()) == list(range(len(tree) - 1))
    depth = np.zeros(len(tree), int)
    for node in range(len(tree) - 1, len(counts) - 1, -1):
        depth[tree[node]] = depth[node] + 1
    cost = sum(count * depth[leaf] for leaf, count in enumerate(counts))
    assert cost == _huffman_cost(counts)


def _huffman_cost(counts: list[int]) -> int:
    """The sum of all inner nodes' weights: the least possible cost."""
    weights = sorted(counts)
    cost = 0
    while len(weights) > 1:
        joined = weights[0] + weights[1]
        cost += joined
        weights = sorted([joined, *weights[2:]])
    return cost
