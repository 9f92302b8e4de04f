"""`massivetext estimate`: the command. What it does is in the package `estimate`."""

from __future__ import annotations

import argparse
from typing import Final

from massivetext.command import Command
from massivetext.config_file import load_config
from massivetext.pipeline.commands.arguments import absolute, add_config, positive_int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `estimate`."""
    add_config(parser)
    parser.add_argument("--output", help="folder for estimate.json (default: only printed)")
    parser.add_argument(
        "--sample", type=positive_int, default=1000, metavar="N", help="documents of each source"
    )


def run(options: argparse.Namespace) -> int:
    """Prints an estimate, and writes it if there is an output folder."""
    config = load_config(options.config)
    from massivetext.pipeline.commands.estimate import estimate
    from massivetext.pipeline.commands.estimate.table import print_estimate, to_json
    from massivetext.pipeline.commands.preflight import check_config
    from massivetext.pipeline.engine import store
    from massivetext.pipeline.phases.output_folder import ESTIMATE
    from massivetext.pipeline.phases.plan import plan

    store.use_options(options.beam_options)
    items = plan(config)
    check_config(config, "run")
    found = estimate(config, items, options.sample)
    print_estimate(found)
    if options.output:
        store.write_bytes(absolute(options.output), ESTIMATE, to_json(found))
    return 0


COMMAND: Final = Command(
    "estimate",
    "what a run will give and cost, by a sample run on the spot",
    add_arguments,
    run,
    uses_beam=True,
)
