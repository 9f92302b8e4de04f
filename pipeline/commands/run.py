"""`massivetext run`: all phases, from files to shards and report. Each phase runs alone as well."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from massivetext.command import Command
from massivetext.config import Config
from massivetext.config_file import load_config
from massivetext.pipeline.commands.arguments import (
    absolute,
    add_config,
    add_log,
    memory_bytes,
    positive_int,
)
from massivetext.pipeline.commands.resources import (
    RUN_ADDRESS_BYTES,
    early_processes,
    require_address_space,
    usable_memory,
    usable_workers,
)
from massivetext.pipeline.engine import lock
from massivetext.pipeline.engine.logs import hide_repetitions
from massivetext.pipeline.engine.processes import default_count, tune_malloc
from massivetext.pipeline.phases.warm_up import WarmUp

if TYPE_CHECKING:
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.phases.plan import WorkItem


def add_phase_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of every command that runs phases."""
    add_config(parser)
    parser.add_argument("--output", help="output folder (default: output.path of the config)")
    parser.add_argument(
        "--workers",
        type=positive_int,
        help="processes on this machine (default: chosen from input size, cores and memory)",
    )
    parser.add_argument(
        "--memory", type=memory_bytes, default="4GB", help="memory budget of a local run, e.g. 2GB"
    )
    parser.add_argument(
        "--restart", action="store_true", help="recompute phases whose settings have changed"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_log(parser)
    parser.epilog = "Beam's options follow --, e.g. -- --runner=SparkRunner"
    parser.set_defaults(against=[])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of commands that find duplicates."""
    add_phase_arguments(parser)
    parser.add_argument(
        "--against",
        action="append",
        metavar="OLD_OUT",
        help="output folder of a finished run whose documents win against all new ones and are "
        "never removed; may be given several times",
    )


def run(options: argparse.Namespace) -> int:
    """Runs all phases (`options.command` is `run`), or the one that the command names."""
    require_address_space(RUN_ADDRESS_BYTES)
    tune_malloc()
    config = load_config(options.config)
    output, beam_options = absolute(options.output or config.output.path), options.beam_options
    lock.look(output)  # before the long imports
    memory = usable_memory(options.memory)
    early = early_processes(options.workers, memory, beam_options, output, options.command)
    early.begin(WarmUp(config))

    from massivetext.pipeline.commands.preflight import check_job
    from massivetext.pipeline.commands.summary import print_summary
    from massivetext.pipeline.engine import leftovers
    from massivetext.pipeline.engine.runners import check_runner
    from massivetext.pipeline.engine.store import use_options
    from massivetext.pipeline.phases.output_folder import require_own
    from massivetext.pipeline.phases.plan import plan
    from massivetext.pipeline.phases.recognition import recognized
    from massivetext.pipeline.phases.run import run_phases

    hide_repetitions()
    check_runner(beam_options)
    use_options(beam_options)
    require_own(output)
    with lock.hold(output):
        items = recognized(output, plan(config))
        job = _job(options, config, output, memory, items)
        check_job(job, items, options.command)
        run_phases(job, items, options.command)
        leftovers.clear(output, beam_options)
    print_summary(job)
    return 0


def _job(
    options: argparse.Namespace,
    config: Config,
    output: str,
    memory_bytes: int,
    items: Sequence[WorkItem],
) -> Job:
    from massivetext.pipeline.engine.engine import BeamEngine
    from massivetext.pipeline.engine.job import Job

    input_bytes = sum({item.file: item.size_bytes for item in items}.values())
    asked = options.workers or default_count(input_bytes, len(items), memory_bytes)
    largest = config.limits.record_bytes
    workers = usable_workers(asked, len(items), memory_bytes, largest, options.beam_options)
    return Job(
        config=config,
        output=output,
        engine=BeamEngine(options.beam_options, workers, memory_bytes),
        restart=options.restart,
        quiet=options.quiet,
        against=tuple(map(absolute, options.against)),
    )


COMMAND: Final = Command(
    "run", "all phases, from files to shards and report", add_arguments, run, uses_beam=True
)
