import numpy as np
import pytest
import xxhash

from massivetext.dedup.keys import (
    KeySettings,
    document_keys,
    key_dtype,
    precedences,
    ranks_against,
    shingle_counts,
)
from massivetext.records import stable_hash
from tests.dedup.documents import corpus, ids_of, keys_of, page


def test_groups_are_hashes_of_normalised_texts():
    texts = ["One, two!", "one two", "One\ntwo", "three", "One, two!"]
    keys = keys_of(texts)
    groups = list(zip(keys["group_high"].tolist(), keys["group_low"].tolist(), strict=True))
    digest = xxhash.xxh3_128_intdigest("One two".encode("utf-32-le"))
    assert groups[0] == groups[2] == (digest >> 64, digest & (2**64 - 1))
    assert len(set(groups)) == 3
    assert len(set(keys["raw"].tolist())) == 4


def test_keys_are_the_same_in_any_batch():
    texts = corpus(3)
    whole = keys_of(texts)
    ids = ids_of(texts)
    settings = KeySettings()
    single = [document_keys([t], [i], "web", settings) for t, i in zip(texts, ids, strict=True)]
    assert whole.tobytes() == np.concatenate(single).tobytes()


def test_rank_holds_precedence_and_count():
    texts = [page(1, 12), page(2, 13), page(3, 60), ""]
    keys = keys_of(texts)
    assert shingle_counts(keys["rank"]).tolist() == [1, 1, 48, 0]
    draws = [stable_hash(0, name, "dedup priority") for name in ids_of(texts)]
    assert precedences(keys["rank"]).tolist() == [draw >> 24 for draw in draws]


def test_preferred_subsets_win_in_their_order_whatever_the_draw():
    settings = KeySettings(prefer=("wikipedia", "books", "news"))
    ids = [str(number) for number in range(200)]

    def of(subset):
        return precedences(document_keys(ids, ids, subset, settings)["rank"])

    assert of("wikipedia").max() < of("books").min()
    assert of("books").max() < of("news").min()
    assert of("news").max() < of("web").min()
    assert np.unique(of("web")).size == 200


def test_the_seed_decides_who_wins():
    ids = [str(number) for number in range(100)]
    ranks = [document_keys(ids, ids, "web", KeySettings(seed=seed))["rank"] for seed in (0, 1)]
    assert np.argsort(ranks[0]).tolist() != np.argsort(ranks[1]).tolist()


@pytest.mark.parametrize("field", ["group_high", "bands"])
def test_scope_subset_keeps_subsets_apart(field):
    texts = [page(1), "--"]
    ids = ids_of(texts)

    def of(subset, within):
        return document_keys(texts, ids, subset, KeySettings(within_subsets=within))[field]

    assert (of("web", False) == of("books", False)).all()
    assert (of("web", True) != of("books", True)).all()
    assert (of("web", True) == of("web", True)).all()


def test_an_empty_batch_has_no_keys():
    assert keys_of([]).shape == (0,)
    assert keys_of([]).dtype == key_dtype(20)
    assert key_dtype(20).itemsize == 192


def test_against_an_old_corpus_every_old_document_wins():
    ranks = keys_of([page(number) for number in range(200)])["rank"]
    old, new = ranks_against(ranks, old=True), ranks_against(ranks, old=False)
    assert precedences(old).max() < precedences(new).min()
    assert (shingle_counts(old) == shingle_counts(ranks)).all()
    for changed in (old, new):
        assert (np.argsort(precedences(changed)) == np.argsort(precedences(ranks))).all()
