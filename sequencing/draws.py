"""Which documents are read, how often: draws of crops until every subset can give its share.

Documents are sampled without replacement, in the order of a hash. A visit reads each document of a
subset once; a draw is a part of a visit: the crops whose hash lies in a range. A subset that is
needed in part is read in part; one that is used up is visited again, with new crops and new
groups. Sequences are never copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from massivetext.sequencing.mixture import Shares, apportion, largest_total

WHOLE: Final = 2**64
"""One more than the largest hash."""

_MARGIN: Final = Fraction(21, 20)
"""Our choice: a draw aims at 5 % more sequences than are lacking, as their number is a guess."""

_SMALLEST_DRAW: Final = Fraction(1, 64)
"""Our choice: of a visit, so that few draws suffice when guesses are poor."""


@dataclass(frozen=True)
class Draw:
    """Part of one visit to a subset: its crops with start <= hash < stop.

    Attributes:
        visit: number of the visit, from 0.
        start: first hash.
        stop: one more than the last hash; WHOLE at the end of the visit.
    """

    visit: int
    start: int = 0
    stop: int = WHOLE

    @property
    def part(self) -> Fraction:
        """The share of the visit."""
        return Fraction(self.stop - self.start, WHOLE)


@dataclass(frozen=True)
class Supply:
    """The sequences that a subset has given so far.

    Attributes:
        expected: guess of the sequences that a whole visit gives, before the first draw.
        draws: what was read.
        sequences_by_draw: for each draw, for each shard, its number of sequences.
    """

    expected: int
    draws: tuple[Draw, ...] = ()
    sequences_by_draw: tuple[tuple[int, ...], ...] = ()

    @property
    def sequences(self) -> int:
        """Sequences of all draws."""
        return sum(map(sum, self.sequences_by_draw))

    @property
    def visits(self) -> Fraction:
        """How often each document was read, on average."""
        return sum((draw.part for draw in self.draws), Fraction(0))

    @property
    def per_visit(self) -> Fraction:
        """Sequences of a whole visit, as far as is known."""
        return self.sequences / self.visits if self.draws else Fraction(self.expected)

    def capacity(self, max_visits: int) -> Fraction:
        """Returns how many sequences `max_visits` visits will probably give."""
        return self.sequences + (max_visits - self.visits) * self.per_visit

    def with_draw(self, draw: Draw, sequences_by_shard: tuple[int, ...]) -> Supply:
        """Returns the supply after one more draw."""
        return Supply(
            self.expected,
            (*self.draws, draw),
            (*self.sequences_by_draw, sequences_by_shard),
        )


def wanted_sequences(tokens: int, length: int, supplies: Mapping[str, Supply]) -> int:
    """Returns how many sequences are asked for.

    Args:
        tokens: from the configuration; 0 means as many as one visit of every document gives.
        length: tokens a sequence.
        supplies: of the subsets in the mixture; for 0 tokens, after their first visit.
    """
    if tokens:
        return tokens // length
    return sum(
        sum(sequences)
        for supply in supplies.values()
        for draw, sequences in zip(supply.draws, supply.sequences_by_draw, strict=True)
        if draw.visit == 0
    )


def next_draws(
    wanted: int, shares: Shares, supplies: Mapping[str, Supply], max_visits: int
) -> dict[str, Draw]:
    """Returns what to read next, by subset; nothing if every subset can give its share, or all.

    Subsets that will probably be used up before they can give their share come first and alone:
    what they lack lowers the total, and then others need not be read again.
    """
    used_up = {s: x.sequences for s, x in supplies.items() if x.visits >= max_visits}
    total = largest_total(wanted, {subset: shares[subset] for subset in used_up}, used_up)
    lacking = {
        subset: count - supplies[subset].sequences
        for subset, count in apportion(total, shares).items()
        if subset not in used_up and supplies[subset].sequences < count
    }
    scarce = {
        subset: lack
        for subset, lack in lacking.items()
        if supplies[subset].capacity(max_visits) < supplies[subset].sequences + lack
    }
    return {s: _next_draw(supplies[s], lack) for s, lack in sorted((scarce or lacking).items())}


def settle(
    wanted: int, shares: Shares, supplies: Mapping[str, Supply]
) -> tuple[dict[str, int], list[str]]:
    """Returns the number of sequences of each subset, and a warning if they are fewer than wanted.

    Args:
        wanted: sequences asked for.
        shares: of the subsets.
        supplies: after the last draw.
    """
    available = {subset: supply.sequences for subset, supply in supplies.items()}
    total = largest_total(wanted, shares, available)
    counts = apportion(total, shares)
    if total == wanted:
        return counts, []
    scarce = min(shares, key=lambda s: (available[s] / shares[s], s))
    warning = (
        f"{total:,} sequences instead of {wanted:,}: {float(supplies[scarce].visits):g} visits of "
        f"{scarce} give {available[scarce]:,} sequences, and its share is "
        f"{float(shares[scarce]):.2%}; lower its weight, raise sequence.max_visits, or add "
        "documents to it"
    )
    return counts, [warning]


def shard_quotas(target: int, supply: Supply) -> list[list[int]]:
    """Returns how many sequences of a subset each shard takes, for each draw.

    All sequences of earlier draws come first (sampling without replacement); those of the draw
    that is not needed in full are shared among the shards by what they hold.

    Args:
        target: sequences of the subset; at most `supply.sequences`.
        supply: what its draws gave.
    """
    quotas = []
    for held in supply.sequences_by_draw:
        given = min(target, sum(held))
        shares = {shard: Fraction(count, sum(held) or 1) for shard, count in enumerate(held)}
        quotas.append(list(apportion(given, shares).values()) if given else [0] * len(held))
        target -= given
    return quotas


def _next_draw(supply: Supply, lack: int) -> Draw:
    """Returns the draw that probably gives the lacking sequences, within one visit."""
    last = supply.draws[-1] if supply.draws else Draw(-1)
    is_new = last.stop == WHOLE
    visit, start = (last.visit + 1, 0) if is_new else (last.visit, last.stop)
    part = max(_SMALLEST_DRAW, lack * _MARGIN / max(Fraction(1), supply.per_visit))
    stop = min(WHOLE, start + int(part * WHOLE))
    if WHOLE - stop < _SMALLEST_DRAW * WHOLE:
        stop = WHOLE
    return Draw(visit, start, stop)
