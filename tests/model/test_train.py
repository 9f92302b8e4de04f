from __future__ import annotations

import dataclasses
import math
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from massivetext.config import ConfigError
from massivetext.model.checkpoint import Checkpoints
from massivetext.model.checksums import RECORD_FILE
from massivetext.model.configs import TrainConfig
from massivetext.model.data import SequenceReader, WindowOrder
from massivetext.model.errors import TrainingDivergedError
from massivetext.model.metrics import read_metrics
from massivetext.model.sharding import Layout, make_layout
from massivetext.model.step import TrainState, state_shardings
from massivetext.model.train import RunOptions, TrainResult, train
from massivetext.sequencing.dataset import Dataset
from tests import outputs

Listed = Callable[[int], SequenceReader]


@dataclass
class InterruptingRecords:
    """Records that send this process a signal when so many have been read."""

    records: SequenceReader
    interrupt_at: int
    reads: int = 0

    @property
    def dataset(self) -> Dataset:
        return self.records.dataset

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> np.ndarray:
        self.reads += 1
        if self.reads == self.interrupt_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.records[index]

    def locate(self, index: int) -> tuple[int, int]:
        return self.records.locate(index)


def one_device() -> Layout:
    return make_layout(data_parallel=1)


def saved_state(folder: Path, config: TrainConfig, step: int, layout: Layout) -> TrainState:
    checkpoints = Checkpoints(folder / "checkpoints")
    try:
        return checkpoints.restore(step, state_shardings(config, layout))
    finally:
        checkpoints.close()


@dataclass(frozen=True)
class Finished:
    folder: Path
    result: TrainResult
    state: TrainState


