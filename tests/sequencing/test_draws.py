import math
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.draws import (
    FIRST_VISIT,
    WHOLE,
    Draw,
    Supply,
    next_draws,
    part_quotas,
    settle,
    wanted_sequences,
)

HALVES = {"a": Fraction(1, 2), "b": Fraction(1, 2)}
MANY = 10**6  # documents: so many that visits are read in part


def read(supply: Supply, draw: Draw, per_visit: int) -> Supply:
    counts = [
        int(per_visit * Fraction(last, WHOLE)) for _, _, last in Draw(0, draw.stop).by_visit()
    ]
    return supply.read_to(draw, tuple((count,) for count in counts))


def play(tokens: int, shares, per_visit: dict[str, int], max_visits: int, guess=1, documents=MANY):
    """Plays the driver over subsets that give the same number of sequences on every visit."""
    supplies = {s: Supply(documents, Fraction(count * guess)) for s, count in per_visit.items()}
    if not tokens:
        supplies = {s: read(x, FIRST_VISIT, per_visit[s]) for s, x in supplies.items()}
    wanted = wanted_sequences(tokens, 10, supplies)
    while draws := next_draws(wanted, shares, supplies, max_visits):
        assert max(supply.readings for supply in supplies.values()) < 10
        supplies |= {s: read(supplies[s], draw, per_visit[s]) for s, draw in draws.items()}
    counts, shortage = settle(wanted, shares, supplies, max_visits)
    return counts, shortage, supplies


