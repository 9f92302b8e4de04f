"""The learned weights of the choice: four small networks in one data file."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

WEIGHTS_FILE: Final = "weights.npz"

VECTOR: Final = 8
"""Layers have so many units, or a multiple. Our choice: what most processors hold in a register."""

Floats = NDArray[np.float32]


class Network(NamedTuple):
    """Three layers with rectified linear units: features -> units -> outputs -> score (log-odds).

    Features come as they are: no scaling is left to do.
    """

    weights: Floats
    """Shape (features, units)."""
    bias: Floats
    weights_2: Floats
    """Shape (units, outputs)."""
    bias_2: Floats
    weights_3: Floats
    """Shape (outputs)."""
    bias_3: Floats
    """Shape (1)."""


class Weights(NamedTuple):
    """The networks of both stages, and of the decisions on the page and on units."""

    first: Network
    second: Network
    """Its features begin with those of the first stage."""
    page: Network
    unit: Network
    shared: Floats
    """Shape (first features, units of both stages): what both make of the first features, side by
    side."""


NETWORK_TYPE: Final[Any] = types.NamedTuple(
    [
        *(types.float32[:, ::1], types.float32[::1], types.float32[:, ::1]),
        *(types.float32[::1], types.float32[::1], types.float32[::1]),
    ],
    Network,
)
WEIGHTS_TYPE: Final[Any] = types.NamedTuple(
    [NETWORK_TYPE, NETWORK_TYPE, NETWORK_TYPE, NETWORK_TYPE, types.float32[:, ::1]], Weights
)
"""The type of `Weights` in the signatures of kernels."""


NETWORKS: Final = ("first", "second", "page", "unit")


def weights_of(first: Network, second: Network, page: Network, unit: Network) -> Weights:
    """The weights of four networks; raises `ValueError` if their layers do not fit vectors."""
    for network in (first, second, page, unit):
        if len(network.bias) % VECTOR or len(network.bias_2) % VECTOR:
            raise ValueError(f"layers have multiples of {VECTOR} units")
    features = len(first.weights)
    return Weights(
        first,
        second,
        page,
        unit,
        np.concatenate([first.weights, second.weights[:features]], 1),
    )


def save_weights(path: str, weights: Weights) -> None:
    """Write the data file of the weights."""
    arrays: dict[str, Any] = {
        f"{name}_{layer}": array
        for name in NETWORKS
        for layer, array in getattr(weights, name)._asdict().items()
    }
    np.savez_compressed(path, **arrays)


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights that come with the package."""
    source = resources.files("massivetext.pipeline.extraction.choice").joinpath(WEIGHTS_FILE)
    with resources.as_file(source) as path:
        return read_weights(str(path))


def read_weights(path: str) -> Weights:
    """The weights of a data file."""
    with np.load(path, allow_pickle=False) as arrays:
        return weights_of(
            *(
                Network(*(arrays[f"{name}_{layer}"] for layer in Network._fields))
                for name in NETWORKS
            )
        )
