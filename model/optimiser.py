"""The optimisers by name, from their settings to optax; importing this needs no JAX.

A new optimiser is a function that builds it and an entry of `OPTIMISERS`. The command line and the
presets then know its name, and its state is laid out on any mesh (`sharding.Layout.stored_state`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from massivetext.config import ConfigError

if TYPE_CHECKING:
    import optax

    from massivetext.model.parameters import Parameters

CHINCHILLA_WEIGHT_DECAY: Final = 0.1
"""Chinchilla (2203.15556) and RETRO train with AdamW and this decay."""

NOT_DECAYED: Final = frozenset({"gain", "content_bias", "position_bias"})
"""Our choice (unstated), and usual: weight decay acts on matrices only."""

_SCHEDULE: Final = (
    "max_learning_rate",
    "clip_norm",
    "warmup_steps",
    "start_learning_rate",
    "decay_factor",
)
"""Settings that a run keeps when it takes another optimiser."""


@dataclass(frozen=True)
class OptimiserConfig:
    """An optimiser with global-norm clipping, linear warm-up and cosine decay (section 3).

    Attributes:
        max_learning_rate: Table 1.
        clip_norm: 1, and 0.25 for 7.1B and 280B (section 3).
        weight_decay: 0 is Adam (Gopher); 0.1 is AdamW (Chinchilla).
        warmup_steps: None means `min(1500, steps / 10)`.
        start_learning_rate: first value of the warm-up (section 3).
        decay_factor: the cosine ends at the maximum divided by this (section 3).
        beta1, beta2, epsilon: unstated for Gopher; RETRO's Wikitext baseline.
        kind: a name in `OPTIMISERS`.
    """

    max_learning_rate: float
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    warmup_steps: int | None = None
    start_learning_rate: float = 1e-7
    decay_factor: float = 10.0
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    kind: str = "gopher"

    def __post_init__(self) -> None:
        _entry(self.kind)
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ConfigError(f"{name} is {value}: it must be finite")
        if not self.max_learning_rate > self.start_learning_rate:
            raise ConfigError(
                f"max_learning_rate is {self.max_learning_rate}, the warm-up starts at "
                f"{self.start_learning_rate}: take a larger maximum"
            )
        if not self.clip_norm > 0:
            raise ConfigError(f"clip_norm is {self.clip_norm}: it must be above 0")
        if self.warmup_steps is not None and self.warmup_steps < 0:
            raise ConfigError(f"warm-up is {self.warmup_steps} steps: it must not be negative")
        if self.weight_decay < 0:
            raise ConfigError(f"weight_decay is {self.weight_decay}: it must not be negative")

    def of_kind(self, kind: str) -> OptimiserConfig:
        """The same schedule and clipping with another optimiser and its defaults.

        Raises:
            ConfigError: the name is unknown.
        """
        settings = {name: getattr(self, name) for name in _SCHEDULE}
        settings.update(_entry(kind).defaults)
        return OptimiserConfig(kind=kind, **settings)


@dataclass(frozen=True)
class Optimiser:
    """An optimiser that can be asked for by name.

    Attributes:
        summary: what it is, for the help of the command line.
        build: from settings and schedule to transformations that turn clipped gradients into
            updates, weight decay and learning rate included.
        defaults: fields of `OptimiserConfig` that differ from the defaults there.
    """

    summary: str
    build: Callable[[OptimiserConfig, optax.Schedule], Sequence[optax.GradientTransformation]]
    defaults: Mapping[str, float] = field(default_factory=dict)


def _adam(
    settings: OptimiserConfig, schedule: optax.Schedule
) -> Sequence[optax.GradientTransformation]:
    """Adam, or AdamW where weight decay is set."""
    import optax

    adam = optax.scale_by_adam(settings.beta1, settings.beta2, settings.epsilon)
    decay = optax.add_decayed_weights(settings.weight_decay, decayed_leaves)
    learning_rate = optax.scale_by_learning_rate(schedule)
    return [adam, decay, learning_rate] if settings.weight_decay else [adam, learning_rate]


OPTIMISERS: Final[Mapping[str, Optimiser]] = MappingProxyType(
    {
        "gopher": Optimiser("Adam", _adam),
        "chinchilla": Optimiser("AdamW", _adam, {"weight_decay": CHINCHILLA_WEIGHT_DECAY}),
    }
)
"""`--optimiser` and `OptimiserConfig.kind` -> optimiser."""


def optimiser(settings: OptimiserConfig, schedule: optax.Schedule) -> optax.GradientTransformation:
    """Clip by global norm, then the optimiser that the settings name."""
    import optax

    clip = optax.clip_by_global_norm(settings.clip_norm)
    return optax.chain(clip, *_entry(settings.kind).build(settings, schedule))


def decayed_leaves(parameters: Parameters) -> object:
    """A tree of booleans like the parameters': True where weight decay acts."""
    import jax

    return jax.tree.map_with_path(lambda path, _: path[-1].key not in NOT_DECAYED, parameters)


def _entry(kind: str) -> Optimiser:
    if kind not in OPTIMISERS:
        raise ConfigError(f"optimiser {kind!r}: expected one of {', '.join(OPTIMISERS)}")
    return OPTIMISERS[kind]
