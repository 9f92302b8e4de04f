"""What the model says of where its arrays lie: the names of their dimensions, no devices.

`sharding.Layout` takes the names to the axes of a mesh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeAlias, TypeVar

import jax
from flax import nnx

Axes: TypeAlias = Sequence[str | None]
"""The name of each dimension of an array; None for one that is never split."""

ParameterAxes: TypeAlias = Mapping[tuple[str, ...], Axes]
"""Of each parameter, by its path; without the dimension that counts the layers of a stack."""

BRANCH: Final = ("batch", None, None)
"""Activations [B, T, D] that a branch of a block works on: all positions, for all of its heads."""

RESIDUAL: Final = ("batch", "sequence", None)
"""Activations [B, T, D] between the branches."""

ModuleT = TypeVar("ModuleT", bound="nnx.Module | nnx.Variable")


class Placement(Protocol):
    """Puts arrays in their places while the model computes."""

    def pin(self, activations: jax.Array, axes: Axes) -> jax.Array:
        """The same activations, laid out by the names of their dimensions."""
        ...

    def gather(self, module: ModuleT) -> ModuleT:
        """The same module or parameter, its weights as the computation needs them."""
        ...


class _Anywhere:
    """Leaves arrays where they are: on one device, or where the compiler likes them."""

    def pin(self, activations: jax.Array, axes: Axes) -> jax.Array:
        """The activations."""
        del axes
        return activations

    def gather(self, module: ModuleT) -> ModuleT:
        """The module."""
        return module


ANYWHERE: Final[Placement] = _Anywhere()


def axes_of(module: nnx.Module) -> ParameterAxes:
    """What the parameters of a module state of their dimensions.

    Raises:
        ValueError: one of them states nothing.
    """
    axes: dict[tuple[str, ...], Axes] = {}
    for path, parameter in nnx.to_flat_state(nnx.state(module, nnx.Param)):
        if "axes" not in parameter.get_metadata():
            raise ValueError(f"parameter {'/'.join(map(str, path))} names no axes")
        axes[tuple(map(str, path))] = parameter.get_metadata("axes")
    return axes
