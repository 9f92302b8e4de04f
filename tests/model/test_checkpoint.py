"""Checkpoints that are damaged, unfinished, of an older version, or not finite numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

from massivetext.config import ConfigError
from massivetext.model.checkpoint import Checkpoints, RunRecord
from massivetext.model.checksums import RECORD_FILE, damage
from massivetext.model.configs import TrainConfig
from massivetext.model.data import DataIdentity
from massivetext.model.errors import TrainingDivergedError
from massivetext.model.step import TrainState
from tests import outputs

TEMPORARY = ocp.utils.TMP_DIR_SUFFIX
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
    "empty run": lambda folder: (folder / "run.json").write_bytes(b""),
    "no state": lambda folder: shutil.rmtree(folder / "state"),
}


def _without_record(folder: Path) -> Path:
    (folder / RECORD_FILE).unlink()
    return folder


def _without_time_of_commit(folder: Path) -> None:
    path = folder / "state/_CHECKPOINT_METADATA"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"commit_timestamp_nsecs": None}))


UNFINISHED: dict[str, Callable[[Path], object]] = {
    "temporary state": lambda folder: (folder / "state").rename(folder / f"state{TEMPORARY}"),
    "no state": lambda folder: shutil.rmtree(folder / "state"),
    "no time of commit": _without_time_of_commit,
    "no commit": lambda folder: (folder / "state/_CHECKPOINT_METADATA").unlink(),
    "torn commit": lambda folder: (folder / "state/_CHECKPOINT_METADATA").write_text("{"),
    "empty state": lambda folder: (shutil.rmtree(folder / "state"), (folder / "state").mkdir()),
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


@pytest.mark.parametrize("kind", UNFINISHED)
def test_one_without_a_record_that_orbax_did_not_commit_is_passed_over(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    UNFINISHED[kind](_without_record(folder / "20"))
    checkpoints = Checkpoints(folder)
    assert checkpoints.newest_sound() == BEFORE
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "20: the checkpoint was never finished" in said
    assert "using that of step 10" in said
    with pytest.raises(ConfigError, match="no checkpoint of step 20; saved steps: 10"):
        checkpoints.require(NEWEST)
    checkpoints.close()


@pytest.mark.parametrize("kind", UNFINISHED)
def test_a_state_without_a_record_is_renamed_and_not_deleted(
    folder: Path, run: RunRecord, kind: str
) -> None:
    UNFINISHED[kind](_without_record(folder / "20"))
    left = outputs.files(folder / "20") if (folder / "20/state").exists() else {}
    checkpoints = Checkpoints(folder)
    checkpoints.discard_after(BEFORE)
    assert checkpoints.finished_steps == [BEFORE]
    checkpoints.save(state_of(NEWEST), run)
    checkpoints.close()
    assert damage(folder / "20") is None
    aside = folder / "20.unfinished-1"
    assert (outputs.files(aside) if aside.exists() else {}) == left


def _as_older_versions_saved(folder: Path, run: RunRecord, *steps: int) -> None:
    """Checkpoints as the trainer wrote them before it took checksums."""
    with ocp.CheckpointManager(folder.absolute()) as manager:
        for step in steps:
            items = ocp.args.Composite(
                state=ocp.args.StandardSave(state_of(step)), run=ocp.args.JsonSave(run.to_json())
            )
            manager.save(step, args=items)


def test_one_of_an_older_version_is_used_with_a_line(
    run: RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _as_older_versions_saved(tmp_path, run, BEFORE, NEWEST)
    capsys.readouterr()
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.newest_sound() == NEWEST
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{tmp_path}/20: an older version made this checkpoint" in said
    assert "its bytes cannot be checked" in said
    assert checkpoints.require(BEFORE) == BEFORE
    assert f"{tmp_path}/10: an older version" in capsys.readouterr().err
    assert checkpoints.run(NEWEST) == run
    restored = checkpoints.restore(NEWEST, state_of(0))
    np.testing.assert_array_equal(restored.parameters["w"], np.full((64, 64), 21))
    checkpoints.close()


def test_one_whose_record_is_gone_is_used_with_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _without_record(folder / "20")
    assert newest_sound(folder) == NEWEST
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "its bytes cannot be checked" in said


def test_those_of_an_older_version_stay_whatever_follows(run: RunRecord, tmp_path: Path) -> None:
    _as_older_versions_saved(tmp_path, run, 3, BEFORE, NEWEST)
    older = {step: outputs.files(tmp_path / step) for step in ("3", "10", "20")}
    checkpoints = Checkpoints(tmp_path)
    checkpoints.discard_after(checkpoints.newest_sound())
    checkpoints.save(state_of(NEWEST, weight=7.0), run)
    for step in (30, 40, 50):
        checkpoints.save(state_of(step), run)
    checkpoints.close()
    assert {path.name for path in tmp_path.iterdir()} == {*older, "40", "50"}
    assert {step: outputs.files(tmp_path / step) for step in older} == older


def test_what_an_older_version_left_unfinished_is_passed_over(
    run: RunRecord, tmp_path: Path
) -> None:
    _as_older_versions_saved(tmp_path, run, BEFORE, NEWEST)
    (tmp_path / "20").rename(tmp_path / f"20{TEMPORARY}")
    assert newest_sound(tmp_path) == BEFORE
    (tmp_path / "10/_CHECKPOINT_METADATA").unlink()
    assert newest_sound(tmp_path) is None


def test_one_without_a_record_that_cannot_be_read_is_told_and_stays(
    run: RunRecord, tmp_path: Path
) -> None:
    _as_older_versions_saved(tmp_path, run, NEWEST)
    for path in (tmp_path / "20/state").rglob("manifest.ocdbt"):
        path.write_bytes(b"")
    (tmp_path / "20/run/metadata").write_text("{")
    left = outputs.files(tmp_path)
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(ConfigError, match=r"20: the checkpoint has no checksums.json and cannot"):
        checkpoints.restore(NEWEST, state_of(0))
    with pytest.raises(ConfigError, match=r"run/metadata is of another version"):
        checkpoints.run(NEWEST)
    checkpoints.close()
    assert outputs.files(tmp_path) == left


@pytest.mark.parametrize(
    ("before", "expected"), [("rename", BEFORE), ("unlink", "damaged"), ("rmtree", None)]
)
def test_what_a_killed_deletion_leaves_is_no_checkpoint(
    folder: Path, before: str, expected: int | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only step 10 is there, and the kill comes right before this call of its deletion."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    shutil.rmtree(folder / "20")
    checkpoints = Checkpoints(folder)
    with monkeypatch.context() as patch:
        patch.setattr(shutil if before == "rmtree" else Path, before, killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoints._delete(BEFORE)
    checkpoints.close()
    if expected == "damaged":
        with pytest.raises(ConfigError, match=r"is missing.*no sound one is left"):
            newest_sound(folder)
    else:
        assert newest_sound(folder) == expected


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
