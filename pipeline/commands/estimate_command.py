"""`massivetext estimate`: the command. What it does is in the package `estimate`."""

from __future__ import annotations

import argparse
from typing import Final

from massivetext.command import Command
from massivetext.config_file import load_config
from massivetext.pipeline.commands.arguments import absolute, add_config, add_log, positive_int
from massivetext.pipeline.commands.resources import RUN_ADDRESS_BYTES, require_address_space
from massivetext.pipeline.engine.logs import hide_repetitions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `estimate`."""
    add_config(parser)
    parser.add_argument("--output", help="folder for estimate.json (default: only printed)")
    parser.add_argument(
        "--sample", type=positive_int, default=1000, metavar="N", help="documents of each source"
    )
    add_log(parser)
    parser.epilog = "Beam's options for file systems follow --, e.g. -- --s3_region_name=eu-west-1"


def run(options: argparse.Namespace) -> int:
    """Prints an estimate, and writes it if there is an output folder."""
    require_address_space(RUN_ADDRESS_BYTES)
    config = load_config(options.config)
    from massivetext.pipeline.commands.estimate import estimate
    from massivetext.pipeline.commands.estimate.table import print_estimate, to_json
    from massivetext.pipeline.commands.preflight import check_config
    from massivetext.pipeline.engine import store
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.phases.columns import require_columns
    from massivetext.pipeline.phases.output_folder import ESTIMATE
    from massivetext.pipeline.phases.plan import plan

    hide_repetitions()
    check_beam_options(options.beam_options)
    store.use_options(options.beam_options)
    items = plan(config)
    check_config(config, "run")
    require_columns(config, items)
    found = estimate(config, items, options.sample, options.beam_options)
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
