from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from flax import nnx
from jax.sharding import PartitionSpec

from massivetext.config import ConfigError
from massivetext.model.configs import TrainConfig, train_config
from massivetext.model.placement import axes_of
from massivetext.model.sharding import MESH_AXES, global_array, local_rows, make_layout
from massivetext.model.step import parameter_axes, state_shardings


def test_every_parameter_has_its_axes(small_run: TrainConfig) -> None:
    shapes = state_shardings(small_run, make_layout())
    axes = parameter_axes(small_run.model)
    paths = [path for path, _ in jax.tree.leaves_with_path(shapes.parameters)]
    assert {tuple(part.key for part in path) for path in paths} == set(axes)
    assert {name for named in axes.values() for name in named} < set(MESH_AXES)


def test_parameter_without_axes_is_refused() -> None:
    class Silent(nnx.Module):
        def __init__(self) -> None:
            self.weight = nnx.Param(jnp.zeros(3))

    with pytest.raises(ValueError, match="weight names no axes"):
        axes_of(Silent())


def test_unknown_axis_is_refused() -> None:
    with pytest.raises(ValueError, match="'depth'"):
        make_layout().stored({"weight": jnp.zeros(3)}, {("weight",): ("depth",)})


def test_gathered_weights_are_split_over_the_model_axis_only() -> None:
    """And their gradients, summed over all devices, as the weights are stored."""
    layout = make_layout(model_parallel=2)

    class Doubled(nnx.Module):
        def __init__(self) -> None:
            self.up = nnx.Param(jnp.ones((8, 6)), axes=("width", "hidden"))

    def total(module: Doubled) -> tuple[jax.Array, jax.Array]:
        gathered = layout.gather(module).up[...]
        return (2 * gathered).sum(), gathered

    stored = layout.stored({"up": Doubled().up[...]}, axes_of(Doubled()))["up"]
    module = jax.device_put(Doubled(), stored)
    (_, gathered), gradient = jax.jit(jax.value_and_grad(total, has_aux=True))(module)
    assert gathered.sharding.spec == PartitionSpec(None, "model")
    assert gradient.up[...].sharding.spec == PartitionSpec("data", "model")
    np.testing.assert_array_equal(gradient.up[...], np.full((8, 6), 2))


def test_state_is_split_over_all_devices() -> None:
    """Of the 280B run on a mesh of 4 x 2, a device holds an eighth, but for gains and biases."""
    shapes = state_shardings(train_config("280B"), make_layout(model_parallel=2))
    leaves = jax.tree.leaves(shapes)
    whole = sum(leaf.size for leaf in leaves)
    on_a_device = sum(int(np.prod(leaf.sharding.shard_shape(leaf.shape))) for leaf in leaves)
    assert on_a_device == pytest.approx(whole / 8, rel=1e-3)


def test_adams_moments_lie_where_their_parameters_lie(small_run: TrainConfig) -> None:
    shapes = state_shardings(small_run, make_layout(model_parallel=2))
    parameters = [leaf.sharding.spec for leaf in jax.tree.leaves(shapes.parameters)]
    moments = [leaf.sharding.spec for leaf in jax.tree.leaves(shapes.optimiser) if leaf.ndim]
    assert moments == parameters * 2
    query = shapes.parameters["blocks"]["attention"]["query"].sharding.spec
    assert query == PartitionSpec(None, "data", "model", None)


STATES = {
    "adafactor": optax.adafactor(1e-3, min_dim_size_to_factor=4, momentum=0.9),
    "lion": optax.lion(1e-3),
    "muon": optax.contrib.muon(1e-3),
    "sgd": optax.sgd(1e-3),
    "sm3": optax.sm3(1e-3),
    "adam and ema": optax.chain(optax.adam(1e-3), optax.ema(0.9)),
}


@pytest.mark.parametrize("name", STATES)
def test_any_optimiser_state_is_laid_out(small_run: TrainConfig, name: str) -> None:
    """Every array can be put where the layout says, and no axis splits two of its dimensions."""
    layout = make_layout(model_parallel=2)
    parameters = state_shardings(small_run, layout).parameters
    state = jax.eval_shape(STATES[name].init, parameters)
    shardings = layout.stored_state(state, parameters, parameter_axes(small_run.model))
    assert jax.tree.structure(shardings) == jax.tree.structure(state)
    jax.jit(STATES[name].init, out_shardings=shardings).eval_shape(parameters)
    for leaf, sharding in zip(jax.tree.leaves(state), jax.tree.leaves(shardings), strict=True):
        sharding.shard_shape(leaf.shape)


def test_factored_moments_are_split_like_the_dimensions_they_keep(small_run: TrainConfig) -> None:
    """Of a parameter [2, 32, 128] split over (None, data, model), a row or column each."""
    layout = make_layout(model_parallel=2)
    parameters = state_shardings(small_run, layout).parameters
    state = jax.eval_shape(STATES["adafactor"].init, parameters)
    factored = layout.stored_state(state, parameters, parameter_axes(small_run.model))[0]
    shapes = state[0]

    def of(tree: Any) -> Any:
        return tree["blocks"]["mlp"]["up"]

    assert of(parameters).sharding.spec == PartitionSpec(None, "data", "model")
    pairs = zip(shapes[1:], factored[1:], strict=True)
    found = {of(tree).shape: of(laid).spec for tree, laid in pairs}
    assert found == {
        (2, 32): PartitionSpec(None, "data"),
        (2, 128): PartitionSpec(None, "model"),
        (1,): PartitionSpec(None),
    }
    assert factored.count.spec == PartitionSpec()


def test_dimension_that_does_not_divide_stays_whole(small_run: TrainConfig) -> None:
    """61 pieces on a model axis of 2."""
    layout = make_layout(model_parallel=2)
    shapes = state_shardings(small_run, layout)
    assert shapes.parameters["embedding"].sharding.spec == PartitionSpec(None, "data")


def test_global_array_is_made_of_local_rows() -> None:
    layout = make_layout(model_parallel=2)
    everything = np.arange(3 * 8 * 5).reshape(3, 8, 5)
    rows = local_rows(layout.batch, (3, 8, 5))
    np.testing.assert_array_equal(rows, np.arange(8))
    made = global_array(everything[:, rows], rows, layout.batch, (3, 8, 5))
    np.testing.assert_array_equal(made, everything)
    assert made.sharding.shard_shape(made.shape) == (3, 2, 5)


@pytest.mark.parametrize(("model_parallel", "data_parallel"), [(3, 3), (16, None), (0, 1), (1, 9)])
def test_mesh_that_the_devices_cannot_fill_is_refused(
    model_parallel: int, data_parallel: int | None
) -> None:
    with pytest.raises(ConfigError, match="mesh"):
        make_layout(model_parallel, data_parallel)
