"""A run, or one of its phases, asked for by the command line or from Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from massivetext.config import Config
from massivetext.pipeline.commands.arguments import absolute
from massivetext.pipeline.commands.preflight import check_job
from massivetext.pipeline.commands.resources import usable_memory, usable_workers
from massivetext.pipeline.engine import leftovers, lock
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.processes import default_count
from massivetext.pipeline.engine.runners import check_runner
from massivetext.pipeline.engine.store import use_options
from massivetext.pipeline.phases.output_folder import require_own
from massivetext.pipeline.phases.plan import WorkItem, plan
from massivetext.pipeline.phases.recognition import recognized
from massivetext.pipeline.phases.run import run_phases


@dataclass(frozen=True)
class Asked:
    """How a run is to be done; none of it changes the results, but for `against`.

    Attributes:
        workers: processes on this machine; None chooses by input, cores and memory.
        memory_bytes: the budget of all of them.
        beam_options: as on Beam's command line.
        restart: recompute phases whose settings have changed.
        quiet: no progress.
        against: output folders of older runs.
    """

    workers: int | None = None
    memory_bytes: int = 4_000_000_000
    beam_options: tuple[str, ...] = ()
    restart: bool = False
    quiet: bool = False
    against: tuple[str, ...] = ()


@contextmanager
def ready(
    config: Config, output: str, asked: Asked, command: str
) -> Iterator[tuple[Job, list[WorkItem]]]:
    """Gives a job that was checked, and its items; holds its output folder until they are done.

    Raises:
        ConfigError: if the configuration cannot be run.
        UsageError: if the output folder, or Beam's options, do not allow it.
    """
    check_runner(asked.beam_options)
    use_options(asked.beam_options)
    require_own(output)
    with lock.hold(output):
        items = recognized(output, plan(config))
        job = _job(config, output, asked, items)
        check_job(job, items, command)
        yield job, items
        leftovers.clear(output, asked.beam_options)


def _job(config: Config, output: str, asked: Asked, items: Sequence[WorkItem]) -> Job:
    input_bytes = sum({item.file: item.size_bytes for item in items}.values())
    wanted = asked.workers or default_count(input_bytes, len(items), asked.memory_bytes)
    largest = config.limits.record_bytes
    workers = usable_workers(wanted, len(items), asked.memory_bytes, largest, asked.beam_options)
    return Job(
        config=config,
        output=output,
        engine=BeamEngine(asked.beam_options, workers, asked.memory_bytes),
        restart=asked.restart,
        quiet=asked.quiet,
        against=asked.against,
    )


def run_pipeline(
    config: Config,
    output: str = "",
    *,
    workers: int | None = 1,
    memory_bytes: int = 4_000_000_000,
    beam_options: Sequence[str] = (),
    restart: bool = False,
) -> str:
    """Does what `massivetext run` does; returns the output folder. Finished phases are not redone.

    Args:
        config: what to compute.
        output: the output folder; `output.path` of the configuration if it is empty.
        workers: processes on this machine; None chooses. More than one needs a program that others
            may import: call this below `if __name__ == "__main__":`.
        memory_bytes: the budget of all of them.
        beam_options: as on Beam's command line, `["--runner=SparkRunner", ...]`.
        restart: recompute phases whose settings have changed, instead of refusing.

    Raises:
        ConfigError, UsageError, RunError: as the command ends, with one clear line.
    """
    folder = absolute(output or config.output.path)
    asked = Asked(
        workers, usable_memory(memory_bytes), tuple(beam_options), restart=restart, quiet=True
    )
    with ready(config, folder, asked, "run") as (job, items):
        run_phases(job, items, "run")
    return job.output
