from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.draws import (
    WHOLE,
    Draw,
    Supply,
    next_draws,
    settle,
    shard_quotas,
    wanted_sequences,
)

HALVES = {"a": Fraction(1, 2), "b": Fraction(1, 2)}


def read(supply: Supply, draw: Draw, per_visit: int) -> Supply:
    return supply.with_draw(draw, (int(per_visit * draw.part),))


def play(tokens: int, shares, per_visit: dict[str, int], max_visits: int, guess: float = 1.0):
    """Plays the driver over subsets that give the same number of sequences on every visit."""
    supplies = {s: Supply(int(count * guess)) for s, count in per_visit.items()}
    if not tokens:
        supplies = {s: read(x, Draw(0), per_visit[s]) for s, x in supplies.items()}
    wanted = wanted_sequences(tokens, 10, supplies)
    rounds = 0
    while draws := next_draws(wanted, shares, supplies, max_visits):
        rounds += 1
        assert rounds < 100, "draws must come to an end"
        supplies |= {s: read(supplies[s], draw, per_visit[s]) for s, draw in draws.items()}
    counts, warnings = settle(wanted, shares, supplies)
    return counts, warnings, supplies


def test_tokens_zero_asks_for_one_visit_of_everything():
    first = Supply(0).with_draw(Draw(0), (20, 10))
    supplies = {"a": first.with_draw(Draw(1), (5, 0)), "b": Supply(0).with_draw(Draw(0), (9, 1))}
    assert wanted_sequences(0, 2048, supplies) == 40


def test_tokens_are_rounded_down_to_sequences():
    assert wanted_sequences(2048 * 7 + 2047, 2048, {}) == 7


def test_only_subsets_that_fall_short_are_read_again():
    counts, warnings, supplies = play(0, HALVES, {"a": 300, "b": 120}, max_visits=4)
    assert counts == {"a": 210, "b": 210}
    assert warnings == []
    assert supplies["a"].visits == 1
    assert 1.75 <= supplies["b"].visits <= 1.85  # 90 more of 120, and the margin


def test_a_small_part_of_a_large_corpus_is_all_that_is_read():
    counts, warnings, supplies = play(10 * 1_000, HALVES, {"a": 10**6, "b": 600}, max_visits=4)
    assert counts == {"a": 500, "b": 500}
    assert warnings == []
    assert supplies["a"].visits == Fraction(1, 64)
    assert supplies["b"].visits < 0.95


@given(guess=st.floats(0.01, 100), max_visits=st.integers(1, 5), tokens=st.integers(1, 50_000))
def test_poor_guesses_cost_reading_but_no_sequences(guess, max_visits, tokens):
    counts, warnings, supplies = play(tokens, HALVES, {"a": 900, "b": 700}, max_visits, guess)
    available = min(supply.sequences for supply in supplies.values())
    if supplies["b"].visits == max_visits:
        assert sum(counts.values()) == min(tokens // 10, 2 * available)
    else:
        assert sum(counts.values()) == tokens // 10
    assert bool(warnings) == (sum(counts.values()) < tokens // 10)
    assert all(supply.visits <= max_visits for supply in supplies.values())


def test_the_total_is_lowered_when_visits_run_out():
    counts, (warning,), supplies = play(0, HALVES, {"a": 100, "b": 10}, max_visits=3)
    assert counts == {"a": 30, "b": 30}
    assert "60 sequences instead of 110: 3 visits of b give 30 sequences" in warning
    assert supplies["a"].visits == 1


def test_what_one_subset_lacks_spares_the_others_their_visits():
    thirds = {name: Fraction(1, 3) for name in "abc"}
    counts, _, supplies = play(0, thirds, {"a": 40, "b": 200, "c": 1}, max_visits=4)
    assert counts == {"a": 4, "b": 4, "c": 4}
    assert [supplies[name].visits for name in "abc"] == [1, 1, 4]


def test_a_subset_that_gives_nothing_lowers_the_total_to_nothing():
    counts, warnings, _ = play(0, HALVES, {"a": 5, "b": 0}, max_visits=2)
    assert sum(counts.values()) == 0
    assert warnings


def test_draws_of_a_visit_meet_without_gap_or_overlap():
    supply, reached = Supply(1_000), (0, 0)
    for _ in range(100):
        draws = next_draws(supply.sequences + 70, {"a": Fraction(1)}, {"a": supply}, 3)
        if not draws:
            break
        draw = draws["a"]
        assert (draw.visit, draw.start) == reached
        reached = (draw.visit + 1, 0) if draw.stop == WHOLE else (draw.visit, draw.stop)
        supply = read(supply, draw, 1_000)
    assert reached == (3, 0)


held_by_draw = st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=1)


def supply_of(held) -> Supply:
    return Supply(0, tuple(Draw(v) for v in range(len(held))), tuple(map(tuple, held)))


@given(held=held_by_draw, data=st.data())
def test_quotas_sum_to_the_target_and_fit_the_shards(held, data):
    supply = supply_of(held)
    target = data.draw(st.integers(0, supply.sequences))
    quotas = shard_quotas(target, supply)
    assert sum(map(sum, quotas)) == target
    for quota, holds in zip(quotas, held, strict=True):
        assert all(q <= h for q, h in zip(quota, holds, strict=True))


@given(held=held_by_draw, data=st.data())
def test_a_later_draw_is_touched_only_when_the_earlier_are_used_up(held, data):
    supply = supply_of(held)
    quotas = shard_quotas(data.draw(st.integers(0, supply.sequences)), supply)
    for number, quota in enumerate(quotas):
        if sum(quota):
            assert all(quotas[d] == list(held[d]) for d in range(number))
