"""The integer logarithm of the features (compiled)."""

from __future__ import annotations

from typing import Any

import numpy as np

from massivetext.kernels import inlined


@inlined
def log8(value: Any) -> Any:
    """8 log2(1 + value), piecewise linear, for value from 0 to 2**52.

    A double's exponent and the first three bits of its fraction are just that.
    """
    return (np.float64(value + 1).view(np.int64) >> 49) - 1023 * 8
