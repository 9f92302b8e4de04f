import datasketch
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.dedup.minhash import band_keys, permutations, signatures
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import ShingleBatch, join_sets, shingle_batch
from tests.dedup.documents import page
from tests.reference.hashes import signature

SETS = st.lists(
    st.lists(st.integers(0, 2**64 - 1), max_size=30).map(lambda s: np.array(s, np.uint64)),
    min_size=1,
    max_size=8,
)


def test_signature_is_that_of_datasketch_with_the_same_permutations():
    shingles = shingle_batch(split_batch([page(n, 40 + n) for n in range(20)] + [""]), 13)
    ours = signatures(shingles, 120)
    for document in range(len(shingles)):
        theirs = datasketch.MinHash(
            120, permutations=permutations(120), scheme="affine32", hashfunc=int
        )
        for shingle in shingles.of_document(document):
            theirs.update(int(shingle) >> 32)
        assert ours[document].tolist() == theirs.hashvalues.tolist()


@given(SETS, st.sampled_from([1, 39, 40, 41, 120]))
@settings(deadline=None)
def test_signatures_are_those_of_the_reference(sets, count):
    a, b = (draws.tolist() for draws in permutations(count))
    found = signatures(join_sets(sets), count)
    assert found.tolist() == [signature(hashes.tolist(), a, b) for hashes in sets]


def test_signature_does_not_depend_on_order_repetition_or_neighbours():
    shingles = np.arange(1, 400, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    alone = signatures(join_sets([shingles]), 120)
    again = signatures(join_sets([shingles[:7], np.tile(shingles[::-1], 2)]), 120)
    assert (alone[0] == again[1]).all()


def test_permutations_are_odd_fixed_and_prefix_stable():
    multipliers, summands = permutations(120)
    assert (multipliers % 2 == 1).all()
    assert np.unique(multipliers).size == np.unique(summands).size == 120
    assert (permutations(6)[0] == multipliers[:6]).all()
    assert multipliers[:3].tolist() == [1541160061, 125099337, 4273057149]
    assert summands[:3].tolist() == [2016747358, 1183033551, 2262883033]


def test_estimate_is_unbiased():
    """300 pairs of sets with J = 0.8: the mean of 120 permutations lies within 5 deviations."""
    draw = np.random.default_rng(1)
    sets = []
    for _ in range(300):
        shared, one, other = np.split(draw.integers(0, 2**64, 100, np.uint64), [80, 90])
        sets += [np.concatenate([shared, one]), np.concatenate([shared, other])]
    found = signatures(join_sets(sets), 120)
    mean = (found[0::2] == found[1::2]).mean()
    assert abs(mean - 0.8) < 5 * (0.8 * 0.2 / (300 * 120)) ** 0.5


def test_equal_rows_give_equal_keys_and_bands_never_share_one():
    found = np.tile(np.arange(6, dtype=np.uint32), (3, 20))
    found[2, 7] += 1
    keys = band_keys(found, 20, 6)
    assert (keys[0] == keys[1]).all()
    assert (keys[0] != keys[2]).tolist() == [band == 1 for band in range(20)]
    assert np.unique(keys[0]).size == 20


def test_a_batch_without_shingles_has_signatures():
    empty = ShingleBatch(np.empty(0, np.uint64), np.zeros(4, np.int64))
    assert (signatures(empty, 12) == 0xFFFFFFFF).all()
