"""Plans over made-up corpora, drawn and counted as the phase does it, without text or files."""

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.config import Config, Sequencing
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.phases.sequence.drawing import Drawn, draw_until_enough, wanted_of
from massivetext.sequencing.draws import WHOLE, Supply, settle
from massivetext.sequencing.held_out import Side
from massivetext.sequencing.mixture import make_mixture
from massivetext.sequencing.packing import PackingRule, count_sequences, fitting_rule

LENGTH = 50
LEARNED = Side(0)


class Subset:
    """Documents of some sizes; a visit gives a crop of each, in an order of its own."""

    def __init__(self, name: str, documents: int, mean_tokens: int, parts: int) -> None:
        rng = random.Random(f"{name} {documents} {mean_tokens}")
        self.name, self.parts = name, parts
        self.sizes = [1 + int(rng.expovariate(1 / mean_tokens)) for _ in range(documents)]
        tokens = sum(min(size, 4 * LENGTH) for size in self.sizes)
        self.rule = fitting_rule(PackingRule(LENGTH, 10, 1, 2), documents, tokens)
        self.visits: dict[int, list[tuple[int, int]]] = {}

    def visit(self, number: int) -> list[tuple[int, int]]:
        """Returns hash and tokens of each crop, in hash order."""
        if number not in self.visits:
            rng = random.Random(f"{self.name} {number}")
            crops = [
                (rng.randrange(WHOLE), min(n, rng.randint(LENGTH, 4 * LENGTH))) for n in self.sizes
            ]
            self.visits[number] = sorted(crops)
        return self.visits[number]

    def give(self, stop: int) -> tuple[tuple[int, ...], ...]:
        """Returns the sequences of each visit and part, up to a place."""
        found = []
        for number in range(-(-stop // WHOLE)):
            crops = [(h, n) for h, n in self.visit(number) if number * WHOLE + h < stop]
            by_part = [[n for h, n in crops if h % self.parts == p] for p in range(self.parts)]
            found.append(tuple(count_sequences(np.array(n, np.int64), self.rule) for n in by_part))
        return tuple(found)


class Corpus:
    """Subsets and their weights."""

    def __init__(self, shapes: dict[str, tuple[int, int, int]], parts: int, guess: float) -> None:
        self.subsets = {n: Subset(n, count, mean, parts) for n, (count, mean, _) in shapes.items()}
        self.weights = {name: weight for name, (_, _, weight) in shapes.items()}
        self.guess = Fraction(guess)

    def config(self, tokens: int, max_visits: int) -> Config:
        sequence = Sequencing(
            length=LENGTH, tokens=tokens, weights=self.weights, max_visits=max_visits
        )
        return Config(sequence=sequence)

    def draw(self, config: Config) -> Drawn:
        supplies = {
            name: Supply(len(subset.sizes), self.guess * Fraction(sum(subset.sizes), LENGTH))
            for name, subset in self.subsets.items()
        }
        drawn = Drawn(make_mixture(self.weights, self.subsets), supplies)
        return draw_until_enough(config, LEARNED, drawn, self.read)

    def read(self, drawn: Drawn, draws, number: int) -> Drawn:
        del number
        supplies = dict(drawn.supplies)
        for name, draw in draws.items():
            assert draw.start == supplies[name].stop < draw.stop
            supplies[name] = supplies[name].read_to(draw, self.subsets[name].give(draw.stop))
        return Drawn(drawn.mixture, supplies, drawn.files)

    def plan(self, tokens: int, max_visits: int):
        """Returns the sequences of each subset, why they are fewer than wanted, what was drawn."""
        config = self.config(tokens, max_visits)
        drawn = self.draw(config)
        wanted = wanted_of(config, LEARNED, drawn)
        return *settle(wanted, drawn.mixture.given, drawn.supplies, max_visits), drawn


shapes = st.dictionaries(
    st.sampled_from("abcd"),
    st.tuples(st.integers(1, 60), st.integers(1, 300), st.integers(1, 50)),
    min_size=1,
)
corpora = st.builds(Corpus, shapes, parts=st.integers(1, 3), guess=st.floats(0.2, 5))


@example(corpus=Corpus({"d": (10, 12, 1)}, parts=3, guess=2.0), requests=[1, 3], visits=3)
@settings(max_examples=1_000)
@given(
    corpus=corpora,
    requests=st.lists(st.integers(1, 2_000), min_size=2, max_size=4),
    visits=st.integers(1, 5),
)
def test_a_larger_request_never_gives_less(corpus, requests, visits):
    try:
        one_visit = sum(corpus.plan(0, visits)[0].values())
    except RunError:
        return
    requests = sorted(requests)
    plans = [corpus.plan(n * LENGTH, visits) for n in requests]
    totals = [sum(counts.values()) for counts, _, _ in plans]
    assert totals == sorted(totals)
    for wanted, total, (counts, shortage, drawn) in zip(requests, totals, plans, strict=True):
        assert (total < wanted) == (shortage is not None)
        assert total >= min(one_visit, wanted)
        assert all(counts[s] <= drawn.supplies[s].sequences for s in counts)
        assert max(supply.visits for supply in drawn.supplies.values()) <= visits
        if shortage:
            assert (shortage.wanted, shortage.total) == (wanted, total)
            binding = binding_subset(corpus, drawn, visits)
            assert shortage.binding == binding
            assert corpus.plan(total * LENGTH, visits)[1] is None  # what is said to fit fits


def binding_subset(corpus: Corpus, drawn: Drawn, visits: int) -> str:
    """Returns the subset that is used up first if all are read as far as they may be."""
    most = {
        name: sum(map(sum, corpus.subsets[name].give(visits * WHOLE))) / share
        for name, share in drawn.mixture.given.items()
    }
    return min(most, key=lambda name: (most[name], name))


@pytest.mark.parametrize("guess", [0.25, 1, 4])
@pytest.mark.parametrize("tokens", [0, 2_000, 40_000, 10**9])
def test_a_text_is_read_once_and_once_more_at_most(guess, tokens):
    corpus = Corpus({"a": (3_000, 30, 5), "b": (200, 300, 2), "c": (60, 40, 1)}, 1, guess)
    _, _, drawn = corpus.plan(tokens, 6)
    assert max(supply.readings for supply in drawn.supplies.values()) <= 2
