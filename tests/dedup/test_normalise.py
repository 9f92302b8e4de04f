import numpy as np
import pytest
from hypothesis import given

from massivetext.dedup import normalise
from tests.dedup.documents import UNICODE_TEXTS
from tests.reference import dedup as reference
from tests.reference.hashes import word_hash


@given(UNICODE_TEXTS)
def test_words_are_those_of_the_reference(texts):
    for text in texts:
        for fold_case in (False, True):
            assert normalise.split_words(text, fold_case) == reference.words(text, fold_case)


@given(UNICODE_TEXTS)
def test_batch_holds_the_hash_of_every_word_and_the_joined_words(texts):
    batch = normalise.split_batch(texts)
    words = [reference.words(text) for text in texts]
    assert batch.hashes.tolist() == [word_hash(w) for d in words for w in d]
    assert np.diff(batch.offsets).tolist() == [len(d) for d in words]
    joined = [" ".join(d).encode("utf-32-le", "surrogatepass") for d in words]
    assert [bytes(view) for view in batch.normalised_bytes()] == joined


def test_word_hash_never_changes():
    """Keys of finished corpora are compared with those of later runs."""
    assert normalise.split_batch(["a the naïve 中文"]).hashes.tolist() == [
        0x5B740776980B582C,
        0x8406D55DD71D99DC,
        0x69CF85C832656F54,
        0xA7994EA00AC8AA2A,
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("state @-@ of @-@ the @-@ art", "state-of-the-art"),
        ("1 @,@ 000 people", "1,000 people"),
        ("cafe\u0301", "caf\u00e9"),
        ("snake_case name", "snake case name"),
        ("one\r\n\ttwo", "one two"),
    ],
)
def test_texts_that_differ_in_spacing_and_punctuation_are_one(one, other):
    assert normalise.normalised_text(one) == normalise.normalised_text(other)


def test_case_is_kept_unless_folded():
    assert normalise.normalised_text("Straße A") == "Straße A"
    assert normalise.normalised_text("Straße A", fold_case=True) == "strasse a"


def test_distinct_words_have_distinct_hashes():
    words = [f"{a}{b}{c}" for a in "abcdefghij012" for b in "abcxyz" for c in range(2000)]
    hashes = normalise.split_batch([" ".join(words)]).hashes
    assert np.unique(hashes).size == len(words)
