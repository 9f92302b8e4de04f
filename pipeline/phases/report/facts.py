"""What a run was asked and by which versions it was done; nothing of places, times or machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from massivetext.config import Config, plain, run_fingerprint, without_places
from massivetext.pipeline.phases.phase import table_stamp
from massivetext.pipeline.phases.table import phase_named


def run_facts(config: Config, finished: Iterable[str]) -> dict[str, Any]:
    """Returns `facts` of `funnel.json`.

    Args:
        config: of the run.
        finished: the phases that are finished.
    """
    return {
        "seed": config.seed,
        "config_hash": run_fingerprint(config),
        "config": _in_order(plain(without_places(config))),
        "phases": {
            name: {
                "results": phase_named(name).results,
                "settings": table_stamp(config, phase_named(name))["massivetext.settings"],
            }
            for name in finished
        },
    }


def _in_order(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings in the order of their names: a stored run knows no other."""
    ordered: dict[str, Any] = json.loads(json.dumps(config, sort_keys=True))
    return ordered
