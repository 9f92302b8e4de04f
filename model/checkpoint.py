"""Checkpoints: the state, and what it is the state of, so that no run continues another's."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orbax.checkpoint as ocp

from massivetext.config import ConfigError
from massivetext.model.configs import TrainConfig, config_from_record
from massivetext.model.data import DataIdentity
from massivetext.model.step import TrainState

KEPT_CHECKPOINTS: Final = 2
"""Our choice: the last one, and the one before it."""

_STATE, _RUN = "state", "run"


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

    def require_same(self, stored: RunRecord, folder: Path) -> None:
        """Raises ConfigError, naming every difference, if `stored` is another run's record."""
        ours, theirs = _flat(self.to_json()), _flat(stored.to_json())
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
    """The checkpoints in a folder, one a step; saving goes on in the background."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        options = ocp.CheckpointManagerOptions(
            max_to_keep=KEPT_CHECKPOINTS, create=False, cleanup_tmp_directories=folder.exists()
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._manager = ocp.CheckpointManager(folder.absolute(), options=options)

    @property
    def latest(self) -> int | None:
        """Step of the newest checkpoint, None if there is none."""
        step: int | None = self._manager.latest_step()
        return step

    def require(self, step: int | None) -> int:
        """A step that there is a checkpoint of; None asks for the newest.

        Raises:
            ConfigError: there is none.
        """
        there = sorted(self._manager.all_steps())
        if not there or step not in (None, *there):
            wanted = "checkpoint" if step is None else f"checkpoint of step {step}"
            saved = ", ".join(map(str, there)) or "none"
            raise ConfigError(f"{self.folder} holds no {wanted}; saved steps: {saved}")
        return there[-1] if step is None else step

    def save(self, state: TrainState, run: RunRecord) -> None:
        """Starts to save the state under its step, unless that is saved already."""
        step = int(state.step)
        if step == self.latest:
            return
        items = ocp.args.Composite(
            **{_STATE: ocp.args.StandardSave(state), _RUN: ocp.args.JsonSave(run.to_json())}
        )
        self._manager.save(step, args=items)

    def run(self, step: int) -> RunRecord:
        """What the checkpoint of a step is a checkpoint of."""
        items = self._manager.restore(step, args=ocp.args.Composite(run=ocp.args.JsonRestore()))
        return RunRecord.from_json(items[_RUN])

    def restore(self, step: int, shapes: TrainState) -> TrainState:
        """The state at a step, in the shardings of `shapes`, which may be another mesh's."""
        items = self._manager.restore(
            step, args=ocp.args.Composite(state=ocp.args.StandardRestore(shapes))
        )
        state: TrainState = items[_STATE]
        return state

    def close(self) -> None:
        """Waits for what is being saved."""
        self._manager.wait_until_finished()
        self._manager.close()


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        flat |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat
