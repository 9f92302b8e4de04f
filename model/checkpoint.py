"""Checkpoints: the state, what it is the state of, and a record that both are whole."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp

from massivetext.config import ConfigError
from massivetext.events import tell
from massivetext.model.checksums import RECORD_FILE, damage, write_record
from massivetext.model.configs import TrainConfig, config_from_record
from massivetext.model.data import DataIdentity
from massivetext.model.errors import TrainingDivergedError
from massivetext.model.step import TrainState

KEPT_CHECKPOINTS: Final = 2
"""Our choice: the last one, and the one before it."""

_STATE, _RUN_FILE = "state", "run.json"


@dataclass(frozen=True)
class RunRecord:
    """The run that a checkpoint belongs to; it lies in every checkpoint as JSON."""

    config: TrainConfig
    data: DataIdentity

    def to_json(self) -> dict[str, Any]:
        """The record as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> RunRecord:
        """The record that `to_json` gave."""
        return cls(config_from_record(record["config"]), DataIdentity(**record["data"]))

    def require_same(self, stored: RunRecord, step: int, folder: Path) -> None:
        """Raises ConfigError, naming every difference, if `stored` is another run's record.

        A run that is finished at `step` may get more steps. Its schedule is then that of the new
        number, from here on. One whose batch doubles may not: its windows would be other ones.
        """
        ours, theirs = _flat(self.to_json()), _flat(stored.to_json())
        if step == stored.config.steps < self.config.steps and not self.config.batch_doubles:
            theirs["config.steps"] = ours["config.steps"]
        differences = [
            f"{name} was {theirs[name]}, is {value}"
            for name, value in ours.items()
            if theirs[name] != value
        ]
        if differences:
            raise ConfigError(
                f"{folder} holds another run ({'; '.join(differences)}): choose another --output, "
                f"or --restart to replace it"
            )


