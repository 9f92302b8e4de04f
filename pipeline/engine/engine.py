"""Where pipelines run: Beam on every runner, and on this machine a pool of processes beside it."""

from __future__ import annotations

import atexit
import functools
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar
from urllib.error import URLError

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.pvalue import PCollection, PValue
from apache_beam.runners.worker.statesampler import DEFAULT_SAMPLING_PERIOD_MS, StateSampler

from massivetext.pipeline.engine import retries
from massivetext.pipeline.engine.commits import CommitItem, Item
from massivetext.pipeline.engine.counters import show
from massivetext.pipeline.engine.errors import RunError, plain_error, runner_message
from massivetext.pipeline.engine.processes import (
    PROCESS_BYTES,
    Processes,
    release_memory,
    runs_here,
)
from massivetext.pipeline.engine.redistribute import Redistribute

LOCAL_RUNNER: Final = "FnApiRunner"
"""Named, because Beam's default tries to download another runner first."""

LOCAL_SHUFFLE_COST: Final = 10
"""Bytes of memory for a byte that is shuffled here (measured: 3 to 4 in the runner, and 7 for what
a transform makes of one key's, which may be all of a round's)."""

_LEAST_SHARE: Final = 8
"""Our choice: a budget below what the processes need still gives an eighth of itself to shuffles,
so that it means more rounds, not endless ones."""

_WORTHWHILE_SHUFFLE_BYTES: Final = 8_000_000
"""Our choice: this much takes a second to shuffle; each further pipeline costs a quarter of one."""

SAMPLING_PERIOD_MS: Final = 5
"""How often Beam looks which transform is at work: it sleeps so long between two looks, and at the
end of each bundle it waits for it to wake. Beam's own 200 made up 2 seconds of a run of 36."""

_Piece = TypeVar("_Piece")

Build = Callable[[beam.Pipeline], object]
"""Adds the transforms of a pipeline."""


class Engine(Protocol):
    """What steps run on; `estimate` wraps one to measure what they cost."""

    def mapping(
        self, items: Sequence[Item], commit: CommitItem[Any], item_bytes: int = 0
    ) -> beam.PTransform:
        """Returns the transform that commits items, and starts with one element.

        Args:
            items: what to do.
            commit: does it for one item.
            item_bytes: memory that an item needs beyond the usual.
        """
        ...

    def run(self, label: str, build: Build) -> None:
        """Builds one Beam pipeline, runs it and waits for its end."""
        ...

    def share(self, work: Callable[[_Piece], object], pieces: Iterable[_Piece]) -> None:
        """Does `work(piece)` for pieces that run pipelines of their own."""
        ...

    def rounds(self, shuffled_bytes: int) -> int:
        """Returns the number of rounds for shuffling this many bytes."""
        ...

    @property
    def process_count(self) -> int:
        """Processes of this program that share work; 1 on a cluster, whose workers are its own."""
        ...

    @property
    def runner_name(self) -> str:
        """The runner, as Beam's options name it."""
        ...


