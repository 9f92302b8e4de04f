"""A small network and its training in plain numpy: a few minutes on one core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.choice.weights import VECTOR, Floats, Network
from massivetext.pipeline.extraction.training.pages import LabelledPage

_BATCH: Final = 1024
_SCALE_FLOOR: Final = 0.2
"""Our choice: added to a feature's standard deviation, so that rare bits get no huge weights."""


def sigmoid(scores: NDArray[np.floating]) -> Floats:
    """Probability of a score in log-odds."""
    return (1 / (1 + np.exp(-np.clip(scores, -30, 30)))).astype(np.float32)


class Perceptron:
    """Three layers with rectified linear units, trained by Adam."""

    def __init__(self, features: NDArray[Any], units: int, outputs: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        count = features.shape[1]
        self._mean = np.mean(features, 0, dtype=np.float64).astype(np.float32)
        deviation = np.std(features, 0, dtype=np.float64)
        self._scale = (1 / (deviation + _SCALE_FLOOR)).astype(np.float32)
        shapes = ((count, units), (units, outputs), (outputs, 1))
        self._parameters: list[Floats] = []
        for inputs, width in shapes:
            spread = np.sqrt(2 / inputs) if width > 1 else 0.1
            weights = generator.normal(0, spread, (inputs, width))
            self._parameters += [weights.astype(np.float32), np.zeros(width, np.float32)]
        self._first: list[Any] = [np.zeros_like(parameter) for parameter in self._parameters]
        self._second: list[Any] = [np.zeros_like(parameter) for parameter in self._parameters]
        self._steps = 0
        self._generator = generator

    def normal(self, features: NDArray[Any], drop: float = 0.0) -> Floats:
        """Features with mean 0, some of them dropped (set to the mean) at random."""
        scaled = (features - self._mean) * self._scale
        if drop:
            kept = self._generator.random(scaled.shape, dtype=np.float32) > drop
            scaled *= kept / np.float32(1 - drop)
        return np.asarray(scaled, np.float32)

    def forward(self, scaled: Floats) -> tuple[Floats, Floats, Floats]:
        """Values of both hidden layers, and the scores."""
        weights_1, bias_1, weights_2, bias_2, weights_3, bias_3 = self._parameters
        hidden = np.maximum(scaled @ weights_1 + bias_1, 0)
        outputs = np.maximum(hidden @ weights_2 + bias_2, 0)
        return hidden, outputs, (outputs @ weights_3 + bias_3)[:, 0]

    def scores(self, features: NDArray[Any]) -> Floats:
        """Scores of features as they are."""
        return self.forward(self.normal(features))[2]

    def descend(
        self, scaled: Floats, hidden: Floats, outputs: Floats, slope: Floats, rate: float
    ) -> None:
        """One step of Adam; `slope` is the loss's derivative by each score."""
        weights_2, weights_3 = self._parameters[2], self._parameters[4]
        by_score = slope[:, None].astype(np.float32)
        by_outputs = (by_score @ weights_3.T) * (outputs > 0)
        by_hidden = (by_outputs @ weights_2.T) * (hidden > 0)
        gradients = (
            *(scaled.T @ by_hidden, by_hidden.sum(0)),
            *(hidden.T @ by_outputs, by_outputs.sum(0)),
            *(outputs.T @ by_score, by_score.sum(0)),
        )
        self._steps += 1
        for index, gradient in enumerate(gradients):
            gradient = gradient + 1e-5 * self._parameters[index]
            self._first[index] = 0.9 * self._first[index] + 0.1 * gradient
            self._second[index] = 0.999 * self._second[index] + 0.001 * gradient * gradient
            first = self._first[index] / (1 - 0.9**self._steps)
            second = self._second[index] / (1 - 0.999**self._steps)
            step = rate * first / (np.sqrt(second) + 1e-8)
            self._parameters[index] -= step.astype(np.float32)

    def order(self, count: int) -> NDArray[np.int64]:
        """A random order of this many examples."""
        return self._generator.permutation(count)

    def network(self) -> Network:
        """The trained network for features as they are."""
        one, bias_1, *others = (parameter.astype(np.float64) for parameter in self._parameters)
        scaled = one * self._scale[:, None]
        return _network(scaled, bias_1 - self._mean @ scaled, *others)


def _network(*layers: NDArray[Any]) -> Network:
    weights, bias, weights_2, bias_2, weights_3, bias_3 = (
        np.ascontiguousarray(layer, np.float32) for layer in layers
    )
    return Network(weights, bias, weights_2, bias_2, weights_3.reshape(-1), bias_3.reshape(1))


def fit_blocks(
    pages: Sequence[LabelledPage],
    features: Sequence[NDArray[np.int16]],
    *,
    units: int,
    outputs: int,
    epochs: int,
    drop: float,
    seed: int,
) -> Perceptron:
    """Learn each block's label by cross-entropy; a page counts by the root of its size."""
    inputs = np.concatenate(features)
    labels = np.concatenate([page.labels for page in pages])
    weights = np.concatenate(
        [
            share * page.weights / np.sqrt(page.weights.sum())
            for share, page in zip(page_shares(pages), pages, strict=True)
        ]
    )
    weights = np.minimum(weights / weights.mean(), 30)
    perceptron = Perceptron(inputs, units, outputs, seed)

    def slope(batch: NDArray[np.intp], probability: Floats) -> Floats:
        return (probability - labels[batch]) * weights[batch] / len(batch)

    learn(perceptron, inputs, slope, Descent(epochs, 3e-3, _BATCH, drop))
    return perceptron


class Descent(NamedTuple):
    """How a network goes down a slope.

    Attributes:
        epochs: passes over all examples.
        rate: of learning in the first one; it falls to nearly nothing.
        batch: examples a step.
        drop: share of the features that a step does not see.
    """

    epochs: int
    rate: float
    batch: int
    drop: float


def learn(
    perceptron: Perceptron,
    inputs: NDArray[np.integer],
    slope: Callable[[NDArray[np.intp], Floats], Floats],
    descent: Descent,
) -> None:
    """Learns in batches, in an order of the network's own.

    Args:
        perceptron: learns.
        inputs: features of each example.
        slope: of the loss by the scores of some examples, given their numbers and probabilities.
        descent: how.
    """
    for epoch in range(descent.epochs):
        rate = descent.rate * (1 - epoch / descent.epochs) + 1e-4
        order = perceptron.order(len(inputs))
        for start in range(0, len(order), descent.batch):
            batch = order[start : start + descent.batch]
            scaled = perceptron.normal(inputs[batch], descent.drop)
            hidden, values, scores = perceptron.forward(scaled)
            perceptron.descend(scaled, hidden, values, slope(batch, sigmoid(scores)), rate)


def page_shares(pages: Sequence[LabelledPage]) -> Floats:
    """How much each page counts, 1 in the mean: with the root of its set's size.

    Our choice: half-way between a measure in which all pages count alike and one in which all sets
    do, the macro F1; without it, the largest set decides alone what main text is.
    """
    sizes = Counter(page.collection for page in pages)
    shares = np.array([sizes[page.collection] ** -0.5 for page in pages])
    return (shares / shares.mean()).astype(np.float32)


def f1_slope(page: LabelledPage, probability: Floats) -> Floats:
    """Derivative of 1 - (expected token F1 of a page) by the probability of each block."""
    found = page.block_tokens * page.labels
    size = float((page.block_tokens * probability).sum()) + max(
        page.gold_tokens, float(found.sum())
    )
    f1 = 2 * float((found * probability).sum()) / size
    return ((f1 * page.block_tokens - 2 * found) / size).astype(np.float32)


def refine_blocks(
    perceptron: Perceptron,
    pages: Sequence[LabelledPage],
    features: Sequence[NDArray[np.int16]],
    *,
    epochs: int,
    drop: float,
    entropy_share: float = 0.3,
    pages_a_batch: int = 16,
) -> None:
    """Train on with the measure itself: the expected token F1 of whole pages."""
    shares = page_shares(pages)
    for epoch in range(epochs):
        rate = 5e-4 * (1 - epoch / epochs) + 2e-5
        order = perceptron.order(len(pages))
        for start in range(0, len(order), pages_a_batch):
            batch = order[start : start + pages_a_batch]
            scaled = perceptron.normal(np.concatenate([features[i] for i in batch]), drop)
            hidden, values, scores = perceptron.forward(scaled)
            slopes = []
            first = 0
            for index in batch:
                page = pages[index]
                probability = sigmoid(scores[first : first + len(page.labels)])
                first += len(page.labels)
                by_score = f1_slope(page, probability) * probability * (1 - probability)
                entropy = (probability - page.labels) * page.weights / page.weights.sum()
                both = (1 - entropy_share) * by_score + entropy_share / 2 * entropy
                slopes.append(shares[index] * both)
            slope = np.concatenate(slopes) * np.float32(8 / len(batch))
            perceptron.descend(scaled, hidden, values, slope.astype(np.float32), rate)


def fit_pages(
    pages: Sequence[LabelledPage],
    features: NDArray[np.int32],
    block_scores: Sequence[Floats],
    *,
    epochs: int = 30,
    seed: int,
) -> Perceptron:
    """Learn one number a page, to be added to its blocks' scores, by expected token F1."""
    sharpness = 2.0  # our choice: closer to the hard decision than the probability itself
    shares = page_shares(pages)
    perceptron = Perceptron(features, 16, 8, seed)
    for epoch in range(epochs):
        rate = 2e-3 * (1 - epoch / epochs) + 1e-4
        order = perceptron.order(len(pages))
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            scaled = perceptron.normal(features[batch])
            hidden, values, shifts = perceptron.forward(scaled)
            slope = np.empty(len(batch), np.float32)
            for row, index in enumerate(batch):
                probability = sigmoid(sharpness * (block_scores[index] + shifts[row]))
                by_score = sharpness * probability * (1 - probability)
                by_shift = (f1_slope(pages[index], probability) * by_score).sum()
                slope[row] = shares[index] * by_shift
            slope = ((slope + 0.02 * shifts) / len(batch)).astype(np.float32)
            perceptron.descend(scaled, hidden, values, slope, rate)
    return perceptron


def zero_network(features: int) -> Network:
    """A network whose score is 0, whatever the features."""
    shapes = ((features, VECTOR), (VECTOR,), (VECTOR, VECTOR), (VECTOR,), (VECTOR,), (1,))
    return Network(*(np.zeros(shape, np.float32) for shape in shapes))


def joined(networks: Sequence[Network]) -> Network:
    """One network whose score is the mean of several networks' scores."""
    count = len(networks)
    units = sum(len(network.bias) for network in networks)
    outputs = sum(len(network.bias_2) for network in networks)
    middle = np.zeros((units, outputs))
    row = column = 0
    for network in networks:
        height, width = network.weights_2.shape
        middle[row : row + height, column : column + width] = network.weights_2
        row, column = row + height, column + width
    return _network(
        np.concatenate([network.weights for network in networks], 1),
        np.concatenate([network.bias for network in networks]),
        middle,
        np.concatenate([network.bias_2 for network in networks]),
        np.concatenate([network.weights_3 for network in networks]) / count,
        np.sum([network.bias_3 for network in networks], 0) / count,
    )
