"""What is trained and how: the models of Table 1, the `tiny` preset, and a run's plan.

Everything is a frozen dataclass that refuses impossible values when it is made, so that a bad
configuration fails before any work. Nothing here imports JAX.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from massivetext.config import ConfigError
from massivetext.model.optimiser import OptimiserConfig

Remat = Literal["none", "block", "products", "dots"]
"""What the backward pass finds stored: everything; a block's input only; the products of weights,
so that only scores, norms and GELU are recomputed; or all matrix products.
"""

Precision = Literal["float32", "activations", "nearest", "stochastic", "master"]
"""Appendix C.2: `float32` everywhere (a); float32 parameters with bfloat16 `activations` (models
below 7.1B); bfloat16 parameters rounded to `nearest` (b) or `stochastic`ally (c); or a float32
`master` copy in the partitioned optimiser state, rounded stochastically for the forward pass (d).
"""

RECORD_TOKENS: Final = 2048
"""Section 3: the training window, and the length of a shard's record."""

PAPER_VOCABULARY: Final = 32_000
"""Section 3: pieces of the paper's tokenizer."""

PAPER_TOKENS: Final = 300_000_000_000
"""Section 3: every model of Table 1 is trained on 300 billion tokens."""

PAPER_WARMUP_STEPS: Final = 1500
"""Section 3: steps of linear warm-up."""

WARMUP_SHARE: Final = 10
"""Our choice: a run so short that 1,500 steps were more than a tenth of it warms up for a tenth."""


MOST_STEPS: Final = 2**31 - 1
"""Steps are counted in int32 on the devices."""

MOST_BATCH_TOKENS: Final = 2**28
"""Our choice: 40 times the paper's largest batch; beyond it a batch is a slip of the keyboard."""

MOST_SEED: Final = 2**32 - 1
"""JAX takes the lower 32 bits of a seed, so that larger ones would be those of other runs."""


def require_positive(name: str, value: int) -> None:
    """Raises ConfigError for a number below 1."""
    if value < 1:
        raise ConfigError(f"{name} is {value}: it must be at least 1")


