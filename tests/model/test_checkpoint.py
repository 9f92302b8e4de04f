"""Checkpoints that are damaged, unfinished or not finite numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from massivetext.config import ConfigError
from massivetext.model.checkpoint import Checkpoints, RunRecord
from massivetext.model.checksums import RECORD_FILE, damage
from massivetext.model.configs import TrainConfig
from massivetext.model.data import DataIdentity
from massivetext.model.errors import TrainingDivergedError
from massivetext.model.step import TrainState

NEWEST, BEFORE = 20, 10


def state_of(step: int, weight: float = 1.0) -> TrainState:
    weights = jnp.full((64, 64), weight, jnp.float32) + step
    return TrainState({"w": weights}, (jnp.zeros(3),), jnp.int32(step))


@pytest.fixture
def run(small_run: TrainConfig) -> RunRecord:
    return RunRecord(small_run, DataIdentity("d", "t", 61, 1, 2))


@pytest.fixture
def folder(run: RunRecord, tmp_path: Path) -> Path:
    """Checkpoints of steps 10 and 20."""
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for step in (5, BEFORE, NEWEST):
        checkpoints.save(state_of(step), run)
    checkpoints.close()
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"10", "20"}
    return tmp_path / "checkpoints"


def newest_sound(folder: Path) -> int | None:
    checkpoints = Checkpoints(folder)
    try:
        return checkpoints.newest_sound()
    finally:
        checkpoints.close()


def test_what_is_saved_comes_back(folder: Path, run: RunRecord) -> None:
    checkpoints = Checkpoints(folder)
    assert checkpoints.run(NEWEST) == run
    restored = checkpoints.restore(NEWEST, state_of(0))
    np.testing.assert_array_equal(restored.parameters["w"], np.full((64, 64), 21))
    checkpoints.close()


def test_a_flipped_bit_anywhere_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(path for path in (folder / "20").rglob("*") if path.is_file())
    assert {"run.json", RECORD_FILE} < {path.name for path in paths}
    rng = np.random.default_rng(0)
    for path in paths:
        content = path.read_bytes()
        for place in {0, len(content) - 1, int(rng.integers(max(1, len(content))))}:
            if content:
                flipped = bytearray(content)
                flipped[place] ^= 1 << int(rng.integers(8))
                path.write_bytes(flipped)
                assert damage(folder / "20") is not None, (path, place)
        path.write_bytes(content)
    assert damage(folder / "20") is None
    capsys.readouterr()


def _cut(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut file": _cut,
    "empty record": lambda folder: (folder / RECORD_FILE).write_bytes(b""),
    "record of another kind": lambda folder: (folder / RECORD_FILE).write_text("[1]"),
    "record of odd values": lambda folder: (folder / RECORD_FILE).write_text('{"run.json": 1}'),
    "no record": lambda folder: (folder / RECORD_FILE).unlink(),
    "empty run": lambda folder: (folder / "run.json").write_bytes(b""),
    "no state": lambda folder: shutil.rmtree(folder / "state"),
    "nothing": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_the_one_before_a_damaged_one_is_used(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    DAMAGES[kind](folder / "20")
    assert newest_sound(folder) == BEFORE
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "damaged" in said
    assert "using that of step 10" in said


def test_without_a_sound_one_nothing_starts_anew_in_silence(folder: Path) -> None:
    for step in ("10", "20"):
        (folder / step / "run.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"damaged.*no sound one is left"):
        newest_sound(folder)


def test_a_damaged_one_that_is_asked_for_is_refused(folder: Path) -> None:
    (folder / "20" / "run.json").write_text("{}")
    checkpoints = Checkpoints(folder)
    with pytest.raises(ConfigError, match=r"damaged \(run.json"):
        checkpoints.require(NEWEST)
    with pytest.raises(ConfigError, match="no checkpoint of step 7; saved steps: 10, 20"):
        checkpoints.require(7)
    assert checkpoints.require(BEFORE) == BEFORE
    checkpoints.close()


def test_a_record_of_another_version_is_named(folder: Path) -> None:
    path = folder / "20" / "run.json"
    path.write_text(json.dumps({"config": {"unknown": 1}, "data": {}}))
    checkpoints = Checkpoints(folder)
    with pytest.raises(ConfigError, match="another version"):
        checkpoints.run(NEWEST)
    checkpoints.close()


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", ["weights", "moments"])
def test_what_is_not_finite_is_not_saved(
    folder: Path, run: RunRecord, place: str, value: float
) -> None:
    weights = jnp.ones((64, 64)).at[3, 5].set(value if place == "weights" else 1)
    moments = jnp.zeros(3).at[1].set(value if place == "moments" else 0)
    checkpoints = Checkpoints(folder)
    broken = TrainState({"w": weights}, (moments,), jnp.int32(30))
    with pytest.raises(
        TrainingDivergedError, match=r"after step 29 .* the last one is that of step 20"
    ):
        checkpoints.save(broken, run)
    checkpoints.close()
    assert not (folder / "30").exists()


def test_a_save_that_fails_is_one_line_and_leaves_the_others(
    folder: Path, run: RunRecord, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("massivetext.model.checkpoint.write_record", full)
    checkpoints = Checkpoints(folder)
    checkpoints.save(state_of(30), run)
    with pytest.raises(OSError, match=r"step 30 to .*: No space left on device; .* step 20"):
        checkpoints.wait()
    checkpoints.close()
    assert {path.name for path in folder.iterdir()} == {"10", "20"}
    assert not caplog.records
