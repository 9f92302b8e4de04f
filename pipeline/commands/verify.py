"""`massivetext verify`: the command. What it looks for is in `faults`."""

from __future__ import annotations

import argparse
from typing import Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run


def run(options: argparse.Namespace) -> int:
    """Prints the faults of an output folder; returns 1 if there are any."""
    from massivetext.config import Config
    from massivetext.pipeline.commands.faults import find_faults
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.engine.store import use_options

    use_options(options.beam_options)
    checked, faults = find_faults(Job(Config(), absolute(options.output)))
    for fault in faults:
        print(fault)
    print(f"{checked} files checked, {len(faults)} faults")
    return 1 if faults else 0


COMMAND: Final = Command(
    "verify", "check ledgers and checksums of an output folder", add_output_of_run, run, True
)
