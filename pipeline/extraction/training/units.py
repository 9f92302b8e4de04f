"""The decision on units: what each is worth to its page, and how that is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.choice.choose import Choice
from massivetext.pipeline.extraction.choice.score import unit_matrix
from massivetext.pipeline.extraction.choice.weights import Floats
from massivetext.pipeline.extraction.training.network import Descent, Perceptron, learn, page_shares
from massivetext.pipeline.extraction.training.pages import SHINGLE, LabelledPage

_UNITS: Final = 16
_OUTPUTS: Final = 8
_DESCENT: Final = Descent(epochs=8, rate=1e-3, batch=256, drop=0.3)
_GAIN_SHARE: Final = 30.0
_LABEL_SHARE: Final = 0.06
"""Our choice: a unit counts by what it adds to the token F1 of its page; beside that, a little by
its size, so that those count of which the words stand elsewhere on the page, too."""


class UnitExamples(NamedTuple):
    """The units of a page as examples, one row or number a unit."""

    features: NDArray[np.int32]
    gains: Floats
    """Token F1 of the page with the unit, minus that without it, all else as its scores say."""
    labels: Floats
    """Share of the unit that stands in the gold text."""
    sizes: NDArray[np.int64]
    """Tokens."""


def unit_examples(page: LabelledPage, choice: Choice) -> UnitExamples:
    """What there is to learn from the units of a page, given what became of its blocks."""
    features = unit_matrix(page.tree, choice.scores)
    order = np.argsort(choice.units, kind="stable")
    ends = np.searchsorted(choice.units[order], np.arange(len(features) + 1))
    gold_shingles = np.unique(_shingles(page.gold_numbers, len(page.gold_counts)))
    starts = np.concatenate([[0], np.cumsum(page.block_tokens)])
    gains, labels = np.zeros((2, len(features)), np.float32)
    sizes = np.zeros(len(features), np.int64)
    keep = choice.scores[1] > 0
    for unit in range(len(features)):
        blocks = order[ends[unit] : ends[unit + 1]]
        if not len(blocks):
            continue
        with_unit, without = keep.copy(), keep.copy()
        with_unit[blocks] = True
        without[blocks] = False
        gains[unit] = page.token_f1(with_unit) - page.token_f1(without)
        sizes[unit] = page.block_tokens[blocks].sum()
        if blocks[-1] - blocks[0] + 1 == len(blocks):  # cells are too short to be found alone
            numbers = page.token_numbers[starts[blocks[0]] : starts[blocks[-1] + 1]]
            labels[unit] = _share_found(numbers, gold_shingles, len(page.gold_counts))
        else:
            found = page.block_tokens[blocks] * page.labels[blocks]
            labels[unit] = found.sum() / max(sizes[unit], 1)
    return UnitExamples(features, gains, labels, sizes)


def _share_found(numbers: NDArray[np.int32], gold_shingles: NDArray[np.int64], base: int) -> float:
    """Share of the shingles of some tokens that stand in the gold text."""
    shingles = _shingles(numbers, base)
    if len(shingles):
        return float(np.isin(shingles, gold_shingles).mean())
    return 0.5 * bool(len(numbers) and (numbers >= 0).all())


def _shingles(numbers: NDArray[np.int32], base: int) -> NDArray[np.int64]:
    """A number for each run of `SHINGLE` tokens, negative if one of them has no number."""
    runs = len(numbers) - SHINGLE + 1
    if runs <= 0:
        return np.empty(0, np.int64)
    parts = [numbers[offset : offset + runs].astype(np.int64) for offset in range(SHINGLE)]
    shingles = np.zeros(runs, np.int64)
    for part in parts:
        shingles = shingles * base + part
    return np.where(np.min(parts, 0) < 0, -1, shingles)


def fit_units(
    pages: Sequence[LabelledPage], examples: Sequence[UnitExamples], *, seed: int
) -> Perceptron:
    """Learn whether a unit is main text, by what it is worth to its page."""
    shares = np.repeat(page_shares(pages), [len(own.sizes) for own in examples])
    features = np.concatenate([own.features for own in examples])
    gains = np.concatenate([own.gains for own in examples])
    labels = np.concatenate([own.labels for own in examples])
    sizes = np.concatenate([own.sizes for own in examples])
    by_gain = _GAIN_SHARE * shares * np.abs(gains)
    by_label = _LABEL_SHARE * shares * np.sqrt(np.clip(sizes, 0, 200))
    perceptron = Perceptron(features, _UNITS, _OUTPUTS, seed)

    def slope(batch: NDArray[np.intp], probability: Floats) -> Floats:
        both = by_gain[batch] * (probability - (gains[batch] > 0))
        both += by_label[batch] * (probability - labels[batch])
        return (both / len(batch)).astype(np.float32)

    learn(perceptron, features, slope, _DESCENT)
    return perceptron
