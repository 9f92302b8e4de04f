from __future__ import annotations

import math

import jax
import jax.extend.core
import jax.numpy as jnp
import pytest

from massivetext.model import flops
from massivetext.model.configs import PRESETS, Remat, train_config
from massivetext.model.parameters import Parameters
from massivetext.model.step import LanguageModel

# docs/paper.md, section 10: 12 L d^2 + L d^2 + 32,000 d, in millions.
STATED = {
    "44M": 43.65,
    "117M": 116.6,
    "417M": 417.2,
    "1.4B": 1374.2,
    "7.1B": 7110.4,
    "280B": 279.7e3,
}


@pytest.mark.parametrize("name", STATED)
def test_parameter_counts_are_those_of_table_1(name: str) -> None:
    count = flops.parameter_count(PRESETS[name].model)
    assert count == pytest.approx(STATED[name] * 1e6, rel=3e-3)
    number, unit = float(name[:-1]), {"M": 1e6, "B": 1e9}[name[-1]]
    digits = len(name.partition(".")[2][:-1]) if "." in name else 0
    assert round(count / unit, digits) == number


def test_flops_of_the_280b_run_are_near_chinchillas_figure() -> None:
    """Chinchilla states 5.76e23; it counts the position projection's use by every token."""
    total = flops.train_flops_per_token(PRESETS["280B"].model) * 300e9
    assert total == pytest.approx(5.76e23, rel=0.2)


def test_flops_equal_a_count_by_matrix_products() -> None:
    model = PRESETS["44M"].model
    d, heads, key, window = 512, 16, 32, 2048
    projections = 4 * 2 * d * heads * key
    attention = 3 * 2 * heads * key * window
    mlp = 2 * 2 * d * 4 * d
    forward = 8 * (projections + attention + mlp) + 2 * d * 32_000
    assert flops.train_flops_per_token(model) == 3 * forward


def test_utilisation_is_known_for_known_chips_only() -> None:
    model = PRESETS["44M"].model
    per_second = 275e12 / flops.train_flops_per_token(model)
    assert flops.model_flops_utilisation(model, per_second, "TPU v4", 2) == pytest.approx(0.5)
    assert flops.model_flops_utilisation(model, per_second, "cpu", 2) is None


@pytest.mark.parametrize(("remat", "most"), [("products", 1.10), ("block", 1.35)])
def test_recomputation_costs_no_more_than_stated(remat: Remat, most: float) -> None:
    """Products of matrices in the step of a chip that has two windows, as 1.4B has on 64 chips."""
    config = train_config("1.4B", model={"remat": remat})
    language_model = LanguageModel(config.model, bos_id=1)
    parameters = jax.eval_shape(lambda: language_model.initial(0))
    targets = jax.ShapeDtypeStruct((2, config.model.window), jnp.int32)

    def loss(parameters: Parameters, targets_BxT: jax.Array) -> jax.Array:
        return language_model.token_nats(parameters, targets_BxT).mean()

    computed = product_flops(jax.make_jaxpr(jax.grad(loss))(parameters, targets).jaxpr)
    stated = flops.train_flops_per_token(config.model) * targets.size
    assert 1 <= computed / stated <= most


def product_flops(jaxpr: jax.extend.core.Jaxpr) -> int:
    """2 M N K of all matrix products, those in loops as often as they run."""
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            inner = math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
            total += 2 * math.prod(equation.outvars[0].aval.shape) * inner
        for nested in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(nested):
                inside = product_flops(getattr(nested, "jaxpr", nested))
                total += inside * equation.params.get("length", 1)
    return total


def _is_jaxpr(value: object) -> bool:
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")
