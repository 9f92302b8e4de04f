"""`massivetext find`: is a text in the corpus, and which documents and sequences hold it?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from massivetext.command import Command
from massivetext.pipeline.commands.arguments import absolute, add_output_of_run
from massivetext.pipeline.engine.errors import UsageError

if TYPE_CHECKING:
    from massivetext.pipeline.phases.holding_sequences import Holding
    from massivetext.pipeline.phases.passage_search import Search

_MOST_BYTES: Final = 20_000_000
"""No document is larger, unless `limits.record_bytes` says so."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `find`."""
    add_output_of_run(parser)
    parser.add_argument("file", help="UTF-8 text, or - for standard input")
    parser.add_argument("--json", action="store_true", help="print what is found as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints the documents that share passages with a text, and where the shards hold them.

    Raises:
        UsageError: if there is no text to look for, or nothing to look into.
    """
    output = absolute(options.output)
    text = _read(options.file)
    from massivetext.pipeline.commands.findings import (
        MOST_FOUND_SHOWN,
        print_search,
        search_to_json,
    )
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    finished = _finished(output)
    search = _search(output, text)
    ids = [str(found.names["id"]) for found in search.documents[:MOST_FOUND_SHOWN]]
    holdings = _holdings(output, ids) if "sequence" in finished else None
    if options.json:
        print(json.dumps(search_to_json(search, holdings), indent=1))
    else:
        print_search(search, holdings)
    return 0


def _finished(output: str) -> tuple[str, ...]:
    """Returns the finished phases of a run whose passages are indexed.

    Raises:
        UsageError: if there is no such run.
    """
    from massivetext.pipeline.phases.outcome import FinishedRun

    finished = FinishedRun.open(output).finished
    if "audit" not in finished:
        raise UsageError(
            f"the passages in {output} are not indexed yet; run `massivetext audit CONFIG` or "
            "`massivetext run CONFIG` first"
        )
    return finished


def _search(output: str, text: str) -> Search:
    from massivetext.pipeline.commands.damaged import damaged_tables
    from massivetext.pipeline.phases.passage_search import find_text

    with damaged_tables(output):
        return find_text(output, text)


def _holdings(output: str, ids: Sequence[str]) -> list[Holding]:
    from massivetext.pipeline.commands.damaged import damaged_tables
    from massivetext.pipeline.phases.holding_sequences import holding_sequences

    with damaged_tables(output):
        return list(holding_sequences(output, ids)) if ids else []


def _read(file: str) -> str:
    """Returns the text of a file or of standard input, as far as a document may be long.

    Raises:
        UsageError: if it cannot be read, is too long, or is no text.
    """
    name = "standard input" if file == "-" else file
    if file == "-" and sys.stdin is None:
        raise UsageError("cannot read standard input, which is closed; name a file")
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with open(absolute(file), "rb") as stream:
                content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"cannot read {name}: {error.strerror}; name a text file, or - for standard input"
        ) from None
    if len(content) > _MOST_BYTES:
        raise UsageError(
            f"{name} has more than {_MOST_BYTES:,} bytes, which no document has; look for a part "
            "of it"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name} is not UTF-8 text (byte {error.start:,}); of a web page "
            "`massivetext extract` gives the text"
        ) from None


COMMAND: Final = Command(
    "find",
    "whether a text is in the corpus: documents, sequences and shards that hold it",
    add_arguments,
    run,
    uses_beam=True,
)
