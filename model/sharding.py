"""Where arrays live: a data x model mesh, with parameters and optimiser state split over both axes.

Two layouts of the parameters. *Stored*: split over the data and the model axis, so that each device
keeps its share of the float32 master copy and of the moments (optimiser state partitioning,
section 3; ZeRO). *Computed*: the forward copy, split over the model axis only. XLA inserts the
gathers between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import jax
import numpy as np
import optax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jax.tree_util import KeyPath

from massivetext.config import ConfigError
from massivetext.model.parameters import Parameters

DATA_AXIS: Final = "data"
MODEL_AXIS: Final = "model"

STORED_AXES: Final[dict[str, tuple[str | None, ...]]] = {
    "embedding": (MODEL_AXIS, DATA_AXIS),
    "query": (DATA_AXIS, MODEL_AXIS, None),
    "key": (DATA_AXIS, MODEL_AXIS, None),
    "value": (DATA_AXIS, MODEL_AXIS, None),
    "position": (DATA_AXIS, MODEL_AXIS, None),
    "output": (MODEL_AXIS, None, DATA_AXIS),
    "content_bias": (MODEL_AXIS, None),
    "position_bias": (MODEL_AXIS, None),
    "up": (DATA_AXIS, MODEL_AXIS),
    "down": (MODEL_AXIS, DATA_AXIS),
    "gain": (None,),
}
"""Mesh axis of every dimension of a parameter, by its name: heads and the MLP's hidden units go to
the model axis, d_model to the data axis. A stack of layers has one more dimension in front.
"""


Axes = Sequence[str | None]
"""The mesh axis of each dimension of an array, None for one that is not split."""

Shardings: TypeAlias = "Mapping[str, NamedSharding | Shardings]"
"""A tree like the parameters'."""


@dataclass(frozen=True)
class Layout:
    """A mesh and the shardings on it."""

    mesh: Mesh

    def stored(self, parameters: Parameters) -> Shardings:
        """Shardings of parameters, or of gradients, between steps."""
        return jax.tree.map_with_path(
            lambda path, leaf: self._sharding(self._axes(path, leaf.shape)), parameters
        )

    def computed(self, parameters: Parameters) -> Shardings:
        """Shardings of the forward copy of parameters."""

        def of(path: KeyPath, leaf: jax.Array) -> NamedSharding:
            axes = self._axes(path, leaf.shape)
            return self._sharding([axis if axis == MODEL_AXIS else None for axis in axes])

        return jax.tree.map_with_path(of, parameters)

    def stored_state(self, state: optax.OptState, parameters: Parameters) -> optax.OptState:
        """Shardings of any optimiser's state.

        An array that belongs to a parameter, because its path ends with the parameter's, is split
        like it. If their shapes differ (factored moments), dimensions of the same size are. What
        belongs to no parameter lies on every device.

        Args:
            state: arrays or their shapes, as optax arranges them.
            parameters: that the optimiser was initialised with, or their shapes.
        """
        shapes = {path: leaf.shape for path, leaf in jax.tree.leaves_with_path(parameters)}

        def of(path: KeyPath, leaf: jax.Array) -> NamedSharding:
            endings = (path[start:] for start in range(len(path)))
            parameter = next((ending for ending in endings if ending in shapes), None)
            if parameter is None:
                return self.replicated
            shape = shapes[parameter]
            return self._sharding(_matched(self._axes(parameter, shape), shape, leaf.shape))

        return jax.tree.map_with_path(of, state)

    @property
    def replicated(self) -> NamedSharding:
        """The whole array on every device."""
        return self._sharding([])

    @property
    def batch(self) -> NamedSharding:
        """Token ids [A, B, T]: microbatches, windows, positions."""
        return NamedSharding(self.mesh, PartitionSpec(None, DATA_AXIS, None))

    def constrain_activations(self, x_BxTxD: jax.Array) -> jax.Array:
        """Pins activations to the data axis by window."""
        sharding = NamedSharding(self.mesh, PartitionSpec(DATA_AXIS, None, None))
        return jax.lax.with_sharding_constraint(x_BxTxD, sharding)

    def _axes(self, path: KeyPath, shape: tuple[int, ...]) -> Axes:
        """Mesh axes of a parameter's dimensions; one that its axis does not divide stays whole."""
        named = STORED_AXES.get(getattr(path[-1], "key", ""), ())
        padded = [None] * (len(shape) - len(named)) + list(named)
        return [
            axis if axis and size % self.mesh.shape[axis] == 0 else None
            for axis, size in zip(padded, shape, strict=True)
        ]

    def _sharding(self, axes: Axes) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(*axes))


def _matched(axes: Axes, parameter: tuple[int, ...], shape: tuple[int, ...]) -> Axes:
    """Mesh axes of an array's dimensions: those of the parameter's of the same size, in order."""
    matched: list[str | None] = []
    place = 0
    for size in shape:
        found = next((p for p in range(place, len(parameter)) if parameter[p] == size), None)
        matched.append(None if found is None else axes[found])
        place = place if found is None else found + 1
    return matched


def make_layout(model_parallel: int = 1, data_parallel: int | None = None) -> Layout:
    """A mesh of data_parallel x model_parallel devices; by default over all there are.

    Raises:
        ConfigError: the devices do not fill such a mesh.
    """
    devices = jax.device_count()
    if model_parallel < 1 or (data_parallel is None and devices % model_parallel):
        raise ConfigError(
            f"mesh with a model axis of {model_parallel}: it must divide the devices, of which "
            f"there are {devices}"
        )
    data = devices // model_parallel if data_parallel is None else data_parallel
    if data < 1 or data * model_parallel > devices:
        raise ConfigError(
            f"mesh of {data} x {model_parallel} (data x model) needs {data * model_parallel} "
            f"devices, there are {devices}: choose a mesh that fits"
        )
    mesh = jax.make_mesh(
        (data, model_parallel),
        (DATA_AXIS, MODEL_AXIS),
        axis_types=(AxisType.Auto, AxisType.Auto),
        devices=jax.devices()[: data * model_parallel],
    )
    return Layout(mesh)


def local_rows(sharding: NamedSharding, shape: tuple[int, int, int]) -> np.ndarray:
    """Rows of dimension 1 of a global [A, B, T] array that this host's devices hold, ascending."""
    slices = sharding.addressable_devices_indices_map(shape).values()
    rows = {row for index in slices for row in range(shape[1])[index[1]]}  # type: ignore[index]
    return np.array(sorted(rows), np.int64)


def global_array(
    local_AxLxT: np.ndarray, rows: np.ndarray, sharding: NamedSharding, shape: tuple[int, int, int]
) -> jax.Array:
    """The global [A, B, T] array of which this host holds the given rows."""

    def part(index: tuple[slice, ...] | None) -> np.ndarray:
        assert index is not None  # JAX passes None for shapes without dimensions only
        wanted = np.arange(shape[1])[index[1]]
        return local_AxLxT[:, np.searchsorted(rows, wanted)]

    return jax.make_array_from_callback(shape, sharding, part)