def require_seed(seed: int) -> None:
    """Raises ConfigError for a seed that JAX would cut to another one."""
    if not 0 <= seed <= MOST_SEED:
        raise ConfigError(f"seed is {seed}: it must be from 0 to 2^32 - 1")


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a decoder. FFN width is 4 x d_model (Table 1's note).

    Attributes:
        layers: number of blocks.
        heads: attention heads a block.
        key_size: width of a head's queries, keys and values.
        d_model: width of the residual stream.
        vocab_size: rows of the embedding, which is also the output matrix (only tied embeddings
            give Table 1's sizes).
        window: tokens in one training example; also the clamp of relative distances (D.6).
        document_mask: attention stays between two BOS tokens. Off: the paper mentions no mask.
        remat: what the backward pass finds stored.
    """

    layers: int
    heads: int
    key_size: int
    d_model: int
    vocab_size: int = PAPER_VOCABULARY
    window: int = RECORD_TOKENS
    document_mask: bool = False
    remat: Remat = "block"

    def __post_init__(self) -> None:
        sizes = ("layers", "heads", "key_size", "d_model", "vocab_size", "window")
        for name in sizes:
            require_positive(name, getattr(self, name))
        if self.d_model % 2:
            raise ConfigError(f"d_model is {self.d_model}: sinusoids come in pairs, make it even")


@dataclass(frozen=True)
class BatchPlan:
    """Which training windows each step takes: a pure function of the step.

    Windows are numbered in the order they are consumed. The 280B model's batch grows from 3M to
    6M tokens "midway through training" (Chinchilla, Table 1): at half of the tokens, which is
    after two thirds of the steps.
    """

    windows: int
    steps: int
    doubles: bool = False

    def __post_init__(self) -> None:
        require_positive("batch size (windows)", self.windows)
        require_positive("steps", self.steps)
        if self.steps > MOST_STEPS:
            raise ConfigError(f"steps is {self.steps:,}: it must be at most {MOST_STEPS:,}")

    @property
    def doubling_step(self) -> int:
        """First step with twice the batch; `steps` where the batch never grows."""
        return -(-2 * self.steps // 3) if self.doubles else self.steps

    def size(self, step: int) -> int:
        """Windows in the batch of this step."""
        return self.windows * (2 if step >= self.doubling_step else 1)

    def first_window(self, step: int) -> int:
        """Windows consumed before this step."""
        return self.windows * (step + max(0, step - self.doubling_step))


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the numbers of a run; equal configs continue each other.

    Attributes:
        preset: name of the preset it was made from.
        batch_windows: global batch at the first step, in training windows.
        batch_doubles: see `BatchPlan`.
        microbatches: gradient-accumulation steps; the batch divides into equal parts.
        seed: of the initial weights, the data order and the stochastic rounding.
    """

    preset: str
    model: ModelConfig
    optimiser: OptimiserConfig
    steps: int
    batch_windows: int
    batch_doubles: bool = False
    microbatches: int = 1
    precision: Precision = "activations"
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive("microbatches", self.microbatches)
        if self.batch_windows % self.microbatches:
            raise ConfigError(
                f"a batch of {self.batch_windows} windows does not divide into "
                f"{self.microbatches} microbatches: choose a divisor"
            )
        if self.batch_windows * self.model.window > MOST_BATCH_TOKENS:
            raise ConfigError(
                f"a batch of {self.batch_windows:,} windows of {self.model.window:,} tokens: at "
                f"most {MOST_BATCH_TOKENS:,} tokens go into one"
            )
        require_seed(self.seed)
        if self.warmup_steps >= self.batches.doubling_step:
            raise ConfigError(
                f"warm-up of {self.warmup_steps} steps in a run of {self.steps}: the warm-up must "
                f"be shorter than the run (and end before the batch doubles)"
            )

    @property
    def batches(self) -> BatchPlan:
        """The windows of every step."""
        return BatchPlan(self.batch_windows, self.steps, self.batch_doubles)

    @property
    def warmup_steps(self) -> int:
        """Steps of warm-up: as configured, else `min(1500, steps / 10)`."""
        if self.optimiser.warmup_steps is not None:
            return self.optimiser.warmup_steps
        return min(PAPER_WARMUP_STEPS, self.steps // WARMUP_SHARE)


@dataclass(frozen=True)
class Preset:
    """A row of Table 1 (or `tiny`), with the batch in tokens as the paper counts it.

    Attributes:
        model: its shape, with the paper's vocabulary.
        optimiser: its schedule and clipping.
        batch_tokens: global batch at the first step.
        precision: number formats.
        batch_doubles: see `BatchPlan`.
        tokens: how much it is trained on, unless steps are given.
        any_vocabulary: takes the vocabulary of the shards, whatever its size.
    """

    model: ModelConfig
    optimiser: OptimiserConfig
    batch_tokens: int
    precision: Precision
    batch_doubles: bool = False
    tokens: int = PAPER_TOKENS
    any_vocabulary: bool = False

    @property
    def steps(self) -> int:
        """Steps that consume `tokens`; a batch that doubles at half of them needs 3/4 as many."""
        steps = self.tokens // self.batch_tokens
        return steps * 3 // 4 if self.batch_doubles else steps


_MIB: Final = 2**20


def _table_1(
    shape: tuple[int, int, int, int],
    max_learning_rate: float,
    batch_tokens: int,
    *,
    clip_norm: float = 1.0,
    precision: Precision = "activations",
    batch_doubles: bool = False,
) -> Preset:
    """A row of Table 1; shape = layers, heads, key size, d_model."""
    return Preset(
        model=ModelConfig(*shape),
        optimiser=OptimiserConfig(max_learning_rate, clip_norm),
        batch_tokens=batch_tokens,
        precision=precision,
        batch_doubles=batch_doubles,
    )


PRESETS: Final[dict[str, Preset]] = {
    "tiny": Preset(
        model=ModelConfig(3, 4, 32, 128, window=256, remat="none"),
        optimiser=OptimiserConfig(max_learning_rate=3e-3),
        batch_tokens=4 * 256,
        precision="float32",
        tokens=50 * 4 * 256,
        any_vocabulary=True,
    ),
    "44M": _table_1((8, 16, 32, 512), 6e-4, _MIB // 4),
    "117M": _table_1((12, 12, 64, 768), 6e-4, _MIB // 4),
    "417M": _table_1((12, 12, 128, 1536), 2e-4, _MIB // 4),
    "1.4B": _table_1((24, 16, 128, 2048), 2e-4, _MIB // 4),
    "7.1B": _table_1((32, 32, 128, 4096), 1.2e-4, 2 * _MIB, clip_norm=0.25, precision="master"),
    "280B": _table_1(
        (80, 128, 128, 16384),
        4e-5,
        3 * _MIB,
        clip_norm=0.25,
        precision="master",
        batch_doubles=True,
    ),
}
"""Table 1 of the paper; clipping and precision from section 3 (7.1B and 280B: all bfloat16 there,
here the float32 master copy that appendix C.2 recommends). `tiny` is ours: it learns something in
50 steps on two CPU cores, which have no bfloat16 units, so it stays in float32.
"""


def train_config(
    preset_name: str,
    *,
    model: Mapping[str, object] | None = None,
    optimiser: Mapping[str, object] | None = None,
    run: Mapping[str, object] | None = None,
) -> TrainConfig:
    """A preset with fields of its `ModelConfig`, `OptimiserConfig` or `TrainConfig` replaced.

    A value of None keeps the preset's. Another `kind` of optimiser brings its own defaults.

    Raises:
        ConfigError: unknown preset, or values that do not fit together.
    """
    if preset_name not in PRESETS:
        raise ConfigError(f"preset {preset_name!r}: expected one of {', '.join(PRESETS)}")
    preset = PRESETS[preset_name]
    shape = dataclasses.replace(preset.model, **_given(model))
    changes = _given(optimiser)
    base = preset.optimiser.of_kind(changes["kind"]) if "kind" in changes else preset.optimiser
    settings = {
        "steps": preset.steps,
        "batch_windows": max(1, preset.batch_tokens // shape.window),
        "batch_doubles": preset.batch_doubles,
        "precision": preset.precision,
    }
    return TrainConfig(
        preset=preset_name,
        model=shape,
        optimiser=dataclasses.replace(base, **changes),
        **(settings | _given(run)),
    )


def config_from_record(record: Mapping[str, Any]) -> TrainConfig:
    """The configuration whose `dataclasses.asdict` is given."""
    nested = {
        "model": ModelConfig(**record["model"]),
        "optimiser": OptimiserConfig(**record["optimiser"]),
    }
    return TrainConfig(**(dict(record) | nested))


def _given(values: Mapping[str, object] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if value is not None}
