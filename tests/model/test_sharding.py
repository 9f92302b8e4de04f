from __future__ import annotations

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from massivetext.config import ConfigError
from massivetext.model.configs import TrainConfig, train_config
from massivetext.model.sharding import STORED_AXES, global_array, local_rows, make_layout
from massivetext.model.step import state_shardings


def test_every_parameter_has_its_axes(small_run: TrainConfig) -> None:
    shapes = state_shardings(small_run, make_layout())
    names = {path[-1].key for path, _ in jax.tree.leaves_with_path(shapes.parameters)}
    assert names == set(STORED_AXES)


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


def test_dimension_that_does_not_divide_stays_whole(small_run: TrainConfig) -> None:
    """61 pieces on a model axis of 2."""
    layout = make_layout(model_parallel=2)
    shapes = state_shardings(small_run, layout)
    assert shapes.parameters["embedding"].sharding.spec == PartitionSpec(None, "data")
    computed = layout.computed(shapes.parameters)
    assert computed["embedding"].spec == PartitionSpec(None, None)


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