class Checkpoints:
    """The checkpoints in a folder, one a step; saving goes on in the background.

    A checkpoint counts once `checksums.json` stands in it. Nothing is written before `save`, so
    that a folder can be read that belongs to somebody else or to a run that goes on.
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._checkpointer = ocp.StandardCheckpointer()
        self._background = ThreadPoolExecutor(max_workers=1)
        self._saving: Future[None] | None = None

    @property
    def latest(self) -> int | None:
        """Step of the newest finished checkpoint, None if there is none."""
        return max(self.finished_steps, default=None)

    @property
    def finished_steps(self) -> list[int]:
        """Steps whose checkpoints were finished, damaged ones among them, ascending."""
        return [step for step in self._steps if (self._of(step) / RECORD_FILE).exists()]

    def newest_sound(self) -> int | None:
        """Step of the newest checkpoint that is whole; tells of those after it that are not.

        None if no checkpoint was ever finished.

        Raises:
            ConfigError: every finished one is damaged.
        """
        damaged: list[str] = []
        for step in reversed(self._steps):
            problem = damage(self._of(step))
            if problem is None:
                for message in damaged:
                    tell("warning", f"{message}; using that of step {step}", level="warning")
                return step
            damaged.append(f"{self._of(step)}: the checkpoint is damaged ({problem})")
        if self.finished_steps:
            raise ConfigError(f"{'; '.join(damaged)}; no sound one is left")
        for message in damaged:
            tell("warning", f"{message}; there is none before it", level="warning")
        return None

    def discard_after(self, step: int | None) -> None:
        """Deletes what there is of later steps, which is damaged or unfinished; None: of all."""
        for later in self._steps:
            if step is None or later > step:
                self._delete(later)

    def require(self, step: int | None) -> int:
        """A step that there is a sound checkpoint of; None asks for the newest.

        Raises:
            ConfigError: there is none.
        """
        if step is None:
            step = self.newest_sound()
            if step is None:
                raise ConfigError(f"{self.folder} holds no checkpoint; saved steps: none")
            return step
        there = self.finished_steps
        if step not in there:
            saved = ", ".join(map(str, there)) or "none"
            raise ConfigError(
                f"{self.folder} holds no checkpoint of step {step}; saved steps: {saved}"
            )
        if problem := damage(self._of(step)):
            raise ConfigError(f"{self._of(step)}: the checkpoint is damaged ({problem})")
        return step

    def save(self, state: TrainState, run: RunRecord) -> None:
        """Starts to save the state under its step, unless that is saved already.

        Raises:
            TrainingDivergedError: the state holds a number that is not finite.
            OSError: this or the save before it failed.
        """
        self.wait()
        step = int(state.step)
        if step in self.finished_steps:
            return
        if not bool(_all_finite(state)):
            raise TrainingDivergedError(
                f"the state after step {step - 1} holds numbers that are not finite and is not "
                f"saved; {self._saved}: lower the learning rate"
            )
        with self._told_plainly(step):
            self._of(step).mkdir(parents=True, exist_ok=True)
            _require_space(self._of(step), state)
            self._checkpointer.save(self._of(step).absolute() / _STATE, state)
        self._saving = self._background.submit(self._finish, step, run)

    def run(self, step: int) -> RunRecord:
        """What the checkpoint of a step is a checkpoint of.

        Raises:
            ConfigError: another version of this program wrote it.
        """
        path = self._of(step) / _RUN_FILE
        try:
            return RunRecord.from_json(json.loads(path.read_bytes()))
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{path} is of another version of this program: {error!r}") from None

    def restore(self, step: int, shapes: TrainState) -> TrainState:
        """The state at a step, in the shardings of `shapes`, which may be another mesh's."""
        state: TrainState = self._checkpointer.restore(
            self._of(step).absolute() / _STATE, target=shapes
        )
        return state

    def wait(self) -> None:
        """Waits for what is being saved.

        Raises:
            OSError: it could not be saved.
        """
        saving, self._saving = self._saving, None
        if saving is not None:
            saving.result()

    def close(self) -> None:
        """Waits for what is being saved; nothing can be saved afterwards."""
        try:
            self.wait()
        finally:
            self._background.shutdown()
            with _quiet_orbax(), suppress(Exception):  # it says again what `wait` has said
                self._checkpointer.close()

    @property
    def _steps(self) -> list[int]:
        """All steps of which there is anything, ascending."""
        if not self.folder.is_dir():
            return []
        names = [path.name for path in self.folder.iterdir() if path.is_dir()]
        return sorted(int(name) for name in names if name.isascii() and name.isdecimal())

    @property
    def _saved(self) -> str:
        latest = self.latest
        return "none is saved yet" if latest is None else f"the last one is that of step {latest}"

    def _of(self, step: int) -> Path:
        return self.folder / str(step)

    def _finish(self, step: int, run: RunRecord) -> None:
        """Runs in the background: the record comes last, then old checkpoints go."""
        with self._told_plainly(step):
            self._checkpointer.wait_until_finished()
            if jax.process_index() == 0:
                (self._of(step) / _RUN_FILE).write_text(json.dumps(run.to_json()), encoding="utf-8")
                write_record(self._of(step))
                for old in self.finished_steps[:-KEPT_CHECKPOINTS]:
                    self._delete(old)

    def _delete(self, step: int) -> None:
        """The record goes first: what a kill leaves then was never finished."""
        (self._of(step) / RECORD_FILE).unlink(missing_ok=True)
        shutil.rmtree(self._of(step), ignore_errors=True)

    @contextmanager
    def _told_plainly(self, step: int) -> Iterator[None]:
        """Makes one error of what orbax raises and logs, and leaves nothing half-written behind."""
        try:
            with _quiet_orbax():
                yield
        except Exception as error:
            shutil.rmtree(self._of(step), ignore_errors=True)
            raise OSError(
                f"cannot save the checkpoint of step {step} to {self._of(step)}: "
                f"{_reason(error)}; {self._saved}; run the same command "
                f"again to continue from there"
            ) from error


_MOST_CHARACTERS: Final = 300
"""Our choice: of what orbax says of a failed save; it repeats paths and traces."""


def _reason(error: Exception) -> str:
    """What the system said, if orbax passes it on; else the beginning of what orbax says."""
    said = str(error)
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG, errno.EIO):
        if os.strerror(number) in said:
            return os.strerror(number)
    return " ".join(said.split())[:_MOST_CHARACTERS] or type(error).__name__


def _require_space(folder: Path, state: TrainState) -> None:
    """Raises OSError where this process's share of a state does not fit, before orbax begins."""
    shards = [shard for leaf in jax.tree.leaves(state) for shard in leaf.addressable_shards]
    needed = sum(shard.data.nbytes for shard in shards if shard.replica_id == 0)
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _quiet_orbax() -> Iterator[None]:
    """Keeps threads from telling the errors, with traces, that are raised here anyway.

    Orbax logs them. TensorStore's threads, once a save has failed, find its event loop closed.
    """
    logger, hook = logging.getLogger("absl"), sys.excepthook
    before = logger.level

    def tell_others(kind: type[BaseException], error: BaseException, trace: object) -> None:
        if str(error) != "Event loop is closed":
            hook(kind, error, cast(Any, trace))

    logger.setLevel(logging.CRITICAL + 1)
    sys.excepthook = tell_others
    try:
        yield
    finally:
        logger.setLevel(before)
        sys.excepthook = hook


@jax.jit
def _all_finite(state: TrainState) -> jax.Array:
    leaves = [leaf for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        flat |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat
