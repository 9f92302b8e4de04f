"""One document among others on a terminal: its name, its beginning, what explains it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from massivetext.visible_text import made_visible


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
        document: as `document_record.document_to_json` returns it.
        told: lines that may hold what strangers wrote.
    """
    name = document["title"] or document["url"] or document["id"]
    console.print(Text(f"\n{label}: {made_visible(name)}", style="bold"), soft_wrap=True)
    for line in (*told, " ".join(document["text"].split())):
        if line:
            console.print(Text(f"  {made_visible(line)}"), soft_wrap=True)
    command = f"massivetext explain {shlex.quote(output)} {document['id']}"
    console.print(Text(f"  {made_visible(command, len(command))}"), soft_wrap=True)
