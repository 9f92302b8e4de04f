from __future__ import annotations

import dataclasses
import json

import pytest

from massivetext.config import ConfigError
from massivetext.model import configs
from massivetext.model.configs import PRESETS, BatchPlan, train_config

# Table 1 of the paper, typed anew: layers, heads, key size, d_model, maximum learning rate, batch
# tokens; then clipping (section 3).
TABLE_1 = {
    "44M": (8, 16, 32, 512, 6e-4, 2**18, 1.0),
    "117M": (12, 12, 64, 768, 6e-4, 2**18, 1.0),
    "417M": (12, 12, 128, 1536, 2e-4, 2**18, 1.0),
    "1.4B": (24, 16, 128, 2048, 2e-4, 2**18, 1.0),
    "7.1B": (32, 32, 128, 4096, 1.2e-4, 2**21, 0.25),
    "280B": (80, 128, 128, 16384, 4e-5, 3 * 2**20, 0.25),
}


@pytest.mark.parametrize("name", TABLE_1)
def test_presets_are_the_rows_of_table_1(name: str) -> None:
    preset = PRESETS[name]
    model, optimiser = preset.model, preset.optimiser
    assert (
        model.layers,
        model.heads,
        model.key_size,
        model.d_model,
        optimiser.max_learning_rate,
        preset.batch_tokens,
        optimiser.clip_norm,
    ) == TABLE_1[name]
    assert (model.vocab_size, model.window) == (32_000, 2048)
    assert model.heads * model.key_size == model.d_model


def test_every_preset_makes_a_run_that_survives_json() -> None:
    for name in PRESETS:
        config = train_config(name)
        record = json.loads(json.dumps(dataclasses.asdict(config)))
        assert configs.config_from_record(record) == config


def test_paper_runs_see_300_billion_tokens() -> None:
    for name in TABLE_1:
        config = train_config(name)
        tokens = config.batches.first_window(config.steps) * config.model.window
        assert tokens == pytest.approx(300e9, rel=1e-4), name
    assert train_config("44M").steps == pytest.approx(1.14e6, rel=0.01)
    assert train_config("280B").steps == pytest.approx(71.5e3, rel=0.01)


def test_batch_doubles_at_half_of_the_tokens() -> None:
    plan = BatchPlan(windows=4, steps=9, doubles=True)
    assert [plan.size(step) for step in range(9)] == [4] * 6 + [8] * 3
    assert [plan.first_window(step) for step in range(10)] == [
        sum(plan.size(earlier) for earlier in range(step)) for step in range(10)
    ]
    assert plan.first_window(6) * 2 == plan.first_window(9)


@pytest.mark.parametrize(
    ("steps", "warmup"), [(5, 0), (50, 5), (60, 6), (15_000, 1500), (10**6, 1500)]
)
def test_warmup_is_a_tenth_of_the_run_but_1500_at_most(steps: int, warmup: int) -> None:
    assert train_config("tiny", run={"steps": steps}).warmup_steps == warmup


@pytest.mark.parametrize("warmup", [50, 51])
def test_warmup_as_long_as_the_run_is_refused(warmup: int) -> None:
    with pytest.raises(ConfigError, match="warm-up"):
        train_config("tiny", run={"steps": 50}, optimiser={"warmup_steps": warmup})


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("model", "layers", 0),
        ("model", "vocab_size", -1),
        ("model", "d_model", 33),
        ("optimiser", "max_learning_rate", 0.0),
        ("optimiser", "clip_norm", 0.0),
        ("optimiser", "weight_decay", -0.1),
        ("run", "steps", 0),
        ("run", "batch_windows", 0),
        ("run", "microbatches", 3),
        ("run", "microbatches", 0),
        ("run", "seed", -1),
    ],
)
def test_impossible_values_are_refused(part: str, field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=r"must|choose|larger|make it"):
        train_config("tiny", **{part: {field: value}})


def test_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'45M': expected one of tiny, 44M"):
        train_config("45M")


def test_an_optimiser_is_chosen_by_name_with_its_defaults() -> None:
    chosen = train_config("44M", optimiser={"kind": "chinchilla", "weight_decay": None}).optimiser
    assert (chosen.kind, chosen.weight_decay, chosen.max_learning_rate) == ("chinchilla", 0.1, 6e-4)
    stated = train_config("44M", optimiser={"kind": "chinchilla", "weight_decay": 0.2}).optimiser
    assert stated.weight_decay == 0.2
    assert train_config("44M").optimiser.kind == "gopher"
    with pytest.raises(ConfigError, match="'sgd': expected one of gopher"):
        train_config("44M", optimiser={"kind": "sgd"})


def test_smaller_window_keeps_the_tokens_of_a_batch() -> None:
    assert train_config("44M", model={"window": 512}).batch_windows == 4 * 128
