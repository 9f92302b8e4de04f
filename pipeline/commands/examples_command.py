"""`massivetext examples`: the command. What it looks for is in `rule_examples`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any, Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run, positive_int
from massivetext.pipeline.engine.errors import UsageError

_MOST: Final = 10_000
"""Our choice: documents of each kind; who wants all of them asks the tables."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `examples`."""
    add_output_of_run(parser)
    parser.add_argument("--rule", required=True, help="name of a rule, e.g. quality.min_words")
    parser.add_argument(
        "--near", action="store_true", help="those nearest to the threshold, instead of any"
    )
    parser.add_argument(
        "--count", type=positive_int, default=5, metavar="N", help="of each kind (default: 5)"
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints documents that a rule keeps and drops.

    Raises:
        UsageError: if there is no such rule or run.
    """
    if options.count > _MOST:
        raise UsageError(f"--count {options.count:,}: expected at most {_MOST:,}")
    from massivetext.pipeline.commands.damaged import damaged_tables
    from massivetext.pipeline.commands.rule_examples import rule_examples
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    output = absolute(options.output)
    with damaged_tables(output):
        found = rule_examples(output, options.rule, options.near, options.count)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        _print(output, found)
    return 0


def _print(output: str, found: Mapping[str, Any]) -> None:
    from massivetext.pipeline.commands.shown_documents import print_document
    from massivetext.pipeline.commands.summary import report_console

    console = report_console()
    console.print(
        f"{found['rule']}: {found['measure']} {found['comparison']} {found['threshold']}; "
        f"kept {found['documents']['kept']:,}, dropped {found['documents']['dropped']:,}",
        markup=False,
        soft_wrap=True,
    )
    for which in ("kept", "dropped"):
        for document in found[which]:
            passage = document["passage"]
            told = [f"{found['measure']} {document['value']}"]
            if len(document["reasons_before"]) > 1:
                told.append(f"fails {', '.join(document['reasons_before'])}")
            if passage:
                told.append(
                    f"{passage['passage']!r} at characters {passage['start']}-{passage['end']}, "
                    f"{passage['places']} in all"
                )
            print_document(console, output, which, document, told)


COMMAND: Final = Command(
    "examples",
    "documents that a rule has just kept and just dropped",
    add_arguments,
    run,
    uses_beam=True,
)
