"""`massivetext verify`: the command. What it looks for is in `faults`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run
from massivetext.pipeline.engine.errors import UsageError

if TYPE_CHECKING:
    from massivetext.pipeline.engine.store import FileEntry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `verify`."""
    add_output_of_run(parser)
    parser.add_argument(
        "--checks",
        action="store_true",
        help="say what report/checks.json says instead; read no other file",
    )
    parser.add_argument(
        "--repair", action="store_true", help="rebuild damaged and missing files of the run"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the faults of an output folder, or its checks; returns 1 if there are any that fail.

    Raises:
        UsageError: if both are asked for, or there are no checks to tell of.
    """
    if options.checks and options.repair:
        raise UsageError("--checks only reads, --repair writes; give one of them")
    from massivetext.config import Config
    from massivetext.pipeline.commands.faults import find_faults
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    output = absolute(options.output)
    if options.checks:
        from massivetext.pipeline.commands.run_checks import print_checks

        return 0 if print_checks(Job(Config(), output)) else 1
    sound = _repair(output, options.beam_options) if options.repair else set()
    checked, faults = find_faults(Job(Config(), output), sound)
    for fault in faults:
        print(fault)
    print(f"{checked} files checked, {len(faults)} faults")
    return 1 if faults else 0


def _repair(output: str, beam_options: tuple[str, ...]) -> set[FileEntry]:
    """Deletes what is damaged, and runs the finished phases for what is missing.

    Returns:
        the files that were sound before.

    Raises:
        UsageError: if the folder does not say what it was made with, or its inputs have changed.
    """
    from massivetext.events import tell
    from massivetext.pipeline.commands.faults import delete_damaged
    from massivetext.pipeline.engine import lock
    from massivetext.pipeline.engine.engine import BeamEngine
    from massivetext.pipeline.phases.output_folder import recorded_job
    from massivetext.pipeline.phases.phase import require_repairable
    from massivetext.pipeline.phases.plan import plan
    from massivetext.pipeline.phases.recognition import recognized
    from massivetext.pipeline.phases.run import repair
    from massivetext.step_code import code_told

    lock.look(output)
    job = recorded_job(output, BeamEngine(beam_options))
    with lock.hold(output):
        items = recognized(output, plan(job.config))
        require_repairable(job, items)
        if said := code_told(job.config):
            tell("code", said)
        sound = delete_damaged(job)
        repair(job, items)
    return sound


COMMAND: Final = Command(
    "verify", "check ledgers and checksums of an output folder", add_arguments, run, True
)
