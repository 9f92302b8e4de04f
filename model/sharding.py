"""Where arrays live: a data x model mesh, with parameters and optimiser state split over both axes.

Two layouts of the parameters. *Stored*: split over the data and the model axis, so that each device
keeps its share of the float32 master copy and of Adam's moments (optimiser state partitioning,
section 3; ZeRO). *Computed*: the forward copy, split over the model axis only. XLA inserts the
gathers between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from massivetext.config import ConfigError

DATA: Final = "data"
MODEL: Final = "model"

STORED_AXES: Final[dict[str, tuple[str | None, ...]]] = {
    "embedding": (MODEL, DATA),
    "query": (DATA, MODEL, None),
    "key": (DATA, MODEL, None),
    "value": (DATA, MODEL, None),
    "position": (DATA, MODEL, None),
    "output": (MODEL, None, DATA),
    "content_bias": (MODEL, None),
    "position_bias": (MODEL, None),
    "up": (DATA, MODEL),
    "down": (MODEL, DATA),
    "gain": (None,),
}
"""Mesh axis of every dimension of a parameter, by its name: heads and the MLP's hidden units go to
the model axis, d_model to the data axis. A stack of layers has one more dimension in front.
"""


@dataclass(frozen=True)
class Layout:
    """A mesh and the shardings on it."""

    mesh: Mesh

    def stored(self, tree: Any) -> Any:
        """Shardings of parameters, or of optimiser state that mirrors them (by leaf names)."""
        return jax.tree.map_with_path(lambda path, leaf: self._of(path, leaf, True), tree)

    def computed(self, tree: Any) -> Any:
        """Shardings of the forward copy of parameters."""
        return jax.tree.map_with_path(lambda path, leaf: self._of(path, leaf, False), tree)

    @property
    def batch(self) -> NamedSharding:
        """Token ids [A, B, T]: microbatches, windows, positions."""
        return NamedSharding(self.mesh, PartitionSpec(None, DATA, None))

    def constrain_activations(self, x_BxTxD: jax.Array) -> jax.Array:
        """Pins activations to the data axis by window."""
        sharding = NamedSharding(self.mesh, PartitionSpec(DATA, None, None))
        return jax.lax.with_sharding_constraint(x_BxTxD, sharding)

    def _of(self, path: tuple[Any, ...], leaf: Any, stored: bool) -> NamedSharding:
        """A dimension that its mesh axis does not divide stays whole."""
        axes = STORED_AXES.get(getattr(path[-1], "key", ""), ()) if path else ()
        kept = [axis if stored or axis == MODEL else None for axis in axes]
        padded = [None] * (len(leaf.shape) - len(kept)) + kept
        divided = [
            axis if axis and size % self.mesh.shape[axis] == 0 else None
            for axis, size in zip(padded, leaf.shape, strict=True)
        ]
        return NamedSharding(self.mesh, PartitionSpec(*divided))


def make_layout(model_parallel: int = 1, data_parallel: int | None = None) -> Layout:
    """A mesh of data_parallel x model_parallel devices; by default over all there are.

    Raises:
        ConfigError: the devices do not fill such a mesh.
    """
    devices = jax.device_count()
    data = devices // model_parallel if data_parallel is None else data_parallel
    if data < 1 or model_parallel < 1 or data * model_parallel > devices:
        raise ConfigError(
            f"mesh of {data} x {model_parallel} (data x model) needs {data * model_parallel} "
            f"devices, there are {devices}: choose a mesh that fits"
        )
    mesh = jax.make_mesh(
        (data, model_parallel),
        (DATA, MODEL),
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