@dataclass(frozen=True)
class BeamEngine:
    """Beam, with the runner that its options name, or the local one.

    Attributes:
        options: Beam's own, as on its command line; without `--runner` pipelines run here.
        workers: processes on this machine; 1 means this one only.
        memory_bytes: budget of a local run, all processes together.
    """

    options: tuple[str, ...] = ()
    workers: int = 1
    memory_bytes: int = 4_000_000_000

    def mapping(
        self, items: Sequence[Item], commit: CommitItem[Any], item_bytes: int = 0
    ) -> beam.PTransform:
        """See `Engine`; memory limits how many of the processes it uses."""
        return MapItems(items, commit, self._processes(item_bytes))

    def run(self, label: str, build: Build) -> None:
        """See `Engine`.

        On a cluster the runner tries again what failed; the local runner does not, so here a
        pipeline that met a passing fault of the file system is run again, and does what is left.

        Raises:
            RunError: if the runner reports anything but success.
            OSError: if a file system failed, and goes on failing.
        """
        for attempt in retries.attempts() if self._is_local else retries.one_attempt():
            with attempt:
                pipeline = beam.Pipeline(options=self._pipeline_options(label))
                with _deleted_at_exit(pipeline.local_tempdir):
                    build(pipeline)
                    with _told_plainly(self._is_local):
                        state = pipeline.run().wait_until_finish()
                release_memory()
                if state != "DONE":
                    raise RunError(f"the pipeline '{label}' ended as {state}; see the runner's log")

    def share(self, work: Callable[[_Piece], object], pieces: Iterable[_Piece]) -> None:
        """See `Engine`."""
        self._processes().map(work, pieces)

    def rounds(self, shuffled_bytes: int) -> int:
        """See `Engine`: one round, except on this machine.

        Here what is shuffled stays in memory, and each process runs a round of its own.
        """
        if not self._is_local:
            return 1
        free_bytes = max(
            self.memory_bytes - self.process_count * PROCESS_BYTES,
            self.memory_bytes // _LEAST_SHARE,
        )
        if shuffled_bytes <= min(_WORTHWHILE_SHUFFLE_BYTES, free_bytes // LOCAL_SHUFFLE_COST):
            return 1
        turn_bytes = max(1, free_bytes // LOCAL_SHUFFLE_COST)
        return self.process_count * math.ceil(shuffled_bytes / turn_bytes)

    @property
    def process_count(self) -> int:
        """See `Engine`."""
        return self._processes().count

    @property
    def runner_name(self) -> str:
        """See `Engine`."""
        if self._is_local:
            return LOCAL_RUNNER
        asked = PipelineOptions(list(self.options)).view_as(StandardOptions).runner
        return str(asked or "")

    @property
    def _is_local(self) -> bool:
        return runs_here(self.options)

    def _processes(self, item_bytes: int = 0) -> Processes:
        return Processes.affordable(self.workers, self.memory_bytes, self.options, item_bytes)

    def _pipeline_options(self, label: str) -> PipelineOptions:
        arguments = list(self.options)
        if self._is_local:
            # One thread: with several, Beam 2.77 silently lost elements of large shuffles.
            arguments += [f"--runner={LOCAL_RUNNER}"]
            _sample_often()
        if not any(argument.startswith("--job_name") for argument in arguments):
            arguments += [f"--job_name=massivetext-{label}"]
        return PipelineOptions(arguments)


class MapItems(beam.PTransform):
    """Work items to workers, who commit them."""

    def __init__(
        self, items: Sequence[Item], commit: CommitItem[Any], processes: Processes
    ) -> None:
        super().__init__()
        self.items, self.commit, self.processes = items, commit, processes

    def expand(self, input_or_inputs: PCollection) -> PValue:
        """Returns nothing: what was done is read from the records."""
        items = self.items
        spread = input_or_inputs | "Items" >> Redistribute(lambda: items)
        if self.processes.count == 1:
            figures = spread | "Commit" >> beam.Map(self.commit)
            return figures | "Show" >> beam.Map(show, self.commit.commits.step)
        return spread | "Commit" >> beam.ParDo(CommitItems(self.commit, self.processes))


class CommitItems(beam.DoFn):
    """Commits the items of a bundle at the same time, in several processes."""

    def __init__(self, commit: CommitItem[Any], processes: Processes) -> None:
        self.commit, self.processes = commit, processes

    def start_bundle(self) -> None:
        """Begins with nothing to do."""
        self.waiting: list[Item] = []

    def process(self, element: Item) -> None:
        """Keeps an item until all of the bundle are known."""
        self.waiting.append(element)

    def finish_bundle(self) -> None:
        """Commits what was kept: the heaviest first, so that all processes end together."""
        heaviest_first = sorted(self.waiting, key=lambda item: (-item.weight, item.number))
        for figures in self.processes.map(self.commit, heaviest_first):
            show(figures, self.commit.commits.step)


@contextmanager
def _told_plainly(is_local: bool) -> Iterator[None]:
    """Raises what was met, and not what a runner makes of it."""
    try:
        yield
    except Exception as error:
        plain = plain_error(error)
        if plain is error and isinstance(error, RunError):  # of a runner in this process
            raise
        if is_local or (plain is not error and not isinstance(plain, URLError)):
            raise plain from error
        raise RunError(runner_message(error)) from error


@contextmanager
def _deleted_at_exit(folder: str) -> Iterator[None]:
    """Deletes Beam's temporary folder, which it leaves behind if the program is interrupted."""
    delete = functools.partial(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(delete)
    try:
        yield
    finally:
        atexit.unregister(delete)
        delete()


def _sample_often() -> None:
    """Lets Beam's local workers end their bundles at once.

    Beam has no option for it, so we patch the argument's default, and only if it is still the
    value that we know.
    """
    construct: Any = StateSampler.__init__
    if construct.__defaults__ == (DEFAULT_SAMPLING_PERIOD_MS,):
        construct.__defaults__ = (SAMPLING_PERIOD_MS,)
