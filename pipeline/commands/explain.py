"""`massivetext explain`: the command. What it prints is in `explanation`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run
from massivetext.pipeline.engine.errors import UsageError

if TYPE_CHECKING:
    from massivetext.pipeline.phases.outcome import FinishedRun, RecordOutcome

_MOST_SHOWN: Final = 20
"""Our choice: records that are explained at once; of more, their number is told."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `explain`."""
    add_output_of_run(parser)
    parser.add_argument("document", nargs="?", help="id, source id or URL of a record")
    parser.add_argument("--sequence", type=int, metavar="N", help="number of a sequence instead")
    parser.add_argument("--json", action="store_true", help="print the records as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints what became of a record, or what a sequence is made of.

    Raises:
        UsageError: if not exactly one of them is named, or it does not exist.
    """
    if (options.document is None) == (options.sequence is None):
        raise UsageError("name a document, or give --sequence N")
    if options.json and options.document is None:
        raise UsageError("--json goes with a document, not with --sequence")
    from massivetext.pipeline.commands.explanation import explain_sequence
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    output = absolute(options.output)
    if options.sequence is not None:
        explain_sequence(output, options.sequence)
    else:
        _explain_document(output, options.document, options.json)
    return 0


def _explain_document(output: str, name: str, as_json: bool) -> None:
    from massivetext.pipeline.phases.outcome import FinishedRun

    run = FinishedRun.open(output)
    outcomes, more = _outcomes(run, name)
    if as_json:
        from massivetext.pipeline.commands.explanation_json import outcomes_to_json

        print(json.dumps(outcomes_to_json(name, outcomes, more, run.config), indent=1))
        return
    from massivetext.pipeline.commands.explanation import print_outcome

    for number, outcome in enumerate(outcomes):
        print("\n" * bool(number), end="", flush=True)
        print_outcome(outcome, run.config)
    if more:
        print(f"\nand {more:,} more records of this name")


def _outcomes(run: FinishedRun, name: str) -> tuple[list[RecordOutcome], int]:
    """Returns what happened to the records of a name, and how many more of them there are.

    Raises:
        UsageError: if there is none, or a table that says so is damaged.
    """
    from massivetext.pipeline.commands.damaged import damaged_tables
    from massivetext.pipeline.phases.document_names import plain_name
    from massivetext.pipeline.phases.lookup import find
    from massivetext.visible_text import made_visible

    plain = plain_name(name)
    if not plain:
        raise UsageError("the name is empty; give the id, source id or URL of a record")
    with damaged_tables(run.output):
        outcomes, more = find(run, plain, _MOST_SHOWN)
    if not outcomes:
        raise UsageError(
            f"no record in {run.output} has the id, source id or URL {made_visible(name)!r}; look "
            "for ids in documents/, rejected/, removed/, failed/ and skipped/"
        )
    return outcomes, more


COMMAND: Final = Command(
    "explain",
    "what became of a document or a sequence, and why",
    add_arguments,
    run,
    uses_beam=True,
)
