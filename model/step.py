"""One step of training as a pure function, compiled by `jax.jit` for a mesh.

Axis letters: A microbatches, B windows, T positions, V vocabulary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from massivetext.model import precision
from massivetext.model.configs import ModelConfig, TrainConfig
from massivetext.model.decoder import Cache, Decoder
from massivetext.model.metrics import METRICS, StepFacts
from massivetext.model.optimiser import optimiser
from massivetext.model.parameters import Parameters
from massivetext.model.placement import ANYWHERE, ParameterAxes, Placement, axes_of
from massivetext.model.schedule import learning_rate_schedule
from massivetext.model.sharding import Layout, Shardings


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """All that a step changes, and all that a checkpoint holds."""

    parameters: Parameters
    optimiser: optax.OptState
    step: jax.Array


Metrics = dict[str, jax.Array]
_Tree = TypeVar("_Tree")
_LossAndGradient = tuple[jax.Array, Parameters]
TrainStep = Callable[[TrainState, jax.Array], tuple[TrainState, Metrics]]


@dataclass(frozen=True)
class LanguageModel:
    """A decoder as pure functions of its parameters, a tree of arrays."""

    model: ModelConfig
    bos_id: int
    placement: Placement = ANYWHERE

    def initial(self, seed: int) -> Parameters:
        """Fresh float32 parameters."""
        decoder = Decoder(self.model, nnx.Rngs(seed))
        return nnx.to_pure_dict(nnx.state(decoder, nnx.Param))

    def logits(self, parameters: Parameters, inputs_BxT: jax.Array) -> jax.Array:
        """float32 logits [B, T, V] of the token after each input."""
        segments_BxT = None
        if self.model.document_mask:
            segments_BxT = jnp.cumsum(inputs_BxT == self.bos_id, axis=1)
        decoder = nnx.merge(_graph(self.model), parameters)
        return decoder(inputs_BxT, segments_BxT, self.placement)

    def empty_cache(self, places: int, parameters: Parameters) -> Cache:
        """A cache for one text of at most so many tokens, in the parameters' number format."""
        return Cache.empty(self.model, places, self.bos_id, jax.tree.leaves(parameters)[0].dtype)

    def extend(
        self, parameters: Parameters, inputs_BxT: jax.Array, cache: Cache
    ) -> tuple[jax.Array, Cache]:
        """`logits` of tokens that follow those in a cache, and the cache with them."""
        return nnx.merge(_graph(self.model), parameters).extend(inputs_BxT, cache)

    def token_nats(self, parameters: Parameters, targets_BxT: jax.Array) -> jax.Array:
        """Cross entropy [B, T] in nats of every token, given BOS and the tokens before it.

        The paper says n = 2048 and no more. All n tokens of a window are predicted, from BOS and
        the first n - 1, so that shapes stay n.
        """
        shifted = jnp.pad(targets_BxT[:, :-1], ((0, 0), (1, 0)), constant_values=self.bos_id)
        logits_BxTxV = self.logits(parameters, shifted)
        return optax.softmax_cross_entropy_with_integer_labels(logits_BxTxV, targets_BxT)


@functools.cache
def _graph(model: ModelConfig) -> nnx.GraphDef[Decoder]:
    """The decoder without its parameters."""
    graph, _ = nnx.split(nnx.eval_shape(lambda: Decoder(model, nnx.Rngs(0))))
    return graph


@functools.cache
def parameter_axes(model: ModelConfig) -> ParameterAxes:
    """The names of the dimensions of every parameter."""
    return axes_of(nnx.eval_shape(lambda: Decoder(model, nnx.Rngs(0))))


def initial_state(config: TrainConfig, bos_id: int) -> TrainState:
    """The state before step 0; trace it with `jax.eval_shape` to learn its shapes."""
    fresh = LanguageModel(config.model, bos_id).initial(config.seed)
    key = _rounding_key(config, jnp.int32(-1))
    return TrainState(
        parameters=precision.stored(fresh, config.precision, key),
        optimiser=_transformation(config).init(fresh),
        step=jnp.zeros((), jnp.int32),
    )


