"""How many sequences of each subset: named weights, exact shares, and what a corpus can supply.

Weights are shares of sequences, hence of tokens (A.1.2), never of documents or bytes. All
arithmetic is exact: fractions in, integers out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeVar

_Name = TypeVar("_Name", str, int)

Shares = Mapping[str, Fraction]
"""Subset -> share of the sequences; sums to one."""

NAMED_WEIGHTS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        # Gopher, arXiv 2112.11446, Table 2
        "gopher": {
            "massiveweb": 48,
            "books": 27,
            "c4": 10,
            "news": 10,
            "github": 3,
            "wikipedia": 2,
        },
        # Chinchilla, arXiv 2203.15556
        "chinchilla": {
            "massiveweb": 45,
            "books": 30,
            "c4": 10,
            "news": 10,
            "github": 4,
            "wikipedia": 1,
        },
        # RETRO, arXiv 2112.04426: no C4
        "retro": {"massiveweb": 55, "books": 25, "news": 10, "github": 5, "wikipedia": 5},
    }
)
"""Published mixtures, in per cent."""


@dataclass(frozen=True)
class Mixture:
    """What was asked and what is given to the subsets that are there.

    Attributes:
        asked: weight of every subset that the configuration names, as a share of all weights.
        given: share of every subset that is there and has a weight.
        warnings: a sentence for everything that is not as asked.
    """

    asked: Shares
    given: Shares
    warnings: tuple[str, ...]


def make_mixture(weights: str | Mapping[str, float], present: Iterable[str]) -> Mixture:
    """Returns the shares of the subsets that are there; the weights of absent ones are shared out.

    Args:
        weights: the name of a published mixture, or a weight for each subset.
        present: subsets that can supply sequences.

    Raises:
        ValueError: if the name is unknown, a weight is negative, or no subset has a weight.
    """
    asked = _asked(weights)
    there = sorted(set(present))
    weighted = {subset: asked[subset] for subset in there if asked.get(subset)}
    total = sum(weighted.values())
    if not total:
        raise ValueError(
            f"no subset of the corpus ({_listed(there)}) has a weight; weights are given to "
            f"{_listed(s for s in asked if asked[s])}: rename the subsets, or set "
            "sequence.weights to { subset = weight, ... }"
        )
    given = {subset: weight / total for subset, weight in weighted.items()}
    return Mixture(asked, given, tuple(_remarks(asked, given, there)))


def apportion(total: int, shares: Mapping[_Name, Fraction]) -> dict[_Name, int]:
    """Returns integers that sum to `total`, by the largest remainder; the first name wins a tie.

    Args:
        total: how many sequences in all.
        shares: non-negative fractions that sum to one.
    """
    quotas = {name: total * share for name, share in shares.items()}
    counts = {name: quota.numerator // quota.denominator for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: (counts[name] - quotas[name], name))
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def largest_total(wanted: int, shares: Shares, available: Mapping[str, int]) -> int:
    """Returns `wanted`, or the largest total of which no subset's exact share exceeds what it has.

    Apportioned counts are then available, too: a share of at most a (an integer) is rounded to at
    most a. Counts that happen to be available by their rounding do not count, so that the total
    never falls when more is wanted.
    """
    return min(
        wanted,
        *(available[name] * share.denominator // share.numerator for name, share in shares.items()),
    )


def _asked(weights: str | Mapping[str, float]) -> dict[str, Fraction]:
    if isinstance(weights, str):
        if weights not in NAMED_WEIGHTS:
            raise ValueError(
                f"sequence.weights = {weights!r}: expected one of {_listed(NAMED_WEIGHTS)}, "
                "or { subset = weight, ... }"
            )
        weights = NAMED_WEIGHTS[weights]
    # Through the shortest decimal: 0.1 means one tenth, not the binary number next to it.
    asked = {name: Fraction(str(weight)) for name, weight in sorted(weights.items())}
    negative = [name for name, weight in asked.items() if weight < 0]
    if negative:
        raise ValueError(f"sequence.weights: {negative[0]} is negative; weights are shares >= 0")
    total = sum(asked.values())
    return {name: weight / total for name, weight in asked.items()} if total else asked


def _remarks(asked: Shares, given: Shares, there: list[str]) -> Iterable[str]:
    absent = [subset for subset in asked if asked[subset] and subset not in given]
    if absent:
        shared = ", ".join(f"{name} {float(given[name]):.2%}" for name in given)
        yield f"no sequences from {_listed(absent)}: their weights are shared out, giving {shared}"
    weightless = [subset for subset in there if subset not in given]
    if weightless:
        yield (
            f"{_listed(weightless)} has no weight in sequence.weights: "
            "its documents give no sequences"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
