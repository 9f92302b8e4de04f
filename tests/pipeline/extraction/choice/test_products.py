import numpy as np
import pytest
from numpy.typing import NDArray

from massivetext.kernels import kernel
from massivetext.pipeline.extraction.choice.features import FeatureRow
from massivetext.pipeline.extraction.choice.products import add_products
from massivetext.pipeline.extraction.choice.weights import VECTOR


@kernel("void(int64[::1], float32[::1], int64, float32[:, ::1], float32[::1])")
def _add(
    columns: NDArray[np.int64],
    values: NDArray[np.float32],
    count: int,
    weights: NDArray[np.float32],
    units: NDArray[np.float32],
) -> None:
    add_products(FeatureRow(columns, values), count, weights, units)


@pytest.mark.parametrize("vectors", range(8))
@pytest.mark.parametrize("count", [0, 1, 17])
def test_sums_are_those_of_a_loop_in_the_order_of_the_row(vectors: int, count: int) -> None:
    random = np.random.default_rng(vectors)
    columns = random.integers(0, 30, count + 1)
    values = (random.standard_normal(count + 1) * 1e3).astype(np.float32)
    weights = random.standard_normal((30, VECTOR * vectors)).astype(np.float32)
    units = random.standard_normal(VECTOR * vectors).astype(np.float32)
    expected = units.copy()
    for column, value in zip(columns[:count], values[:count], strict=True):
        expected += value * weights[column]  # rounded after each operation
    _add(columns, values, count, weights, units)
    assert units.tobytes() == expected.tobytes()
