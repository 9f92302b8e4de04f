"""What own edits have changed, as `funnel.json` holds it and the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from massivetext.config import Config
from massivetext.pipeline.phases.edits import SHOWN_CHANGES

_COUNT: Final = {"type": "integer", "minimum": 0}
_COUNTS: Final = ("documents", "changed", "bytes_before", "bytes_after")
_TEXTS: Final = ("id", "before", "after")


def _record(properties: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
        "description": description,
    }


EDITS_SCHEMA: Final = {
    "type": "object",
    "additionalProperties": _record(
        {
            "call": {"type": "string"},
            "subsets": {
                "type": "object",
                "additionalProperties": _record(
                    dict.fromkeys(_COUNTS, _COUNT), "documents, and bytes of their texts"
                ),
            },
            "examples": {
                "type": "array",
                "maxItems": SHOWN_CHANGES,
                "items": _record(
                    {name: {"type": "string"} for name in _TEXTS}, "around the first change"
                ),
            },
        },
        "an own edit",
    ),
    "description": "what own edits have changed, by name, in their order",
}
"""Of the key that `funnel.json` has if the configuration has edits."""


def edits_record(config: Config, findings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns, by edit, what it has changed in each subset, and the first examples.

    Args:
        config: of the run.
        findings: of the phase CURATE, by subset.
    """
    return {
        edit.name: {
            "call": edit.call,
            "subsets": {
                subset: found["edits"][edit.name]
                for subset, found in findings.items()
                if edit.name in found.get("edits", {})
            },
            "examples": [
                {name: example[name] for name in _TEXTS}
                for found in findings.values()
                for example in found.get("edit_examples", ())
                if example["edit"] == edit.name
            ][:SHOWN_CHANGES],
        }
        for edit in config.edits
    }
