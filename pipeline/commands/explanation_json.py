"""What became of records, for programs: `massivetext explain --json`.

The output is ASCII, so that nothing which strangers wrote acts on a terminal. Their texts are
exact up to JSON_CHARACTERS; what is longer is cut, and named in `cut`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from massivetext.config import Config, plain
from massivetext.pipeline.phases.document_record import JSON_CHARACTERS
from massivetext.pipeline.phases.outcome import RecordOutcome

RECORDS_VERSION: Final = 1

_STRANGERS: Final = ("source_id", "url", "title", "metadata", "file", "error")
_OURS: Final = ("id", "subset", "offset", "kind", "size_bytes", "text_bytes", "tokens")


def outcomes_to_json(
    name: str, outcomes: Sequence[RecordOutcome], more: int, config: Config
) -> dict[str, Any]:
    """Returns what happened to the records of a name as a JSON-able mapping.

    Args:
        name: that was asked for.
        outcomes: of its records.
        more: how many further records have it.
        config: of the run.
    """
    return {
        "schema_version": RECORDS_VERSION,
        "name": name[:JSON_CHARACTERS],
        "records": [_record(outcome, config) for outcome in outcomes],
        "further_records": more,
    }


def _record(outcome: RecordOutcome, config: Config) -> dict[str, Any]:
    row = outcome.row
    texts = {key: row[key] or "" for key in _STRANGERS if key in row}
    told = {
        **plain(outcome.place),
        "verdict": outcome.verdict,
        "in_corpus": outcome.in_corpus,
        "stage": outcome.stage,
        "reasons": [reason[:JSON_CHARACTERS] for reason in outcome.reasons],
        **{key: row[key] for key in _OURS if key in row},
        **{key: text[:JSON_CHARACTERS] for key, text in texts.items()},
        "cut": [key for key, text in texts.items() if len(text) > JSON_CHARACTERS],
        "finished_phases": list(outcome.finished),
    }
    if outcome.verdict in ("failed", "skipped"):
        return told
    if "metadata" not in told["cut"]:
        told["metadata"] = outcome.metadata
    return {**told, **_judgement(outcome, config)}


def _judgement(outcome: RecordOutcome, config: Config) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "measures": outcome.measures,
        "rules": [plain(asdict(rule)) for rule in outcome.rules],
        "removal": plain(asdict(outcome.removal)) if outcome.removal else None,
        "evidence": plain(outcome.row.get("evidence") or []),
    }
    if outcome.verdict == "rejected":
        told["rejected_text"] = config.output.rejected_text
    return told
