"""One document among others, as answers show it: its names, its beginning, what explains it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from massivetext.pipeline.commands.explanation_json import JSON_CHARACTERS
from massivetext.pipeline.phases.outcome import RecordOutcome
from massivetext.visible_text import made_visible

BEGINNING_CHARACTERS: Final = 300
"""Our choice: three lines of a terminal, enough to see what kind of text it is."""


def document_to_json(outcome: RecordOutcome) -> dict[str, Any]:
    """Returns what shows people which document it is, and what became of it."""
    row = outcome.row
    return {
        "id": row["id"],
        "folder": outcome.place.folder,
        "item": outcome.place.item,
        "row": outcome.place.row,
        "subset": row["subset"],
        "url": (row["url"] or "")[:JSON_CHARACTERS],
        "title": (row["title"] or "")[:JSON_CHARACTERS],
        "text": (row["text"] or "")[:BEGINNING_CHARACTERS],
        "text_bytes": row["text_bytes"],
        "reasons_before": list(outcome.reasons),
    }


def print_document(
    console: Console,
    output: str,
    label: str,
    document: Mapping[str, Any],
    told: Sequence[str],
) -> None:
    """Prints one document, what is told of it, and the command that explains it.

    Args:
        console: to print on.
        output: the output folder that it lies in.
        label: stands before its name.
        document: as `document_to_json` returns it.
        told: lines that may hold what strangers wrote.
    """
    name = document["title"] or document["url"] or document["id"]
    console.print(Text(f"\n{label}: {made_visible(name)}", style="bold"), soft_wrap=True)
    for line in (*told, " ".join(document["text"].split())):
        if line:
            console.print(Text(f"  {made_visible(line)}"), soft_wrap=True)
    command = f"massivetext explain {shlex.quote(output)} {document['id']}"
    console.print(Text(f"  {made_visible(command, len(command))}"), soft_wrap=True)
