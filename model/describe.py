"""What a run takes of the chips that it is to run on, before anything is compiled.

Memory counts what lies on a chip when the backward pass begins; time is a roofline: whatever of
computing, memory and links takes longest, if all three overlap perfectly.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import jax
from jax.sharding import AbstractMesh

from massivetext.config import ConfigError
from massivetext.model import flops
from massivetext.model.configs import TrainConfig
from massivetext.model.layers import QUERY_BLOCK
from massivetext.model.sharding import DATA_AXIS, MODEL_AXIS, Layout
from massivetext.model.step import state_shardings

GIB: Final = 2**30

PLAN_ERROR: Final = 0.7
"""Our choice: what takes less than this of the plan is left to the compiler to refuse."""

SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True)
class Chip:
    """A chip by its vendor's figures.

    Attributes:
        kind: JAX's device kind.
        memory_gib: memory that a program can use.
        memory_bytes_per_second: of that memory.
        link_bytes_per_second: to all neighbours together.
    """

    kind: str
    memory_gib: float
    memory_bytes_per_second: float
    link_bytes_per_second: float

    @property
    def flops_per_second(self) -> float:
        """bfloat16 peak."""
        return flops.PEAK_FLOPS_PER_SECOND[self.kind]


CHIPS: Final = MappingProxyType(
    {
        "v4": Chip("TPU v4", 30.75, 1228e9, 300e9),
        "v5e": Chip("TPU v5 lite", 15.75, 819e9, 200e9),
        "v5p": Chip("TPU v5", 95.74, 2765e9, 600e9),
        "v6e": Chip("TPU v6 lite", 31.25, 1640e9, 448e9),
    }
)
"""Bandwidths as the vendor states them, memory as its compiler does."""


@dataclass(frozen=True)
class ChipSlice:
    """Some chips of a kind, as in `v5p:8x8x16`."""

    chip: Chip
    chips: int

    @classmethod
    def parse(cls, text: str) -> ChipSlice:
        """The slice that a text names.

        Raises:
            ConfigError: it names none.
        """
        kind, _, shape = text.partition(":")
        if kind not in CHIPS or not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){0,2}", shape):
            raise ConfigError(
                f"chips {text!r}: expected a kind of {', '.join(CHIPS)} and a shape, as in "
                f"v5p:8x8x16"
            )
        return cls(CHIPS[kind], math.prod(map(int, shape.split("x"))))


@dataclass(frozen=True)
class Collective:
    """Messages of one kind in a step: how many, and the bytes that a chip gets by each."""

    name: str
    count: int
    bytes_each: float


@dataclass(frozen=True)
class OnMesh:
    """How a run is cut: windows over the data axis, heads and hidden units over the model axis."""

    config: TrainConfig
    data: int
    model: int

    @property
    def windows(self) -> int:
        """Windows of a microbatch that a row of the mesh computes on, at the first step."""
        return self.config.batch_windows // self.config.microbatches // self.data

    @property
    def numbers(self) -> int:
        """Bytes of a number of the forward pass."""
        return 4 if self.config.precision == "float32" else 2

    @property
    def layer_parameters(self) -> int:
        """Parameters of a layer."""
        shape = self.config.model
        outside = shape.vocab_size * shape.d_model + shape.d_model
        return (flops.parameter_count(shape) - outside) // shape.layers

    def state_bytes(self) -> int:
        """Parameters and optimiser state of a chip."""
        sizes = {DATA_AXIS: self.data, MODEL_AXIS: self.model}
        mesh = AbstractMesh(tuple(sizes.values()), tuple(sizes))
        leaves = jax.tree.leaves(state_shardings(self.config, Layout(mesh)))
        return sum(
            math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize
            for leaf in leaves
        )

    def peak_gib(self) -> float:
        """Largest memory that a chip needs during a step.

        The state stays. The forward copy, its gradients and their float32 sum are split like it.
        Each layer leaves its input for the backward pass. On top comes the larger of a layer's
        backward pass and the loss.
        """
        shape, chips = self.config.model, self.data * self.model
        parameters = flops.parameter_count(shape) / chips
        split_like_state = (2 * self.numbers + 4) * parameters
        kept = shape.layers * self._kept_numbers() * self.numbers
        work = max(self._layer_bytes(), self._loss_bytes())
        return (self.state_bytes() + split_like_state + kept + work) / GIB

    def _kept_numbers(self) -> float:
        """Numbers that a layer leaves on a chip for the backward pass."""
        shape = self.config.model
        positions = self.windows * shape.window
        heads, hidden = shape.heads * shape.key_size, 4 * shape.d_model
        kept = {
            "block": shape.d_model,
            "products": 2 * shape.d_model + 4 * heads + hidden,
            "dots": 2 * shape.d_model + 4 * heads + hidden + 4 * shape.heads * shape.window,
            "none": 6 * shape.d_model + 8 * heads + 4 * hidden,
        }
        return positions * kept[shape.remat] / self.model

    def _layer_bytes(self) -> float:
        """A layer's weights and their gradients; activations of the larger branch and theirs."""
        shape = self.config.model
        positions = self.windows * shape.window
        rows = QUERY_BLOCK if shape.window % QUERY_BLOCK == 0 else shape.window
        scores = 2 * 4 * self.windows * shape.heads * min(rows, shape.window) * shape.window
        heads = 8 * self.numbers * positions * shape.heads * shape.key_size
        hidden = 4 * self.numbers * positions * 4 * shape.d_model
        whole = 4 * self.numbers * positions * shape.d_model
        weights = 2 * self.numbers * self.layer_parameters
        return whole + (weights + max(scores + heads, hidden)) / self.model

    def _loss_bytes(self) -> float:
        """float32 logits and their gradient, while the first layer's weights come again."""
        shape = self.config.model
        split = self.model if shape.vocab_size % self.model == 0 else 1
        logits = self.windows * shape.window * shape.vocab_size / split
        weights = self.numbers * self.layer_parameters / self.model
        return logits * (4 + self.numbers) + weights

    def collectives(self) -> list[Collective]:
        """What chips send each other in a step, by kind."""
        shape, times = self.config.model, self.config.microbatches
        weights = self.layer_parameters * self.numbers / self.model
        passes = 1 if shape.remat == "none" else 2
        gathered = shape.layers * passes * times
        reduced = shape.layers * times
        made = [
            Collective("all-gather of a layer's weights", gathered, weights),
            Collective("reduce-scatter of a layer's gradients", reduced, weights),
        ]
        residual = self.windows * shape.window * shape.d_model * self.numbers
        branches = 2 * shape.layers * times
        if self.model > 1:
            made += [
                Collective("all-gather of a branch's input", branches * (passes + 1), residual),
                Collective(
                    "reduce-scatter of a branch's output", branches * (passes + 1), residual
                ),
            ]
        axes = {True: self.data, False: self.model}
        return [one for one in made if axes["layer" in one.name] > 1]


