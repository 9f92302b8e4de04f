"""`massivetext run`: all phases, from files to shards and report. Each phase runs alone as well."""

from __future__ import annotations

import argparse
from typing import Final

from massivetext.command import Command
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
)
from massivetext.pipeline.engine import lock
from massivetext.pipeline.engine.logs import hide_repetitions
from massivetext.pipeline.engine.processes import tune_malloc
from massivetext.pipeline.phases.warm_up import WarmUp


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

    from massivetext.pipeline.commands.summary import print_summary
    from massivetext.pipeline.commands.whole_run import Asked, ready
    from massivetext.pipeline.phases.run import run_phases

    hide_repetitions()
    against = tuple(map(absolute, options.against))
    asked = Asked(options.workers, memory, beam_options, options.restart, options.quiet, against)
    with ready(config, output, asked, options.command) as (job, items):
        run_phases(job, items, options.command)
    print_summary(job)
    return 0


COMMAND: Final = Command(
    "run", "all phases, from files to shards and report", add_arguments, run, uses_beam=True
)
