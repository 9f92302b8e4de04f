from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.mixture import NAMED_WEIGHTS, apportion, largest_total, make_mixture
from tests.reference import sequencing as reference

ALL_SIX = list(NAMED_WEIGHTS["gopher"])

shares = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 1000), min_size=1).map(
    lambda parts: {k: Fraction(v, sum(parts.values())) for k, v in parts.items()}
)


@pytest.mark.parametrize("name", NAMED_WEIGHTS)
def test_published_weights_sum_to_100_per_cent(name):
    assert sum(NAMED_WEIGHTS[name].values()) == 100


def test_table_2():
    assert NAMED_WEIGHTS["gopher"] == {
        "massiveweb": 48, "books": 27, "c4": 10, "news": 10, "github": 3, "wikipedia": 2,
    }  # fmt: skip


def test_all_subsets_there_gives_what_was_asked_without_a_warning():
    mixture = make_mixture("gopher", ALL_SIX)
    assert mixture.given == mixture.asked
    assert mixture.given["massiveweb"] == Fraction(48, 100)
    assert mixture.warnings == ()


def test_weights_of_absent_subsets_are_shared_out_in_proportion():
    mixture = make_mixture("gopher", ["books", "github"])
    assert mixture.given == {"books": Fraction(9, 10), "github": Fraction(1, 10)}
    (warning,) = mixture.warnings
    assert "massiveweb" in warning
    assert "books 90.00%" in warning


def test_decimal_weights_are_exact():
    assert make_mixture({"a": 0.1, "b": 0.2}, ["a", "b"]).given == {
        "a": Fraction(1, 3),
        "b": Fraction(2, 3),
    }


def test_a_subset_without_weight_is_named():
    mixture = make_mixture({"a": 1}, ["a", "b"])
    assert set(mixture.given) == {"a"}
    assert "b has no weight" in mixture.warnings[0]


def test_retro_has_no_c4():
    assert "c4" in make_mixture("retro", ALL_SIX).warnings[0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("gofer", "expected one of gopher"),
        ({"a": -0.5, "b": 1.0}, "a is negative"),
        ({"c": 1}, "no subset of the corpus"),
        ({"a": 0}, "no subset of the corpus"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        make_mixture(weights, ["a", "b"])


@given(total=st.integers(0, 10**9), shares=shares)
def test_apportion_equals_the_reference(total, shares):
    assert apportion(total, shares) == reference.largest_remainder(total, shares)


@given(total=st.integers(0, 10**15), shares=shares)
def test_apportioned_counts_are_exact(total, shares):
    counts = apportion(total, shares)
    assert sum(counts.values()) == total
    assert all(abs(counts[name] - total * share) < 1 for name, share in shares.items())


def test_ties_go_to_the_first_name():
    assert apportion(1, {"b": Fraction(1, 2), "a": Fraction(1, 2)}) == {"b": 0, "a": 1}


@given(
    wanted=st.integers(0, 10**6),
    shares=shares,
    available=st.lists(st.integers(0, 10**5), min_size=8, max_size=8),
)
def test_largest_total_is_never_more_than_any_subset_can_supply(wanted, shares, available):
    held = dict(zip("abcdefgh", available, strict=True))
    total = largest_total(wanted, shares, held)
    counts = apportion(total, shares)
    assert total <= wanted
    assert all(counts[name] <= held[name] for name in shares)
    if total < wanted:  # one more, and the exact quota of some subset is too large
        assert any((total + 1) * share > held[name] for name, share in shares.items())
