"""A training run: from shards to checkpoints, a log and a loss curve; it continues itself."""

from __future__ import annotations

import errno
import math
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jax
import numpy as np
from jax.sharding import Mesh

from massivetext.config import ConfigError
from massivetext.events import tell
from massivetext.interrupts import interrupt_message
from massivetext.model import flops
from massivetext.model.checkpoint import Checkpoints, RunRecord
from massivetext.model.configs import TrainConfig
from massivetext.model.data import (
    Batches,
    DataIdentity,
    SequenceReader,
    WindowOrder,
    windows_per_record,
)
from massivetext.model.describe import require_fits
from massivetext.model.errors import TrainingDivergedError
from massivetext.model.metrics import (
    CURVE_FILE,
    METRICS_FILE,
    LogRow,
    MetricsLog,
    draw_loss_curve,
    read_metrics,
)
from massivetext.model.progress import Show, progress
from massivetext.model.sharding import DATA_AXIS, Layout, global_array, local_rows
from massivetext.model.step import (
    Metrics,
    TrainState,
    create_state,
    make_train_step,
    state_shardings,
)
from massivetext.sequencing.dataset import TOKENIZER_FILE

CHECKPOINTS_FOLDER: Final = "checkpoints"

NAMED_RECORDS: Final = 8
"""Our choice: how many records of a diverged step an error names; the rest it counts."""


@dataclass(frozen=True)
class RunOptions:
    """What changes nothing in the numbers of a run.

    Attributes:
        output: folder of the checkpoints, the log, the curve and the tokenizer.
        save_every: steps between checkpoints; the last step is always saved.
        restart: replace whatever run the folder holds.
        quiet: no progress.
        tokenizer: the shards' tokenizer model, for the output folder; None if it is not at hand.
    """

    output: Path
    save_every: int = 1000
    restart: bool = False
    quiet: bool = False
    tokenizer: Path | None = None

    def __post_init__(self) -> None:
        if self.save_every < 1:
            raise ConfigError(f"save_every is {self.save_every} steps: it must be at least 1")

    @property
    def metrics_path(self) -> Path:
        """The log: one JSON object a step."""
        return self.output / METRICS_FILE

    @property
    def curve_path(self) -> Path:
        """The loss curve, an SVG image."""
        return self.output / CURVE_FILE


@dataclass(frozen=True)
class TrainResult:
    """How a run ended: steps done (fewer than asked if a signal stopped it), and its log.

    Attributes:
        step: steps done in all.
        rows: of its log.
        interrupted: whether Ctrl-C stopped it, which was told.
    """

    step: int
    rows: list[LogRow]
    interrupted: bool = False


def train(
    reader: SequenceReader, config: TrainConfig, layout: Layout, options: RunOptions
) -> TrainResult:
    """Trains to the configuration's last step, from the newest checkpoint in the output folder.

    Raises:
        ConfigError: before any work: the shards, the mesh or the folder do not fit the run.
        TrainingDivergedError: a loss, a norm or the state is not finite; nothing of it is saved.
        BadRecordError: a record that cannot be what `dataset.json` says.
    """
    batches = _batches(reader, config, layout)
    require_fits(config, layout)
    run = RunRecord(config, DataIdentity.of(reader.dataset))
    _require_writable(options.output)
    if options.restart:
        shutil.rmtree(options.output / CHECKPOINTS_FOLDER, ignore_errors=True)
    checkpoints = Checkpoints(options.output / CHECKPOINTS_FOLDER)
    try:
        state = _first_state(checkpoints, run, layout)
        first_step = int(state.step)
        if options.tokenizer:
            shutil.copyfile(options.tokenizer, options.output / TOKENIZER_FILE)
        log = MetricsLog(options.metrics_path, first_step)
        with _stop_on_signals() as stop, progress(config.steps, first_step, options.quiet) as show:
            loop = _Loop(run, layout, batches, checkpoints, log, show, stop, options.save_every)
            state = loop.go(state, first_step)
        log.close()
    finally:
        checkpoints.close()
    rows = read_metrics(options.metrics_path)
    draw_loss_curve(rows, config.model.vocab_size, options.curve_path)
    return TrainResult(int(state.step), rows, stop.number == signal.SIGINT)


def _batches(reader: SequenceReader, config: TrainConfig, layout: Layout) -> Batches:
    """The batches of the run, this host's rows of them; shards and mesh must fit the run."""
    dataset = reader.dataset
    if dataset.vocab_size > config.model.vocab_size:
        raise ConfigError(
            f"the shards' tokenizer has {dataset.vocab_size:,} pieces, the model's embedding "
            f"{config.model.vocab_size:,} rows: choose a model with a larger vocabulary"
        )
    if len(reader) == 0:
        raise ConfigError("the shards hold no sequences: there is nothing to train on")
    microbatch, data_parallel = (
        config.batch_windows // config.microbatches,
        layout.mesh.shape[DATA_AXIS],
    )
    if microbatch % data_parallel:
        raise ConfigError(
            f"{microbatch} windows a microbatch on {data_parallel} data-parallel devices: "
            f"choose a batch that they divide"
        )
    in_record = windows_per_record(dataset.sequence_length, config.model.window)
    shape = (config.microbatches, microbatch, config.model.window)
    return Batches(
        reader=reader,
        order=WindowOrder(len(reader), in_record, config.seed),
        plan=config.batches,
        microbatch=microbatch,
        rows=local_rows(layout.batch, shape),
        window=config.model.window,
        vocab_size=dataset.vocab_size,
    )