@dataclass(frozen=True)
class Description:
    """What a run is and takes, in the order in which it is told."""

    preset: str
    chips: int
    kind: str
    data_parallel: int
    model_parallel: int
    remat: str
    precision: str
    parameters: int
    flops_per_step: float
    peak_gib_per_chip: float
    memory_gib_per_chip: float
    fits: bool
    collectives: tuple[Collective, ...]
    computing_seconds: float
    memory_seconds: float
    link_seconds: float
    roofline_seconds_per_step: float
    roofline_utilisation: float
    steps: int
    days: float


SCORE_BYTES: Final = 143
"""Bytes that pass through memory for each pair of query and key in a step: 0.56 GiB a window of
2,048, head and layer, as counted in steps compiled for v5p. Kernels that keep scores on the chip
would take none.
"""

RECOMPUTED: Final = MappingProxyType({"none": 1.06, "products": 1.06, "dots": 1.02, "block": 1.31})
"""FLOPs of a step by those of the model, as counted at 1.4B (`tests/model/test_flops.py`)."""


def describe_run(config: TrainConfig, on: ChipSlice, model_parallel: int | None) -> Description:
    """The plan of a run at its first step; without a model axis, the smallest one that fits.

    Raises:
        ConfigError: the batch or the chips do not divide as asked.
    """
    split = _split(config, on, model_parallel)
    shape = config.model
    step_flops = flops.train_flops_per_token(shape) * config.batch_windows * shape.window
    a_chip = step_flops / on.chips
    pairs = config.batch_windows * shape.heads * shape.layers * shape.window**2 / on.chips
    collectives = tuple(split.collectives())
    computing = a_chip * RECOMPUTED[shape.remat] / on.chip.flops_per_second
    memory = pairs * SCORE_BYTES / on.chip.memory_bytes_per_second
    sent = sum(one.count * one.bytes_each for one in collectives)
    links = sent / on.chip.link_bytes_per_second
    seconds = max(computing, memory, links)
    windows = config.batches.first_window(config.steps)
    peak = split.peak_gib()
    return Description(
        preset=config.preset,
        chips=on.chips,
        kind=on.chip.kind,
        data_parallel=split.data,
        model_parallel=split.model,
        remat=shape.remat,
        precision=config.precision,
        parameters=flops.parameter_count(shape),
        flops_per_step=float(step_flops),
        peak_gib_per_chip=peak,
        memory_gib_per_chip=on.chip.memory_gib,
        fits=peak <= on.chip.memory_gib,
        collectives=collectives,
        computing_seconds=computing,
        memory_seconds=memory,
        link_seconds=links,
        roofline_seconds_per_step=seconds,
        roofline_utilisation=a_chip / on.chip.flops_per_second / seconds,
        steps=config.steps,
        days=seconds * windows / config.batch_windows / SECONDS_A_DAY,
    )


