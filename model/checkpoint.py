"""Checkpoints: the state, what it is the state of, and a record that both are whole."""

from __future__ import annotations

import dataclasses
import errno
import functools
import itertools
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
from massivetext.model.checksums import RECORD_FILE, damage, write_record, write_whole
from massivetext.model.configs import TrainConfig, config_from_record
from massivetext.model.data import DataIdentity
from massivetext.model.errors import TrainingDivergedError
from massivetext.model.step import TrainState

KEPT_CHECKPOINTS: Final = 2
"""Our choice: the last one, and the one before it."""

_STATE, _RUN_FILE = "state", "run.json"

_OLDER_RUN_FILE: Final = "run/metadata"
"""The same record where the versions without checksums had it, by orbax's CheckpointManager."""

_COMMIT_FILE, _COMMIT_TIME = "_CHECKPOINT_METADATA", "commit_timestamp_nsecs"
"""Where orbax says when it committed a folder; null until then."""

_UNFINISHED: Final = f"no {RECORD_FILE}, and orbax did not commit it"


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

    A checkpoint counts once `checksums.json` stands in it. One without is of an older version: it
    counts if orbax committed it, and is never deleted. Nothing is written before `save`, so that a
    folder can be read that belongs to somebody else or to a run that goes on.
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
        return [s for s in self._steps if _has_record(self._of(s)) or _committed(self._of(s))]

    def newest_sound(self) -> int | None:
        """Step of the newest checkpoint that is whole, as far as can be known.

        Tells of those after it that are not, and of one that has no checksums. None if no
        checkpoint was ever finished.

        Raises:
            ConfigError: every finished one is damaged.
        """
        passed_over: list[str] = []
        for step in reversed(self._steps):
            problem = self._problem(step)
            if problem is None:
                for message in passed_over:
                    tell("warning", f"{message}; using that of step {step}", level="warning")
                self._tell_if_unchecked(step)
                return step
            passed_over.append(problem)
        if self.finished_steps:
            raise ConfigError(f"{'; '.join(passed_over)}; no sound one is left")
        for message in passed_over:
            tell("warning", f"{message}; there is none before it", level="warning")
        return None

    def discard_after(self, step: int | None) -> None:
        """Clears the way of later steps, which are damaged or unfinished; None: of all."""
        for later in self._steps:
            if step is None or later > step:
                self._clear(later)

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
        if problem := self._problem(step):
            raise ConfigError(problem)
        self._tell_if_unchecked(step)
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
        if (self._of(step) / _STATE).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._of(step)))
        with self._told_plainly(step):
            self._of(step).mkdir(parents=True, exist_ok=True)
            _require_space(self._of(step), state)
            if jax.process_index() == 0:
                content = json.dumps(run.to_json()).encode()
                write_whole(self._of(step) / _RUN_FILE, content)
            self._checkpointer.save(self._of(step).absolute() / _STATE, state)
        self._saving = self._background.submit(self._finish, step)

    def run(self, step: int) -> RunRecord:
        """What the checkpoint of a step is a checkpoint of.

        Raises:
            ConfigError: another version of this program wrote it.
        """
        path = self._of(step) / _RUN_FILE
        if not path.exists() and not _has_record(self._of(step)):
            path = self._of(step) / _OLDER_RUN_FILE
        try:
            return RunRecord.from_json(json.loads(path.read_bytes()))
        except (ValueError, TypeError, KeyError, FileNotFoundError, NotADirectoryError) as error:
            raise ConfigError(f"{path} is of another version of this program: {error!r}") from None

    def restore(self, step: int, shapes: TrainState) -> TrainState:
        """The state at a step, in the shardings of `shapes`, which may be another mesh's.

        Raises:
            ConfigError: it has no checksums, and orbax cannot read it.
        """
        try:
            state: TrainState = self._checkpointer.restore(
                self._of(step).absolute() / _STATE, target=shapes
            )
        except Exception as error:  # orbax and TensorStore have many kinds for one thing
            if _has_record(self._of(step)):
                raise
            raise ConfigError(
                f"{self._of(step)}: the checkpoint has no {RECORD_FILE} and cannot be read "
                f"({_reason(error)}); move it away to use the one before it"
            ) from error
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

    def _problem(self, step: int) -> str | None:
        """What forbids to use a checkpoint, in a line; None if nothing is known to."""
        folder = self._of(step)
        if not _has_record(folder):
            unfinished = f"{folder}: the checkpoint was never finished ({_UNFINISHED})"
            return None if _committed(folder) else unfinished
        found = damage(folder)
        return found and f"{folder}: the checkpoint is damaged ({found})"

    def _tell_if_unchecked(self, step: int) -> None:
        if not _has_record(self._of(step)):
            _tell_unchecked(self._of(step))

    def _finish(self, step: int) -> None:
        """Runs in the background: the record comes last, then old checkpoints go."""
        with self._told_plainly(step):
            self._checkpointer.wait_until_finished()
            if jax.process_index() == 0:
                write_record(self._of(step))
                recorded = [step for step in self._steps if _has_record(self._of(step))]
                for old in recorded[:-KEPT_CHECKPOINTS]:
                    self._delete(old)

    def _clear(self, step: int) -> None:
        """Makes way for a checkpoint: deletes a damaged one or what was never finished.

        A state without a record may be all that is left of an older version's. It is renamed.
        """
        folder = self._of(step)
        if _has_record(folder) or not (folder / _STATE).exists():
            self._delete(step)
            return
        names = (self.folder / f"{step}.unfinished-{count}" for count in itertools.count(1))
        with suppress(FileNotFoundError):  # another process of the run was faster
            folder.rename(next(path for path in names if not path.exists()))

    def _delete(self, step: int) -> None:
        """The state goes first: what a kill leaves then cannot be taken for a checkpoint."""
        folder = self._of(step)
        with suppress(FileNotFoundError, NotADirectoryError):
            (folder / _STATE).rename(folder / f"{_STATE}{ocp.utils.TMP_DIR_SUFFIX}-deleted")
        (folder / RECORD_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _told_plainly(self, step: int) -> Iterator[None]:
        """Makes one error of what orbax raises and logs, and leaves nothing half-written behind."""
        try:
            with _quiet_orbax():
                yield
        except Exception as error:
            self._delete(step)
            raise OSError(
                f"cannot save the checkpoint of step {step} to {self._of(step)}: "
                f"{_reason(error)}; {self._saved}; run the same command "
                f"again to continue from there"
            ) from error


def _has_record(folder: Path) -> bool:
    return (folder / RECORD_FILE).exists()


def _committed(folder: Path) -> bool:
    """Whether orbax finished the state in a folder: it has its last name, and a time of commit.

    Versions without checksums had the folder committed, later ones the state in it.
    """
    state = folder / _STATE
    root = state if (state / _COMMIT_FILE).exists() else folder
    if not all(ocp.utils.is_checkpoint_finalized(path) for path in (folder, state)):
        return False
    try:
        told = json.loads((root / _COMMIT_FILE).read_bytes())
    except (ValueError, FileNotFoundError):
        return False
    return isinstance(told, dict) and told.get(_COMMIT_TIME) is not None


@functools.cache
def _tell_unchecked(folder: Path) -> None:
    """Once a process: a run that ends is read again, to be evaluated."""
    message = f"{folder}: an older version made this checkpoint, without {RECORD_FILE}: "
    tell("warning", f"{message}its bytes cannot be checked", level="warning")


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
