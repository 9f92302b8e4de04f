"""One document among others, as programs get it: names, beginning, what became of it."""

from __future__ import annotations

from typing import Any, Final

from massivetext.pipeline.phases.outcome import RecordOutcome

JSON_CHARACTERS: Final = 4_096
"""Our choice: longer than any name that is one; a stranger's title may have a million."""

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
