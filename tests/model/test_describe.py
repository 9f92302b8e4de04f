from __future__ import annotations

import dataclasses
import json
import re

import pytest

from massivetext.__main__ import main
from massivetext.config import ConfigError
from massivetext.model import describe as describe_module
from massivetext.model.configs import TrainConfig, train_config
from massivetext.model.describe import ChipSlice, describe_run, require_fits
from massivetext.model.sharding import make_layout

POD = ChipSlice.parse("v5p:8x8x16")


def test_state_of_280b_is_twelve_bytes_a_parameter_over_all_chips() -> None:
    """float32 parameters and two moments, and no plan takes less."""
    plan = describe_run(train_config("280B"), POD, 16)
    assert plan.chips == 1024
    assert plan.peak_gib_per_chip > 12 * plan.parameters / plan.chips / 2**30
    assert plan.fits
    assert plan.data_parallel == 64


def test_280b_does_not_fit_small_chips() -> None:
    assert not describe_run(train_config("280B"), ChipSlice.parse("v5e:8x8"), 8).fits


def test_what_the_backward_pass_keeps_takes_memory_and_saves_computing() -> None:
    plans = {
        remat: describe_run(train_config("7.1B", model={"remat": remat}), POD, 2)
        for remat in ("block", "products")
    }
    assert plans["products"].peak_gib_per_chip > plans["block"].peak_gib_per_chip
    assert plans["products"].computing_seconds < plans["block"].computing_seconds


def test_roofline_is_the_slowest_of_three() -> None:
    plan = describe_run(train_config("1.4B"), ChipSlice.parse("v5p:4x4x4"), None)
    parts = (plan.computing_seconds, plan.memory_seconds, plan.link_seconds)
    assert plan.roofline_seconds_per_step == max(parts)
    assert plan.days == pytest.approx(max(parts) * plan.steps / 86_400)


def test_mesh_by_itself_takes_the_smallest_model_axis_that_fits() -> None:
    assert (
        describe_run(train_config("7.1B"), ChipSlice.parse("v5p:4x4x4"), None).model_parallel == 1
    )
    assert describe_run(train_config("280B"), POD, None).model_parallel == 2  # 1,536 windows


@pytest.mark.parametrize("text", ["v5p", "v5p:", "v9:2x2", "v5p:0x2", "v5p:2x", "v5p:2x2x2x2"])
def test_chips_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected a kind"):
        ChipSlice.parse(text)


def test_mesh_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ConfigError, match="divide"):
        describe_run(train_config("7.1B"), POD, 3)


def test_run_that_cannot_fit_is_refused_before_it_compiles(
    small_run: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = make_layout()
    require_fits(small_run, layout)  # this processor does not say what it holds
    monkeypatch.setattr(describe_module, "_device_bytes", lambda: 2**30)
    require_fits(small_run, layout)
    large = dataclasses.replace(small_run, batch_windows=2**20)
    with pytest.raises(ConfigError, match="a device, which has"):
        require_fits(large, layout)


def test_command_tells_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "--describe", "--preset", "7.1B", "--chips", "v5p:4x4x4"]
    assert main([*arguments, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["fits"]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert re.search(rf"memory +{plan['peak_gib_per_chip']:.1f} of 95.7 GiB a chip: fits", told)


@pytest.mark.parametrize(
    "arguments", [["--describe"], ["--chips", "v5p:2x2"], ["--json"], []], ids=" ".join
)
def test_arguments_that_do_not_go_together_are_refused(arguments: list[str]) -> None:
    assert main(["train", *arguments]) == 2
