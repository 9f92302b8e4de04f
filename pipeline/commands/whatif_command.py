"""`massivetext whatif`: the command. What it does is in the package `whatif`."""

from __future__ import annotations

import argparse
import json
from typing import Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run
from massivetext.pipeline.engine.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `whatif`."""
    add_output_of_run(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value of a setting, e.g. quality.min_words=30; may stand several times",
    )
    parser.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="KEY=FROM:TO:STEP",
        help="several values of a setting, one by one, beside those of --set",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints what other settings would keep and drop.

    Raises:
        UsageError: if nothing is asked for, or the answer does not follow from what is stored.
    """
    if not options.set and not options.sweep:
        raise UsageError("nothing is asked for; give --set KEY=VALUE or --sweep KEY=FROM:TO:STEP")
    from massivetext.pipeline.commands.damaged import damaged_tables
    from massivetext.pipeline.commands.whatif import what_if
    from massivetext.pipeline.commands.whatif.settings import (
        asked_settings,
        settings_of_run,
        sweep_of,
    )
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    output = absolute(options.output)
    with damaged_tables(output):
        values = asked_settings(settings_of_run(output), options.set)
        found = what_if(output, values, [sweep_of(text) for text in options.sweep])
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    from massivetext.pipeline.commands.whatif.show import print_answer

    print_answer(output, found)
    return 0


COMMAND: Final = Command(
    "whatif",
    "what other thresholds would keep and drop",
    add_arguments,
    run,
    uses_beam=True,
)
