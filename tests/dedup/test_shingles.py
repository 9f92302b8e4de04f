import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.jaccard import intersection_sizes, jaccard_of_pairs, sizes_allow
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import count_distinct, join_sets, shingle_batch, shingle_sets
from tests.dedup.documents import page
from tests.reference import dedup as reference
from tests.reference.hashes import ngram_hashes

FEW_WORDS = st.lists(
    st.lists(st.sampled_from("abc"), max_size=40).map(" ".join), min_size=1, max_size=6
)

SHINGLES = st.integers(0, 2**64 - 1) | st.integers(0, 3) | st.sampled_from([1 << 63, 5 << 40])


@given(FEW_WORDS, st.integers(1, 14))
def test_sets_have_the_sizes_and_intersections_of_the_reference(texts, ngram):
    expected = [reference.shingles(text, ngram) for text in texts]
    left, right = (axis.ravel() for axis in np.indices((len(texts), len(texts))))
    sets = shingle_sets(texts, ngram)
    sizes = intersection_sizes(sets, left, sets, right)
    jaccards = jaccard_of_pairs(sets, left, sets, right)
    counts = count_distinct(shingle_batch(split_batch(texts), ngram))
    assert counts.tolist() == [len(shingles) for shingles in expected]
    pairs = list(zip(left, right, strict=True))
    assert sizes.tolist() == [len(expected[i] & expected[j]) for i, j in pairs]
    assert jaccards.tolist() == [reference.jaccard(expected[i], expected[j]) for i, j in pairs]


@given(FEW_WORDS, st.integers(1, 14))
def test_shingles_have_the_hashes_of_the_reference(texts, ngram):
    found = shingle_batch(split_batch(texts), ngram)
    expected = [ngram_hashes(reference.words(text), ngram) for text in texts]
    assert [found.of_document(d).tolist() for d in range(len(texts))] == expected


@given(st.lists(st.lists(SHINGLES, max_size=60), min_size=1, max_size=6))
def test_distinct_values_are_counted(sets):
    """Zero marks a free slot of the hash table, and equal low bits make values collide."""
    batch = join_sets([np.array(values, np.uint64) for values in sets])
    assert count_distinct(batch).tolist() == [len(set(values)) for values in sets]


def test_a_set_is_sorted_and_has_every_hash_once():
    sets = shingle_sets(["a b " * 50, "x"], 13)
    assert sets.of_document(0).size == 2
    assert (np.diff(sets.of_document(0)) > 0).all()
    assert sets.of_document(1).size == 1


def test_twelve_words_are_one_shingle_and_no_thirteen_words_contain_it():
    twelve, thirteen = page(1, 12), page(1, 13)
    sets = shingle_sets([twelve, twelve + "!", thirteen, thirteen + " more", "", "- -"], 13)
    assert np.diff(sets.offsets).tolist() == [1, 1, 1, 2, 0, 0]
    one, same, longer = (sets.of_document(number)[0] for number in (0, 1, 2))
    assert one == same != longer


@pytest.mark.parametrize(("words", "jaccard"), [(300, 275 / 301), (100, 75 / 101), (50, 25 / 51)])
def test_one_changed_word_costs_what_the_specification_says(words, jaccard):
    """docs/paper.md, sections 11 and 6: 0.914, 0.743; (S-13)/(S+13) = 0.49 at 50 words."""
    text = " ".join(f"w{n}" for n in range(words))
    sets = shingle_sets([text, text.replace(f"w{words // 2} ", "other ")], 13)
    found = jaccard_of_pairs(sets, np.array([0]), sets, np.array([1]))
    assert found.tolist() == [jaccard]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_sizes_never_rule_out_a_similar_pair(shared, only_one, only_other):
    one, other = np.array([shared + only_one]), np.array([shared + only_other])
    jaccard = shared / max(shared + only_one + only_other, 1)
    assert not (jaccard > 0.8 and not sizes_allow(one, other, 0.8)[0])