def test_a_draw_names_the_hashes_of_each_visit():
    assert list(Draw(WHOLE // 2, 2 * WHOLE + 7).by_visit()) == [
        (0, WHOLE // 2, WHOLE), (1, 0, WHOLE), (2, 0, 7),
    ]  # fmt: skip
    assert list(FIRST_VISIT.by_visit()) == [(0, 0, WHOLE)]


def test_tokens_zero_asks_for_one_visit_of_everything():
    a = Supply(9).read_to(Draw(0, 2 * WHOLE), ((20, 10), (5, 0)))
    b = Supply(9).read_to(FIRST_VISIT, ((9, 1),))
    assert wanted_sequences(0, 2048, {"a": a, "b": b}) == 40


def test_tokens_are_rounded_down_to_sequences():
    assert wanted_sequences(2048 * 7 + 2047, 2048, {}) == 7


def test_only_subsets_that_fall_short_are_read_again():
    counts, shortage, supplies = play(0, HALVES, {"a": 300, "b": 120}, max_visits=4)
    assert counts == {"a": 210, "b": 210}
    assert shortage is None
    assert supplies["a"].visits == 1
    assert 1.75 <= supplies["b"].visits <= 1.85  # 90 more of 120, and the margin


def test_a_small_part_of_a_large_corpus_is_all_that_is_read():
    counts, shortage, supplies = play(10 * 1_000, HALVES, {"a": 10**6, "b": 600}, max_visits=4)
    assert counts == {"a": 500, "b": 500}
    assert shortage is None
    assert supplies["a"].visits == Fraction(1, 64)
    assert supplies["b"].visits < 0.95


def test_several_visits_are_one_reading():
    counts, _, supplies = play(10 * 1_000, HALVES, {"a": 200, "b": 300}, max_visits=9)
    assert counts == {"a": 500, "b": 500}
    assert {s: supply.readings for s, supply in supplies.items()} == {"a": 1, "b": 1}
    assert 2.5 < supplies["a"].visits < 2.8


def test_visits_of_few_documents_are_read_in_whole():
    _, _, supplies = play(10 * 1_000, HALVES, {"a": 800, "b": 300}, max_visits=9, documents=9_999)
    assert [supply.visits for supply in supplies.values()] == [1, 2]


@given(guess=st.floats(0.01, 100), max_visits=st.integers(1, 5), tokens=st.integers(10, 50_000))
def test_poor_guesses_cost_reading_but_no_sequences(guess, max_visits, tokens):
    counts, shortage, supplies = play(
        tokens, HALVES, {"a": 900, "b": 700}, max_visits, Fraction(guess)
    )
    assert sum(counts.values()) == min(tokens // 10, 2 * 700 * max_visits)
    assert (shortage is None) == (sum(counts.values()) == tokens // 10)
    assert all(supply.visits <= max_visits for supply in supplies.values())


def test_the_total_is_lowered_when_visits_run_out():
    counts, shortage, supplies = play(0, HALVES, {"a": 100, "b": 10}, max_visits=3)
    assert counts == {"a": 30, "b": 30}
    assert (shortage.wanted, shortage.total, shortage.binding) == (110, 60, "b")
    assert shortage.reason == "3 visits of b give 30 sequences, and its share is 50.00%"
    assert supplies["a"].visits == 1


def test_what_one_subset_lacks_spares_the_others_their_visits():
    thirds = {name: Fraction(1, 3) for name in "abc"}
    counts, _, supplies = play(0, thirds, {"a": 40, "b": 200, "c": 1}, max_visits=4)
    assert counts == {"a": 4, "b": 4, "c": 4}
    assert [supplies[name].visits for name in "abc"] == [1, 1, 4]


def test_the_binding_subset_is_one_that_is_used_up():
    """Another one may have fewer sequences for its share: it was not read any further."""
    shares = {"a": Fraction(48, 51), "b": Fraction(3, 51)}
    counts, shortage, supplies = play(10 * 10_000, shares, {"a": 130, "b": 300}, max_visits=4)
    assert shortage.binding == "a"
    assert counts["a"] == 520
    assert supplies["b"].visits < 1


def test_a_subset_that_gives_nothing_lowers_the_total_to_nothing():
    counts, shortage, _ = play(0, HALVES, {"a": 5, "b": 0}, max_visits=2)
    assert sum(counts.values()) == 0
    assert shortage.binding == "b"


def test_draws_meet_without_gap_or_overlap():
    supply, reached = Supply(MANY, Fraction(1_000)), 0
    for _ in range(100):
        draws = next_draws(supply.sequences + 70, {"a": Fraction(1)}, {"a": supply}, 3)
        if not draws:
            break
        assert draws["a"].start == reached < draws["a"].stop
        reached = draws["a"].stop
        supply = read(supply, draws["a"], 1_000)
    assert reached == 3 * WHOLE


held_by_visit = st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=1)


def supply_of(held) -> Supply:
    supply = Supply(MANY).read_to(Draw(0, len(held) * WHOLE), tuple(map(tuple, held)))
    assert supply == replace(supply, readings=1)
    return supply


@given(held=held_by_visit, data=st.data())
def test_quotas_sum_to_the_target_and_fit_the_parts(held, data):
    supply = supply_of(held)
    target = data.draw(st.integers(0, supply.sequences))
    quotas = part_quotas(target, supply)
    assert sum(map(sum, quotas)) == target
    for quota, holds in zip(quotas, held, strict=True):
        assert all(q <= h for q, h in zip(quota, holds, strict=True))


@given(held=held_by_visit, data=st.data())
def test_a_later_visit_is_touched_only_when_the_earlier_are_used_up(held, data):
    supply = supply_of(held)
    quotas = part_quotas(data.draw(st.integers(0, supply.sequences)), supply)
    for number, quota in enumerate(quotas):
        if sum(quota):
            assert all(quotas[d] == list(held[d]) for d in range(number))


@given(
    documents=st.integers(1, 10**6),
    expected=st.fractions(0, 10**6),
    stop=st.integers(0, 3 * WHOLE),
    wanted=st.integers(1, 10**7),
)
def test_what_is_read_suffices_if_the_guess_is_right(documents, expected, stop, wanted):
    read_so_far = int(expected * Fraction(stop, WHOLE))
    supply = Supply(documents, expected).read_to(Draw(0, stop), ((read_so_far,),))
    draws = next_draws(wanted, {"a": Fraction(1)}, {"a": supply}, 4)
    if draws and draws["a"].stop < 4 * WHOLE:
        gives = supply.sequences + supply.per_visit * draws["a"].visits
        assert math.ceil(gives) >= min(wanted, math.floor(supply.likely(4)))
