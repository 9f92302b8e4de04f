"""The checks of a run, as `massivetext verify OUT --checks` prints them."""

from __future__ import annotations

import json
from typing import Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.manifest import read_intact, read_manifest
from massivetext.pipeline.phases.outcome import finished_phases
from massivetext.visible_text import made_visible

CHECKS: Final = "report/checks.json"

_SAID: Final = {True: "passed", False: "FAILED", None: "unknown"}

_CHARACTERS: Final = 2_000
"""Our choice: of a sentence of checks.json, a screen at most."""


def print_checks(job: Job) -> bool:
    """Prints every check, and what to do where it fails; returns whether none does.

    Raises:
        UsageError: if there is no report, or it is damaged or older than what it tells of.
    """
    manifest = read_manifest(job, "report")
    if manifest is None or not store.exists(job.path(CHECKS)):
        raise UsageError(
            f"{job.output} has no {CHECKS}; `massivetext report` writes it, after any phase"
        )
    if "report" not in finished_phases(job.output):
        raise UsageError(f"{job.path(CHECKS)} is out of date; run `massivetext report` again")
    content = read_intact(job.output, manifest, CHECKS)
    if content is None:
        raise UsageError(
            f"{job.path(CHECKS)} is damaged; `massivetext verify {job.output} --repair` rebuilds it"
        )
    record = json.loads(content)
    for check in record["checks"]:
        found = made_visible(check["found"], _CHARACTERS)
        print(f"{_SAID[check['passed']]:8} {check['name']}: {found}")
        if check["passed"] is False:
            print(f"{'':8} expected: {check['expected']}; {check['advice']}")
    failed = sum(check["passed"] is False for check in record["checks"])
    print(f"{len(record['checks'])} checks, {failed} failed")
    return bool(record["passed"])
