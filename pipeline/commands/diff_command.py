"""`massivetext diff`: the command. What it compares is in `difference`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, positive_int
from massivetext.pipeline.engine.errors import UsageError

_SHOWN: Final = 5
"""Our choice: documents of each kind, for people."""

_IN_JSON: Final = 10_000
"""Our choice: documents of each kind, for programs; their numbers are told in any case."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `diff`."""
    parser.add_argument("output_a", help="output folder of a run")
    parser.add_argument("output_b", help="output folder of another run")
    parser.add_argument(
        "--count",
        type=positive_int,
        metavar="N",
        help=f"documents of each kind (default: {_SHOWN}, in JSON {_IN_JSON:,})",
    )
    parser.add_argument("--json", action="store_true", help="print the differences as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints how the documents of two runs differ.

    Raises:
        UsageError: if one of the runs is not finished.
    """
    from massivetext.pipeline.commands.damaged import damaged_tables
    from massivetext.pipeline.commands.difference import difference_of_runs
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import is_same_folder, use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    outputs = absolute(options.output_a), absolute(options.output_b)
    if is_same_folder(*outputs):
        raise UsageError(f"{outputs[0]} and {outputs[1]} are one folder; name two runs")
    count = options.count or (_IN_JSON if options.json else _SHOWN)
    with damaged_tables(" or ".join(outputs)):
        found = difference_of_runs(*outputs, count)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        _print(outputs, found)
    return 0


def _print(outputs: tuple[str, str], found: Mapping[str, Any]) -> None:
    from rich.text import Text

    from massivetext.pipeline.commands.shown_documents import print_document
    from massivetext.pipeline.commands.summary import report_console

    console = report_console()

    def say(line: str) -> None:
        console.print(Text(line, style="bold"), soft_wrap=True)

    for key, values in found["settings"].items():
        say(f"{key}: {values['a']} -> {values['b']}")
    said = {
        "only_in_a": f"documents only in {outputs[0]}",
        "only_in_b": f"documents only in {outputs[1]}",
        "changed": "documents with another verdict",
    }
    for name, words in said.items():
        part = found[name]
        say(f"\n{part['documents']:,} {words}")
        for verdict, number in part["verdicts"].items():
            console.print(f"  {number:,} {verdict}", markup=False, soft_wrap=True)
        for document in part["examples"]:
            output = outputs[name == "only_in_b"]
            print_document(console, output, name.replace("_", " "), document, [*_told(document)])


def _told(document: Mapping[str, Any]) -> Iterator[str]:
    for side in ("a", "b"):
        if f"verdict_{side}" in document:
            yield f"{side}: {document[f'verdict_{side}']}"
    for cause in document.get("causes", ()):
        if "rule" in cause:
            yield (
                f"{cause['rule']}: {cause['measure']} {cause['value_a']} -> {cause['value_b']}, "
                f"{cause['comparison']} {cause['threshold_a']} -> {cause['threshold_b']}"
            )
        else:
            yield f"{cause['reason']} in {cause['in']}: {_source_of(cause)}"


def _source_of(cause: Mapping[str, Any]) -> str:
    """Returns what a removal is due to: a document, a test item or the entry of a list."""
    if cause["partner_id"] is not None:
        return f"partner {cause['partner_id']}"
    if cause["test"] is not None:
        return f"{cause['test']['test_item']} of test set {cause['test']['test_set']}"
    return str(cause["excluded_by"])


COMMAND: Final = Command(
    "diff",
    "how the documents of two runs differ, and which measure is the cause",
    add_arguments,
    run,
    uses_beam=True,
)