def require_fits(config: TrainConfig, layout: Layout) -> None:
    """Refuses what cannot fit this machine's devices, where they say what they hold.

    Raises:
        ConfigError: even less than the plan says would be too much.
    """
    limit = _device_bytes()
    if limit is None:
        return
    split = OnMesh(config, layout.mesh.shape[DATA_AXIS], layout.mesh.shape[MODEL_AXIS])
    needed = split.peak_gib()
    if PLAN_ERROR * needed > limit / GIB:
        raise ConfigError(
            f"a step takes about {needed:.1f} GiB a device, which has {limit / GIB:.1f}: take more "
            f"devices, --model-parallel, --microbatches, or a smaller --batch or --window"
        )


def _device_bytes() -> int | None:
    """Memory of this host's first device; None where it does not say, such as a processor."""
    return (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")


def _split(config: TrainConfig, on: ChipSlice, model_parallel: int | None) -> OnMesh:
    microbatch = config.batch_windows // config.microbatches
    asked = [model_parallel] if model_parallel is not None else _powers_of_two(config.model.heads)
    possible = [
        OnMesh(config, on.chips // model, model)
        for model in asked
        if model > 0 and on.chips % model == 0 and microbatch % (on.chips // model) == 0
    ]
    if not possible:
        raise ConfigError(
            f"{microbatch} windows a microbatch on {on.chips} chips with a model axis of "
            f"{model_parallel or asked}: it must divide the chips, and the rest the windows"
        )
    return next((one for one in possible if one.peak_gib() <= on.chip.memory_gib), possible[-1])


def _powers_of_two(most: int) -> list[int]:
    return [2**power for power in range(most.bit_length())]


def as_lines(plan: Description) -> list[str]:
    """A description for people."""
    mesh = f"{plan.data_parallel} x {plan.model_parallel} (data x model)"
    verdict = "fits" if plan.fits else "does not fit"
    return [
        f"preset       {plan.preset}: {plan.parameters:,} parameters, {plan.precision}",
        f"chips        {plan.chips:,} {plan.kind}, mesh {mesh}, remat {plan.remat}",
        f"memory       {plan.peak_gib_per_chip:.1f} of {plan.memory_gib_per_chip:.1f} GiB a chip: "
        f"{verdict}",
        f"FLOPs        {plan.flops_per_step:.3g} a step",
        *(
            f"collectives  {one.count:,} x {one.name}, {one.bytes_each / GIB:.3f} GiB each"
            for one in plan.collectives
        ),
        f"roofline     {plan.roofline_seconds_per_step:.3g} s a step, the largest of computing "
        f"{plan.computing_seconds:.3g}, memory {plan.memory_seconds:.3g} and links "
        f"{plan.link_seconds:.3g}; at most {plan.roofline_utilisation:.0%} of the peak",
        f"run          {plan.steps:,} steps, {plan.days:.3g} days at the roofline",
    ]


def as_record(plan: Description) -> dict[str, object]:
    """A description for programs: the fields of `Description`."""
    return dataclasses.asdict(plan)