@pytest.fixture(scope="module")
def straight(
    listed_records: Listed, small_run: TrainConfig, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """A run without interruption, which saved at steps 25, 50 and 60."""
    folder = tmp_path_factory.mktemp("straight")
    options = RunOptions(folder, save_every=25, quiet=True)
    result = train(listed_records(40), small_run, one_device(), options)
    return Finished(folder, result, saved_state(folder, small_run, 60, one_device()))


def without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    timed = ("seconds", "input_wait_seconds", "tokens_per_second")
    return [{k: v for k, v in row.items() if k not in timed} for row in rows]


def test_run_logs_every_step_and_learns(straight: Finished) -> None:
    rows = straight.result.rows
    assert [row["step"] for row in rows] == list(range(60))
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.3
    assert rows[-1]["tokens"] == 60 * 8 * 32
    assert rows[-1]["epoch"] == pytest.approx(60 * 8 / 80)
    assert rows[0]["learning_rate"] == pytest.approx(1e-7)
    assert all(row["tokens_per_second"] > 0 for row in rows)
    assert "<svg" in (straight.folder / "loss.svg").read_text()


def test_only_the_newest_checkpoints_are_kept(straight: Finished) -> None:
    names = {path.name for path in (straight.folder / "checkpoints").iterdir()}
    assert names == {"50", "60"}


def test_interrupted_run_continues_bit_for_bit(
    straight: Finished, listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    options = RunOptions(tmp_path, quiet=True)
    interrupting = InterruptingRecords(listed_records(40), interrupt_at=20 * 8)
    stopped = train(interrupting, small_run, one_device(), options)
    assert 0 < stopped.step < 60
    finished = train(listed_records(40), small_run, one_device(), options)
    assert finished.step == 60
    assert without_times(finished.rows) == without_times(straight.result.rows)
    state = saved_state(tmp_path, small_run, 60, one_device())
    jax.tree.map(np.testing.assert_array_equal, state, straight.state)


def test_finished_run_is_left_alone(
    straight: Finished, listed_records: Listed, small_run: TrainConfig
) -> None:
    log = (straight.folder / "metrics.jsonl").read_bytes()
    options = RunOptions(straight.folder, quiet=True)
    assert train(listed_records(40), small_run, one_device(), options).step == 60
    assert (straight.folder / "metrics.jsonl").read_bytes() == log


def test_checkpoint_loads_on_another_mesh(straight: Finished, small_run: TrainConfig) -> None:
    layout = make_layout(model_parallel=2)
    state = saved_state(straight.folder, small_run, 60, layout)
    assert len(state.parameters["blocks"]["mlp"]["up"].sharding.device_set) == 8
    jax.tree.map(np.testing.assert_array_equal, state, straight.state)


@pytest.mark.slow
def test_run_continues_on_another_mesh(
    straight: Finished, listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    options = RunOptions(tmp_path, quiet=True)
    interrupting = InterruptingRecords(listed_records(40), interrupt_at=20 * 8)
    train(interrupting, small_run, one_device(), options)
    rows = train(listed_records(40), small_run, make_layout(model_parallel=2), options).rows
    for ours, theirs in zip(rows, straight.result.rows, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)


def test_another_run_in_the_folder_is_refused_with_the_difference(
    straight: Finished, listed_records: Listed, small_run: TrainConfig
) -> None:
    options = RunOptions(straight.folder, quiet=True)
    shorter = dataclasses.replace(small_run, steps=59)
    with pytest.raises(ConfigError, match=r"config\.steps was 60, is 59"):
        train(listed_records(40), shorter, one_device(), options)
    with pytest.raises(ConfigError, match="dataset_sha256"):
        train(listed_records(41), small_run, one_device(), options)


def test_diverged_run_names_its_records(
    listed_records: Listed,
    small_run: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loss of step 6 is not a number; step 5 was saved, and nothing after it."""

    def fake_step(state: TrainState, _: object) -> tuple[TrainState, dict[str, float]]:
        loss = math.nan if int(state.step) == 6 else 4.0
        return dataclasses.replace(state, step=state.step + 1), {"loss": loss}

    monkeypatch.setattr("massivetext.model.train.make_train_step", lambda *_: fake_step)
    order = WindowOrder(40, 2, small_run.seed)
    record = min(order[place][0] for place in range(6 * 8, 7 * 8))
    named = rf"loss is nan at step 6, .*shard-{record // 8}\[{record % 8}\].*checkpoint.* step 5"
    with pytest.raises(TrainingDivergedError, match=named):
        train(listed_records(40), small_run, one_device(), RunOptions(tmp_path, 5, quiet=True))
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"5"}
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")] == [*range(6)]


@pytest.mark.parametrize("name", ["loss", "gradient_norm", "update_norm", "parameter_norm"])
@pytest.mark.parametrize(("step", "kept"), [(0, set()), (4, set()), (5, {"5"}), (59, {"50", "55"})])
def test_nothing_that_is_not_finite_is_saved(
    listed_records: Listed,
    small_run: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    step: int,
    kept: set[str],
) -> None:
    """A number of the first step, of one that is saved, the one after it, and the last."""

    def fake_step(state: TrainState, _: object) -> tuple[TrainState, dict[str, float]]:
        metrics = dict.fromkeys(("loss", "gradient_norm", "update_norm", "parameter_norm"), 4.0)
        if int(state.step) == step:
            metrics[name] = math.inf
        return dataclasses.replace(state, step=state.step + 1), metrics

    monkeypatch.setattr("massivetext.model.train.make_train_step", lambda *_: fake_step)
    message = rf"{name.replace('_', ' ')} is inf at step {step},"
    with pytest.raises(TrainingDivergedError, match=message):
        train(listed_records(40), small_run, one_device(), RunOptions(tmp_path, 5, quiet=True))
    assert {path.name for path in (tmp_path / "checkpoints").glob("*")} == kept


def test_finished_run_goes_on_to_more_steps(
    straight: Finished, listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    shutil.copytree(straight.folder, tmp_path, dirs_exist_ok=True)
    longer = dataclasses.replace(small_run, steps=66)
    result = train(listed_records(40), longer, one_device(), RunOptions(tmp_path, quiet=True))
    assert [row["step"] for row in result.rows] == list(range(66))
    assert without_times(result.rows[:60]) == without_times(straight.result.rows)
    assert np.isfinite([row["loss"] for row in result.rows]).all()
    options = RunOptions(tmp_path, quiet=True)
    with pytest.raises(ConfigError, match=r"config\.steps was 66, is 60"):
        train(listed_records(40), small_run, one_device(), options)


def test_damaged_checkpoint_is_made_again(
    straight: Finished, listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    shutil.copytree(straight.folder, tmp_path, dirs_exist_ok=True)
    files = [path for path in (tmp_path / "checkpoints/60").rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.write_bytes(np.random.default_rng(0).bytes(20_000))
    options = RunOptions(tmp_path, quiet=True)
    assert train(listed_records(40), small_run, one_device(), options).step == 60
    state = saved_state(tmp_path, small_run, 60, one_device())
    jax.tree.map(np.testing.assert_array_equal, state, straight.state)


def test_run_continues_from_a_checkpoint_without_checksums_and_keeps_it(
    straight: Finished, listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    shutil.copytree(straight.folder, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "checkpoints/60")
    older = tmp_path / "checkpoints/50"
    (older / RECORD_FILE).unlink()
    left = outputs.files(older)
    options = RunOptions(tmp_path, save_every=3, quiet=True)
    assert train(listed_records(40), small_run, one_device(), options).step == 60
    state = saved_state(tmp_path, small_run, 60, one_device())
    jax.tree.map(np.testing.assert_array_equal, state, straight.state)
    assert {path.name for path in older.parent.iterdir()} == {"50", "57", "60"}
    assert outputs.files(older) == left


def test_output_that_is_no_folder_is_refused(
    listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "odd/checkpoints").mkdir(parents=True)
    (tmp_path / "odd/checkpoints").rmdir()
    (tmp_path / "odd/checkpoints").touch()
    for output in ("file", "file/below", "odd", "x" * 300):
        options = RunOptions(tmp_path / output, quiet=True)
        with pytest.raises(ConfigError, match="choose another folder"):
            train(listed_records(40), small_run, one_device(), options)


def test_shards_and_meshes_that_do_not_fit_are_refused(
    listed_records: Listed, small_run: TrainConfig, tmp_path: Path
) -> None:
    def attempt(message: str, config: TrainConfig, records: int = 40) -> None:
        with pytest.raises(ConfigError, match=message):
            train(listed_records(records), config, make_layout(), RunOptions(tmp_path, quiet=True))

    smaller = dataclasses.replace(small_run.model, vocab_size=60)
    attempt("61 pieces", dataclasses.replace(small_run, model=smaller))
    attempt("no sequence", small_run, records=0)
    attempt("8 data-parallel devices", dataclasses.replace(small_run, batch_windows=4))
    odd = dataclasses.replace(small_run.model, window=48)
    attempt("divides the record", dataclasses.replace(small_run, model=odd))
    assert not list(tmp_path.iterdir())
