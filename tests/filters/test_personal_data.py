"""Personal data that is masked, and what looks like it and stays."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.filters.presets.personal_data import has_check_digit, mask
from tests.reference.personal_data import (
    HELD_OUT_OTHERS,
    HELD_OUT_PHONES,
    MARKS,
    NEGATIVE,
    PHONES,
    POSITIVE,
)

KINDS = ("email", "ip", "card", "phone")


def masked(text: str, kinds: tuple[str, ...] = KINDS) -> str:
    (found,) = mask(pa.array([text]), kinds=kinds).to_pylist()
    return str(found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("around", ["Please note {} and go on.", "{}", "({})", "x: {}\nthen"])
def test_what_is_meant_is_masked(kind: str, around: str) -> None:
    for found in POSITIVE[kind]:
        if around == "({})" and found.startswith("("):
            continue
        assert masked(around.format(found)) == around.format(f"|||{MARKS[kind]}|||")


@pytest.mark.parametrize("text", NEGATIVE)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert masked(text) == text


def test_the_figures_of_the_page() -> None:
    assert (len(PHONES), len(POSITIVE["phone"]), len(NEGATIVE)) == (13, 68, 13)
    found = [n for n in HELD_OUT_PHONES if masked(f"Call {n} now") == "Call |||PHONE_NUMBER||| now"]
    assert (len(found), len(HELD_OUT_PHONES)) == (15, 25)
    wrong = [text for text in HELD_OUT_OTHERS if masked(text) != text]
    assert (len(wrong), len(HELD_OUT_OTHERS)) == (1, 8), "and a date, which counts no more"


def test_only_the_kinds_that_are_asked_for_are_masked() -> None:
    text = "a@example.com or 8.8.8.8"
    assert masked(text, ("ip",)) == "a@example.com or |||IP_ADDRESS|||"
    with pytest.raises(ValueError, match="kinds has 'name'; expected email, ip, card, phone"):
        masked(text, ("name",))


@given(st.text("0123456789", min_size=1, max_size=20))
def test_of_ten_last_digits_one_is_the_check_digit(digits: str) -> None:
    fitting = [digit for digit in "0123456789" if has_check_digit(digits + digit)]
    assert len(fitting) == 1


@given(st.text(st.sampled_from("0123456789 -./()+@:abcdefx\n"), max_size=200))
def test_masking_ends_and_does_the_same_twice(text: str) -> None:
    once = masked(text)
    assert masked(once).count("|||") >= once.count("|||")


@pytest.mark.parametrize("piece", ["0", "0 ", "1-", "a.", "a@a", "::", "+1 ", "(0", "1.1.", "%"])
def test_long_texts_of_one_piece_take_no_long(piece: str) -> None:
    """Seconds would mean that a search goes back over what it has seen."""
    import time

    start = time.process_time()
    masked(piece * 100_000)
    assert time.process_time() - start < 20
