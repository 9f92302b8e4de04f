"""One run of the program: what to do, where, and with which Beam runner."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.worker.statesampler import DEFAULT_SAMPLING_PERIOD_MS, StateSampler

from massivetext.config import Config
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError as RunError
from massivetext.pipeline.engine.errors import UsageError as UsageError
from massivetext.pipeline.engine.errors import plain_error
from massivetext.pipeline.engine.processes import (
    PROCESS_BYTES,
    Processes,
    release_memory,
    runs_here,
)

LOCAL_RUNNER = "FnApiRunner"
"""Named, because Beam's default tries to download another runner first."""

LOCAL_SHUFFLE_COST = 10
"""Bytes of memory for a byte that is shuffled here (measured: 3 to 4 in the runner, and 7 for what
a transform makes of one key's, which may be all of a round's)."""

_LEAST_SHARE = 8
"""Our choice: a budget below what the processes need still gives an eighth of itself to shuffles,
so that it means more rounds, not endless ones."""

_WORTHWHILE_SHUFFLE_BYTES = 8_000_000
"""Our choice: so much takes a second to shuffle; each further pipeline costs a quarter of one."""

SAMPLING_PERIOD_MS: Final = 5
"""How often Beam looks which transform is at work: it sleeps so long between two looks, and at the
end of each bundle it waits for it to wake. Beam's own 200 made up 2 seconds of a run of 36."""

Work = TypeVar("Work")


@dataclass(frozen=True)
class Job:
    """A configuration, its output folder, and the means to run pipelines.

    Attributes:
        config: what to compute.
        output: the output folder, on any file system.
        memory_bytes: budget of the local run, all processes together.
        workers: processes on this machine; 1 means this one only.
        pipeline_args: Beam's own options; empty means the local runner.
        restart: recompute phases whose settings or inputs have changed, instead of refusing.
        quiet: no progress display.
        against: output folders of older runs, which deduplication compares with.
    """

    config: Config
    output: str
    memory_bytes: int = 4_000_000_000
    workers: int = 1
    pipeline_args: tuple[str, ...] = ()
    restart: bool = False
    quiet: bool = False
    against: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether pipelines run in this program and keep what they shuffle in its memory."""
        return runs_here(self.pipeline_args)

    def path(self, path: str) -> str:
        """Returns the place of a path below the output folder (with forward slashes)."""
        return store.below(self.output, path)

    def processes_for(self, item_bytes: int = 0) -> Processes:
        """Returns the processes that share work; a cluster's workers use one each.

        Args:
            item_bytes: memory that a piece of work needs beyond the usual.
        """
        return Processes.affordable(self.workers, self.memory_bytes, self.pipeline_args, item_bytes)

    def rounds(self, shuffled_bytes: int) -> int:
        """Returns in how many rounds to shuffle so many bytes: one, except on this machine.

        Here what is shuffled stays in memory, and each process runs a round of its own.
        """
        if not self.is_local:
            return 1
        processes = self.processes_for().count
        free_bytes = max(
            self.memory_bytes - processes * PROCESS_BYTES, self.memory_bytes // _LEAST_SHARE
        )
        if shuffled_bytes <= min(_WORTHWHILE_SHUFFLE_BYTES, free_bytes // LOCAL_SHUFFLE_COST):
            return 1
        turn_bytes = max(1, free_bytes // LOCAL_SHUFFLE_COST)
        return processes * math.ceil(shuffled_bytes / turn_bytes)

    def observed(self, step: str, work: Work) -> Work:
        """Returns what is done for each item of a step; `estimate` measures it."""
        del step
        return work

    def run(self, label: str, build: Callable[[beam.Pipeline], None]) -> None:
        """Builds one Beam pipeline, runs it and waits for its end.

        On a cluster the runner tries again what failed; the local runner does not, so here a
        pipeline that met a passing fault of the file system is run again, and does what is left.

        Raises:
            RunError: if the runner reports anything but success.
        """
        if self.is_local:
            store.with_retries(lambda: self._run_once(label, build))
        else:
            self._run_once(label, build)

    def _run_once(self, label: str, build: Callable[[beam.Pipeline], None]) -> None:
        pipeline = beam.Pipeline(options=self._options(label))
        build(pipeline)
        try:
            state = pipeline.run().wait_until_finish()
        except Exception as error:
            raise plain_error(error) from error
        release_memory()
        if state != "DONE":
            raise RunError(f"the pipeline '{label}' ended as {state}; see the runner's log")

    def _options(self, label: str) -> PipelineOptions:
        arguments = list(self.pipeline_args)
        if self.is_local:
            # One thread: with several, Beam 2.77 lost elements of large shuffles in silence.
            arguments += [f"--runner={LOCAL_RUNNER}"]
            _sample_often()
        if not any(argument.startswith("--job_name") for argument in arguments):
            arguments += [f"--job_name=massivetext-{label}"]
        return PipelineOptions(arguments)


def _sample_often() -> None:
    """Lets Beam's local workers end their bundles at once.

    There is no option for it, only the default of an argument, which stays as it is where it is
    not the one that is known.
    """
    construct: Any = StateSampler.__init__
    if construct.__defaults__ == (DEFAULT_SAMPLING_PERIOD_MS,):
        construct.__defaults__ = (SAMPLING_PERIOD_MS,)
