"""What a run was asked and by which versions it was done; nothing of places, times or machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from massivetext.config import plain, run_fingerprint, without_places
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.phase import table_stamp
from massivetext.pipeline.phases.table import phase_named, settings_path

_FILES: Final = {"curate": "lists and models", "decontaminate": "inputs", "exclude": "inputs"}
"""What the settings of a phase call the checksums of the lists, models and test sets it reads."""


def run_facts(job: Job, finished: Iterable[str]) -> dict[str, Any]:
    """Returns `facts` of `funnel.json`.

    Args:
        job: the run.
        finished: the phases that are finished.
    """
    config, finished = job.config, tuple(finished)
    return {
        "seed": config.seed,
        "config_hash": run_fingerprint(config),
        "config": _in_order(plain(without_places(config))),
        "files": list(_files(job, finished)),
        "phases": {
            name: {
                "results": phase_named(name).results,
                "settings": table_stamp(config, phase_named(name))["massivetext.settings"],
            }
            for name in finished
        },
    }


def _files(job: Job, finished: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yields lists, models and test sets by name, with the XXH3 of their content."""
    for phase in finished:
        settings = store.read_record(job.path(settings_path(phase))) or {}
        named = settings.get(_FILES[phase], {}) if phase in _FILES else {}
        for name, digests in sorted(named.items()):
            yield from ({"phase": phase, "file": name, "xxh3": digest} for digest in digests)


def _in_order(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings in the order of their names: a stored run knows no other."""
    ordered: dict[str, Any] = json.loads(json.dumps(config, sort_keys=True))
    return ordered
