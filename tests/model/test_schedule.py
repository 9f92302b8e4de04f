from __future__ import annotations

import dataclasses

import pytest

from massivetext.model.configs import TrainConfig, train_config
from massivetext.model.schedule import learning_rate_schedule


def test_schedule_of_the_paper() -> None:
    config = train_config("44M")
    schedule = learning_rate_schedule(config)
    assert float(schedule(0)) == pytest.approx(1e-7)
    assert float(schedule(750)) == pytest.approx((1e-7 + 6e-4) / 2, rel=1e-3)
    assert float(schedule(1500)) == pytest.approx(6e-4)
    assert float(schedule((1500 + config.steps) // 2)) == pytest.approx(0.55 * 6e-4, rel=1e-3)
    assert float(schedule(config.steps)) == pytest.approx(6e-5)


def test_cosine_is_measured_in_tokens_where_the_batch_doubles() -> None:
    config = train_config("280B")
    plain = dataclasses.replace(config, batch_doubles=False, steps=config.steps * 4 // 3)
    schedule, by_tokens = learning_rate_schedule(config), learning_rate_schedule(plain)
    for step in (0, 1500, 40_000, 60_000, config.steps):
        same_tokens = config.batches.first_window(step) // config.batch_windows
        assert float(schedule(step)) == pytest.approx(float(by_tokens(same_tokens)), rel=1e-3)
    assert float(schedule(config.steps)) == pytest.approx(4e-6, rel=1e-3)


def test_run_too_short_for_a_warmup_starts_at_the_maximum(small_run: TrainConfig) -> None:
    schedule = learning_rate_schedule(dataclasses.replace(small_run, steps=5))
    assert float(schedule(0)) == pytest.approx(3e-2)
    assert float(schedule(5)) == pytest.approx(3e-3)