def _first_state(checkpoints: Checkpoints, run: RunRecord, layout: Layout) -> TrainState:
    """The newest sound checkpoint's state if there is one, which must be of this very run."""
    newest = checkpoints.newest_sound()
    if newest is None:
        checkpoints.discard_after(None)
        return create_state(run.config, run.data.bos, layout)
    stored = checkpoints.run(newest)
    run.require_same(stored, newest, checkpoints.folder.parent)
    if run.config.steps > stored.config.steps:
        tell(
            "warning",
            f"train: goes on from step {newest}, with the learning rates of a run of "
            f"{run.config.steps} steps",
            level="warning",
        )
    checkpoints.discard_after(newest)
    return checkpoints.restore(newest, state_shardings(run.config, layout))


def _require_writable(folder: Path) -> None:
    """Makes the output folder, before anything is compiled.

    Raises:
        ConfigError: it is no folder, or none that this program may write to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (CHECKPOINTS_FOLDER, METRICS_FILE, CURVE_FILE, TOKENIZER_FILE):
            path = folder / name
            if path.exists() and path.is_dir() != (name == CHECKPOINTS_FOLDER):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise _unusable(folder, error) from None
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP):
            raise
        raise _unusable(folder, error) from None


def _unusable(folder: Path, error: OSError) -> ConfigError:
    place = error.filename or folder
    return ConfigError(
        f"cannot write to --output: {place}: {error.strerror}; choose another folder"
    )


@dataclass
class _Stop:
    """Whether SIGTERM or SIGINT has asked the run to save and end, and which."""

    number: int | None = None

    @property
    def requested(self) -> bool:
        return self.number is not None

    def request(self, number: int, *_: object) -> None:
        if self.number is None and number == signal.SIGINT:
            tell("interrupted", f"{interrupt_message('train')}; saving, Ctrl-C again ends at once")
        self.number = number


@contextmanager
def _stop_on_signals() -> Iterator[_Stop]:
    """Signals set a flag meanwhile; only a main thread can ask for that."""
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    caught = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, stop.request) for number in caught]
    try:
        yield stop
    finally:
        for number, handler in zip(caught, before, strict=True):
            signal.signal(number, handler)


@dataclass
class _Loop:
    """The loop over steps. Metrics are read one step late, so that devices never wait for them."""

    run: RunRecord
    layout: Layout
    batches: Batches
    checkpoints: Checkpoints
    log: MetricsLog
    show: Show
    stop: _Stop
    save_every: int
    _pending: tuple[int, float, Metrics] | None = None
    _logged_at: float = 0.0

    def go(self, state: TrainState, first_step: int) -> TrainState:
        """Runs the steps from `first_step` on; the state it returns is saved."""
        config = self.run.config
        train_step = make_train_step(config, self.run.data.bos, self.layout)
        self._logged_at = time.perf_counter()
        windows = self.batches.from_step(first_step)
        for step in range(first_step, config.steps):
            asked_at = time.perf_counter()
            targets_AxBxT = self._to_device(next(windows), step)
            waited = time.perf_counter() - asked_at
            state, metrics = train_step(state, targets_AxBxT)
            self._log_pending()
            self._pending = (step, waited, metrics)
            ends = self.stop.requested or step + 1 == config.steps
            if ends or (step + 1) % self.save_every == 0:
                self._log_pending()
                self.checkpoints.save(state, self.run)
            if ends:
                break
        return state

    def _to_device(self, local_AxLxT: np.ndarray, step: int) -> jax.Array:
        plan, microbatch = self.batches.plan, self.batches.microbatch
        shape = (plan.size(step) // microbatch, microbatch, self.batches.window)
        return global_array(local_AxLxT, self.batches.rows, self.layout.batch, shape)

    def _log_pending(self) -> None:
        """Logs the last step's metrics; waits until it is done."""
        if self._pending is None:
            return
        step, waited, metrics = self._pending
        self._pending = None
        values = {name: float(value) for name, value in metrics.items()}
        now = time.perf_counter()
        row = {"step": step} | values | self._rates(step, now - self._logged_at)
        row["input_wait_seconds"] = waited
        self._logged_at = now
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainingDivergedError(self._diverged(step, name, value))
        self.log.append(row)
        self.show(row)

    def _rates(self, step: int, seconds: float) -> LogRow:
        plan, model = self.batches.plan, self.run.config.model
        rate = plan.size(step) * model.window / seconds
        mesh = self.layout.mesh
        assert isinstance(mesh, Mesh)  # an abstract one is described, and not trained on
        devices = mesh.devices
        consumed = plan.first_window(step) + plan.size(step)
        return {
            "tokens": consumed * model.window,
            "epoch": consumed / self.batches.order.windows_per_epoch,
            "seconds": seconds,
            "tokens_per_second": rate,
            "model_flops_utilisation": flops.model_flops_utilisation(
                model, rate, devices.flat[0].device_kind, devices.size
            ),
        }

    def _diverged(self, step: int, name: str, value: float) -> str:
        self.checkpoints.wait()  # what is being saved is of an earlier step, and sound
        records = self.batches.records_of(step)
        shards = self.batches.reader.dataset.shards
        places = [self.batches.reader.locate(record) for record in records[:NAMED_RECORDS]]
        named = ", ".join(f"{shards[shard].name}[{row}]" for shard, row in places)
        more = len(records) - len(places)
        return (
            f"{name.replace('_', ' ')} is {value} at step {step}, trained on records {named}"
            f"{f' and {more} more' if more else ''}; the last checkpoint is that of step "
            f"{self.checkpoints.latest}: lower the learning rate, or look at these records"
        )
