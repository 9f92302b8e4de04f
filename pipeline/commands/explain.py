"""`massivetext explain`: the command. What it prints is in `explanation`."""

from __future__ import annotations

import argparse
from typing import Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run
from massivetext.pipeline.engine.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `explain`."""
    add_output_of_run(parser)
    parser.add_argument("document", nargs="?", help="id, source id or URL of a document")
    parser.add_argument("--sequence", type=int, metavar="N", help="number of a sequence instead")


def run(options: argparse.Namespace) -> int:
    """Prints what became of a document, or what a sequence is made of.

    Raises:
        UsageError: if not exactly one of them is named, or it does not exist.
    """
    if (options.document is None) == (options.sequence is None):
        raise UsageError("name a document, or give --sequence N")
    from massivetext.pipeline.commands.explanation import explain_document, explain_sequence
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    output = absolute(options.output)
    if options.sequence is not None:
        explain_sequence(output, options.sequence)
    else:
        explain_document(output, options.document)
    return 0


COMMAND: Final = Command(
    "explain",
    "what became of a document or a sequence, and why",
    add_arguments,
    run,
    uses_beam=True,
)
