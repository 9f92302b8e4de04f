"""Where arrays live: a data x model mesh, with parameters and optimiser state split over both axes.

Parameters and activations name their dimensions ("heads", "hidden"); `MESH_AXES` says where each
name goes. Two layouts of the parameters. *Stored*: split over the data and the model axis, so that
each device keeps its share of the float32 master copy and of the moments (optimiser state
partitioning, section 3; ZeRO). *Gathered*: split over the model axis only, for one layer at a time,
while it computes (`Layout.gather`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import jax
import numpy as np
import optax
from flax import nnx
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec
from jax.tree_util import KeyPath

from massivetext.config import ConfigError
from massivetext.model.parameters import Parameters
from massivetext.model.placement import Axes, ModuleT, ParameterAxes

DATA_AXIS: Final = "data"
MODEL_AXIS: Final = "model"

MESH_AXES: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "vocabulary": MODEL_AXIS,
        "heads": MODEL_AXIS,
        "hidden": MODEL_AXIS,
        "width": DATA_AXIS,
        "key": None,
        "gain": None,
        "batch": DATA_AXIS,
        "sequence": MODEL_AXIS,
    }
)
"""Name of a dimension -> mesh axis. The first six are of parameters: heads and the MLP's hidden
units go to the model axis, d_model to the data axis. The last two are of activations: between the
branches of a block the model axis splits positions (Korthikanti et al. 2022), because what the
backward pass needs of 80 layers would not fit a chip otherwise.
"""

Shardings: TypeAlias = "Mapping[str, NamedSharding | Shardings]"
"""A tree like the parameters'."""


@dataclass(frozen=True)
class Layout:
    """A mesh and the shardings on it."""

    mesh: Mesh | AbstractMesh

    def stored(self, parameters: Parameters, axes: ParameterAxes) -> Shardings:
        """Shardings of parameters, or of gradients, between steps."""
        return jax.tree.map_with_path(
            lambda path, leaf: self._sharding(_stacked(axes[_names(path)], leaf.ndim), leaf.shape),
            parameters,
        )

    def stored_state(
        self, state: optax.OptState, parameters: Parameters, axes: ParameterAxes
    ) -> optax.OptState:
        """Shardings of any optimiser's state.

        An array that belongs to a parameter, because its path ends with the parameter's, is split
        like it. If their shapes differ (factored moments), dimensions of the same size are. What
        belongs to no parameter lies on every device.

        Args:
            state: arrays or their shapes, as optax arranges them.
            parameters: that the optimiser was initialised with, or their shapes.
            axes: the names of their dimensions.
        """
        shapes = {path: leaf.shape for path, leaf in jax.tree.leaves_with_path(parameters)}

        def of(path: KeyPath, leaf: jax.Array) -> NamedSharding:
            endings = (path[start:] for start in range(len(path)))
            parameter = next((ending for ending in endings if ending in shapes), None)
            if parameter is None:
                return self.replicated
            shape = shapes[parameter]
            named = _stacked(axes[_names(parameter)], len(shape))
            return self._sharding(_matched(named, shape, leaf.shape), leaf.shape)

        return jax.tree.map_with_path(of, state)

    @property
    def replicated(self) -> NamedSharding:
        """The whole array on every device."""
        return self._sharding((), ())

    @property
    def batch(self) -> NamedSharding:
        """Token ids [A, B, T]: microbatches, windows, positions."""
        return NamedSharding(self.mesh, PartitionSpec(None, DATA_AXIS, None))

    def pin(self, activations: jax.Array, axes: Axes) -> jax.Array:
        """Says where activations lie, and in the backward pass their gradients."""
        sharding = self._sharding(axes, activations.shape)
        return jax.lax.with_sharding_constraint(activations, sharding)

    def gather(self, module: ModuleT) -> ModuleT:
        """The module with its weights whole but for the model axis.

        Gradients go the other way: they are summed where the weights are stored, so that no device
        ever holds a sum over all of them.
        """
        return jax.tree.map(
            lambda weight: weight.replace(self._gathered(weight[...], weight.get_metadata("axes"))),
            module,
            is_leaf=lambda node: isinstance(node, nnx.Variable),
        )

    def _gathered(self, weight: jax.Array, axes: Axes) -> jax.Array:
        stored = self._sharding(axes, weight.shape)
        split = [axis if axis and MESH_AXES[axis] == MODEL_AXIS else None for axis in axes]
        whole = self._sharding(split, weight.shape)

        @jax.custom_vjp
        def gather(weight: jax.Array) -> jax.Array:
            return jax.lax.with_sharding_constraint(weight, whole)

        def backward(_: None, gradient: jax.Array) -> tuple[jax.Array]:
            return (jax.lax.with_sharding_constraint(gradient, stored),)

        gather.defvjp(lambda weight: (gather(weight), None), backward)
        return gather(weight)

    def _sharding(self, axes: Axes, shape: tuple[int, ...]) -> NamedSharding:
        """Of an array whose dimensions have these names; one that does not divide stays whole.

        Raises:
            ValueError: a name that `MESH_AXES` does not have.
        """
        if unknown := set(axes) - {None, *MESH_AXES}:
            names = ", ".join(MESH_AXES)
            raise ValueError(f"axes {unknown} of an array: expected names among {names}")
        mesh_axes = [MESH_AXES[name] if name else None for name in axes]
        return NamedSharding(
            self.mesh,
            PartitionSpec(
                *(
                    axis if axis and size % self.mesh.shape[axis] == 0 else None
                    for axis, size in zip(mesh_axes, shape, strict=True)
                )
            ),
        )


def _names(path: KeyPath) -> tuple[str, ...]:
    """A path in a tree of dictionaries as the keys on it."""
    return tuple(getattr(part, "key", "") for part in path)


def _stacked(axes: Axes, dimensions: int) -> Axes:
    """Names of the dimensions of a stack of arrays, whose first one counts the layers."""
    return (*(None,) * (dimensions - len(axes)), *axes)


def _matched(axes: Axes, parameter: tuple[int, ...], shape: tuple[int, ...]) -> Axes:
    """Names of an array's dimensions: those of the parameter's of the same size, in order."""
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
