"""The learned weights of the choice: a small data file, and how real numbers become integers."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.score import HIDDEN_BITS, WEIGHT_LIMIT
from massivetext.pipeline.extraction.second_features import SCORE_UNIT

WEIGHTS_FILE: Final = "weights.npz"


class Network(NamedTuple):
    """A trained network in real numbers, for features as they are (no scaling left to do).

    Three layers with rectified linear units: features -> units -> outputs -> score (log-odds).
    """

    weights: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    """Shapes (features, units), (units, outputs), (outputs)."""
    bias: tuple[NDArray[np.float64], NDArray[np.float64], float]


class Weights(NamedTuple):
    """The weights of two stages and a page-level decision, as `score_blocks` takes them.

    `shifts` says by how many bits the sums of each layer are scaled.
    """

    first_weights: NDArray[np.int16]
    """Shape (first features, 2 x units): what both stages make of the first features."""
    first_bias: NDArray[np.int32]
    """Shape (2 x units)."""
    second_weights: NDArray[np.int16]
    """Shape (second features, units)."""
    weights_2: NDArray[np.int16]
    """Shape (2, units, outputs)."""
    bias_2: NDArray[np.int32]
    """Shape (2, outputs)."""
    weights_3: NDArray[np.int16]
    """Shape (2, outputs)."""
    bias_3: NDArray[np.int32]
    """Shape (2)."""
    shifts: NDArray[np.int64]
    """Shape (2, 3)."""
    page_weights: NDArray[np.int16]
    page_bias: NDArray[np.int32]
    page_weights_2: NDArray[np.int16]
    page_bias_2: NDArray[np.int32]
    page_weights_3: NDArray[np.int16]
    page_bias_3: np.int32
    page_shifts: NDArray[np.int64]


class _Integers(NamedTuple):
    """One network in integers."""

    weights: NDArray[np.int16]
    bias: NDArray[np.int32]
    weights_2: NDArray[np.int16]
    bias_2: NDArray[np.int32]
    weights_3: NDArray[np.int16]
    bias_3: np.int32
    shifts: NDArray[np.int64]


def _integers(network: Network) -> _Integers:
    """A network with weights of 16 bits, each layer with as many fraction bits as fit."""
    layers, biases, bits = [], [], []
    for layer, weights in enumerate(network.weights):
        bias = np.asarray(network.bias[layer])
        largest = float(np.abs(weights).max(initial=2.0**-12))
        fraction = int(np.floor(np.log2(WEIGHT_LIMIT / largest)))
        layers.append(np.rint(np.ldexp(weights, fraction)).astype(np.int16))
        scaled = np.ldexp(bias, fraction + (HIDDEN_BITS if layer else 0))
        biases.append(np.rint(scaled).astype(np.int32))
        bits.append(fraction)
    unit_bits = int(np.log2(SCORE_UNIT))
    shifts = np.array([bits[0] - HIDDEN_BITS, bits[1], bits[2] + HIDDEN_BITS - unit_bits], np.int64)
    return _Integers(
        layers[0], biases[0], layers[1], biases[1], layers[2], np.int32(biases[2]), shifts
    )


def quantised(first: Network, second: Network, page: Network) -> Weights:
    """All networks in integers; the second stage's inputs begin with the first stage's."""
    one, two, three = _integers(first), _integers(second), _integers(page)
    features = len(one.weights)
    return Weights(
        np.concatenate([one.weights, two.weights[:features]], 1),
        np.concatenate([one.bias, two.bias]),
        two.weights[features:].copy(),
        np.stack([one.weights_2, two.weights_2]),
        np.stack([one.bias_2, two.bias_2]),
        np.stack([one.weights_3, two.weights_3]),
        np.array([one.bias_3, two.bias_3]),
        np.stack([one.shifts, two.shifts]),
        *three,
    )


def save_weights(path: str, weights: Weights) -> None:
    """Write the data file of the weights."""
    arrays: dict[str, Any] = weights._asdict()
    np.savez_compressed(path, **arrays)


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights that come with the package."""
    source = resources.files("massivetext.pipeline.extraction").joinpath(WEIGHTS_FILE)
    with resources.as_file(source) as path:
        return read_weights(str(path))


def read_weights(path: str) -> Weights:
    """The weights of a data file."""
    with np.load(path, allow_pickle=False) as arrays:
        return Weights(*(arrays[name][()] for name in Weights._fields))