def state_shardings(config: TrainConfig, layout: Layout) -> TrainState:
    """`jax.ShapeDtypeStruct`s of the state, with the sharding of each array."""
    shapes = jax.eval_shape(lambda: initial_state(config, bos_id=0))
    axes = parameter_axes(config.model)
    return TrainState(
        parameters=_laid_out(shapes.parameters, layout.stored(shapes.parameters, axes)),
        optimiser=_laid_out(
            shapes.optimiser, layout.stored_state(shapes.optimiser, shapes.parameters, axes)
        ),
        step=_laid_out(shapes.step, layout.replicated),
    )


def _laid_out(shapes: _Tree, shardings: object) -> _Tree:
    return jax.tree.map(
        lambda leaf, sharding: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding),
        shapes,
        shardings,
    )


def _transformation(config: TrainConfig) -> optax.GradientTransformation:
    return optimiser(config.optimiser, learning_rate_schedule(config))


def create_state(config: TrainConfig, bos_id: int, layout: Layout) -> TrainState:
    """The initial state, made in place on the mesh."""
    shardings = jax.tree.map(lambda leaf: leaf.sharding, state_shardings(config, layout))
    return jax.jit(lambda: initial_state(config, bos_id), out_shardings=shardings)()


def make_train_step(config: TrainConfig, bos_id: int, layout: Layout) -> TrainStep:
    """The compiled step: (state, token ids [A, B, T]) -> (state, metrics).

    The state's buffers are reused: the one handed in is gone afterwards.
    """
    language_model = LanguageModel(config.model, bos_id, layout)
    axes = parameter_axes(config.model)
    transformation = _transformation(config)
    schedule = learning_rate_schedule(config)

    def train_step(state: TrainState, targets_AxBxT: jax.Array) -> tuple[TrainState, Metrics]:
        forward_key, store_key = jax.random.split(_rounding_key(config, state.step))
        copy = precision.forward_copy(state.parameters, config.precision, forward_key)
        stored = layout.stored(copy, axes)
        copy = jax.lax.with_sharding_constraint(copy, stored)  # rounded before it travels
        loss, gradients = _mean_gradients(language_model, copy, stored, targets_AxBxT)
        master = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), state.parameters)
        updates, moments = transformation.update(gradients, state.optimiser, master)
        updated = cast(Parameters, optax.apply_updates(master, updates))
        facts = StepFacts(loss, schedule(state.step), gradients, updates, updated)
        metrics = {name: jnp.asarray(metric(facts)) for name, metric in METRICS.items()}
        parameters = precision.stored(updated, config.precision, store_key)
        return TrainState(parameters, moments, state.step + 1), metrics

    return jax.jit(train_step, donate_argnums=0)


def _mean_gradients(
    language_model: LanguageModel,
    parameters: Parameters,
    shardings: Shardings,
    targets_AxBxT: jax.Array,
) -> _LossAndGradient:
    """Mean loss in nats a token and its float32 gradient, over microbatches of equal size.

    The gradient is split like the parameters.
    """

    def loss(copy: Parameters, targets_BxT: jax.Array) -> jax.Array:
        return language_model.token_nats(copy, targets_BxT).mean()

    def add(total: _LossAndGradient, targets_BxT: jax.Array) -> tuple[_LossAndGradient, None]:
        part = jax.value_and_grad(loss)(parameters, targets_BxT)
        return jax.tree.map(lambda a, b: a + b.astype(jnp.float32), total, part), None

    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.float32), parameters)
    zeros = jax.lax.with_sharding_constraint(zeros, shardings)
    total, _ = jax.lax.scan(add, (jnp.float32(0), zeros), targets_AxBxT)
    return jax.tree.map(lambda leaf: leaf / targets_AxBxT.shape[0], total)


def _rounding_key(config: TrainConfig, step: jax.Array) -> jax.Array:
    return jax.random.fold_in(jax.random.key(config.seed), step)


def evaluation_parameters(state: TrainState, config: TrainConfig) -> Parameters:
    """The parameters as evaluation and sampling use them."""
    return precision.evaluation_copy(state.parameters, config.precision)
