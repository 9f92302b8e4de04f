"""Which documents are read, how often: until every subset can give its share, or is used up.

Documents are sampled without replacement, in the order of a hash. A visit reads each document of a
subset once, with a crop of its own. What is read of a subset is a beginning of its visits: whole
ones, and of the next one the crops whose hash lies below a bound. A subset that is needed in part
is read in part; one that is used up is visited again. Sequences are never copied.

What a beginning gives depends on where it ends, not on how often the text was read to get there,
and a longer one never gives less. So a larger request never gets fewer sequences.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from massivetext.sequencing.mixture import Shares, apportion, largest_total

WHOLE: Final = 2**64
"""Places in a visit: one more than the largest hash."""

_MARGIN: Final = Fraction(1, 20)
"""Our choice: read 5 % more than is missing, because the yield of a crop is a guess."""

_DEVIATIONS: Final = 4
"""Our choice: and this many standard deviations more; that of a count is about its square root."""

_SMALLEST_PART: Final = Fraction(1, 64)
"""Our choice: the least part of a visit to read, so that one more reading is enough after a bad
guess."""

_FEW_DOCUMENTS: Final = 10_000
"""Our choice: with fewer documents, read whole visits. That costs little, and parts vary a lot."""

_HOPE: Final = Fraction(11, 10)
"""Our choice: text that has not been read may give 10 % more than expected."""


@dataclass(frozen=True)
class Draw:
    """What is read of a subset at once: its visits from one place to another.

    A place is a number of visits times `WHOLE`, plus a hash.

    Attributes:
        start: the first place.
        stop: one more than the last.
    """

    start: int
    stop: int

    @property
    def visits(self) -> Fraction:
        """How often each document is read, on average."""
        return Fraction(self.stop - self.start, WHOLE)

    def by_visit(self) -> Iterator[tuple[int, int, int]]:
        """Yields visit, first hash and one more than the last hash."""
        for visit in range(self.start // WHOLE, -(-self.stop // WHOLE)):
            before = visit * WHOLE
            yield visit, max(self.start - before, 0), min(self.stop - before, WHOLE)


FIRST_VISIT: Final = Draw(0, WHOLE)


@dataclass(frozen=True)
class Supply:
    """What a subset has given so far.

    Attributes:
        documents: that a visit reads.
        expected: guess of the sequences that a visit gives, before anything is read.
        stop: the place that is reached.
        readings: how often the subset's text was read to get there.
        sequences_by_visit: for each visit that has begun, for each part, its number of sequences.
    """

    documents: int
    expected: Fraction = Fraction(0)
    stop: int = 0
    readings: int = 0
    sequences_by_visit: tuple[tuple[int, ...], ...] = ()

    @property
    def sequences(self) -> int:
        """Sequences of all visits."""
        return sum(map(sum, self.sequences_by_visit))

    @property
    def visits(self) -> Fraction:
        """How often each document was read, on average."""
        return Fraction(self.stop, WHOLE)

    @property
    def per_visit(self) -> Fraction:
        """Sequences of a whole visit, as far as is known."""
        return self.sequences / self.visits if self.stop else self.expected

    def is_used_up(self, max_visits: int) -> bool:
        """Whether it may not be read any further."""
        return self.visits >= max_visits

    def likely(self, max_visits: int) -> Fraction:
        """Returns how many sequences `max_visits` visits give at the most, in all likelihood."""
        return self.sequences + (max_visits - self.visits) * self.per_visit * _HOPE

    def read_to(self, draw: Draw, sequences_by_visit: tuple[tuple[int, ...], ...]) -> Supply:
        """Returns the supply after a draw from where it stopped.

        Args:
            draw: what was read.
            sequences_by_visit: of all visits from the first one on.
        """
        return Supply(
            self.documents, self.expected, draw.stop, self.readings + 1, sequences_by_visit
        )


@dataclass(frozen=True)
class Shortage:
    """Why fewer sequences are given than wanted.

    Attributes:
        wanted: sequences.
        total: that can be given.
        binding: the subset that is used up first.
        supply: of it.
        share: of it.
    """

    wanted: int
    total: int
    binding: str
    supply: Supply
    share: Fraction

    @property
    def reason(self) -> str:
        """What the binding subset gives, as a clause."""
        return (
            f"{float(self.supply.visits):g} visits of {self.binding} give "
            f"{self.supply.sequences:,} sequences, and its share is {float(self.share):.2%}"
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
    return sum(sum(supply.sequences_by_visit[0]) for supply in supplies.values())


def next_draws(
    wanted: int, shares: Shares, supplies: Mapping[str, Supply], max_visits: int
) -> dict[str, Draw]:
    """Returns what to read next, by subset; nothing if every subset can give its share, or all.

    A subset that will be used up before it can give its share lowers the total, and so what is read
    of others. Each is read until it gives a sequence at least: one that gives none has no share.
    """
    total = min(wanted, _likely_total(shares, supplies, max_visits))
    draws = {}
    for subset, share in sorted(shares.items()):
        supply, needed = supplies[subset], max(1, math.ceil(total * share))
        if supply.sequences < needed and not supply.is_used_up(max_visits):
            stop = min(max_visits * WHOLE, _stop_for(supply, needed))
            draws[subset] = Draw(supply.stop, stop)
    return draws or _rest_of_scarcest(wanted, shares, supplies, max_visits)


def _rest_of_scarcest(
    wanted: int, shares: Shares, supplies: Mapping[str, Supply], max_visits: int
) -> dict[str, Draw]:
    """Returns all that is left of the subset that limits the total, if it does and any is left.

    Likelihoods ended the reading before; only a subset that is used up may lower what is given.
    """
    subset = min(sorted(shares), key=lambda s: supplies[s].sequences / shares[s])
    supply = supplies[subset]
    if supply.sequences >= math.ceil(wanted * shares[subset]) or supply.is_used_up(max_visits):
        return {}
    return {subset: Draw(supply.stop, max_visits * WHOLE)}


def settle(
    wanted: int, shares: Shares, supplies: Mapping[str, Supply], max_visits: int
) -> tuple[dict[str, int], Shortage | None]:
    """Returns the number of sequences of each subset, and why they are fewer than wanted.

    Args:
        wanted: sequences asked for.
        shares: of the subsets.
        supplies: after the last draw.
        max_visits: that a subset may be read.
    """
    available = {subset: supply.sequences for subset, supply in supplies.items()}
    total = largest_total(wanted, shares, available)
    counts = apportion(total, shares)
    if total == wanted:
        return counts, None
    used_up = [s for s in shares if supplies[s].is_used_up(max_visits)] or list(shares)
    binding = min(used_up, key=lambda s: (available[s] / shares[s], s))
    return counts, Shortage(wanted, total, binding, supplies[binding], shares[binding])


def part_quotas(target: int, supply: Supply) -> list[list[int]]:
    """Returns how many sequences of a subset are taken of each part, for each visit.

    All sequences of earlier visits come first (sampling without replacement); those of the visit
    that is not needed in full are shared among the parts by what they hold.

    Args:
        target: sequences of the subset; at most `supply.sequences`.
        supply: what its visits gave.
    """
    quotas = []
    for held in supply.sequences_by_visit:
        given = min(target, sum(held))
        shares = {part: Fraction(count, sum(held) or 1) for part, count in enumerate(held)}
        quotas.append(list(apportion(given, shares).values()) if given else [0] * len(held))
        target -= given
    return quotas


def _likely_total(shares: Shares, supplies: Mapping[str, Supply], max_visits: int) -> int:
    """Returns the most sequences that the corpus gives in these shares, in all likelihood."""
    return min(
        math.floor(supplies[subset].likely(max_visits) / share) for subset, share in shares.items()
    )


def _stop_for(supply: Supply, needed: int) -> int:
    """Returns the place to which a subset gives so many sequences, in all likelihood."""
    lacking = (needed - supply.sequences) / max(Fraction(1), supply.per_visit)
    crops = math.ceil(lacking * supply.documents)
    spread = Fraction(_DEVIATIONS * (math.isqrt(crops) + 1), max(1, supply.documents))
    part = max(_SMALLEST_PART, lacking * (1 + _MARGIN) + spread)
    stop = supply.stop + math.ceil(part * WHOLE)
    rest = -stop % WHOLE
    is_whole = supply.documents < _FEW_DOCUMENTS or rest < _SMALLEST_PART * WHOLE
    return stop + rest if is_whole else stop
