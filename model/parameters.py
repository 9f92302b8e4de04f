"""What parameters are: arrays by name in nested mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import jax

Parameters: TypeAlias = "Mapping[str, jax.Array | Parameters]"
"""A tree of arrays, or of what stands for them: gradients, updates, shapes."""
