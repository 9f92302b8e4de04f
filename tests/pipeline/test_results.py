"""Results that change must have another version: else older outputs would be taken over."""

import json
from pathlib import Path

from .results import GOLDEN, digests


def test_the_results_of_the_sample_are_those_of_their_versions(sample_run: Path) -> None:
    known, found = json.loads(GOLDEN.read_text()), digests(sample_run)
    changed = [name for name in found if found[name] != known.get(name)]
    assert not changed, (
        f"the results of {', '.join(changed)} have changed: raise `results` of the first of these "
        "phases that changed by itself (pipeline/phases/table.py), then write the new digests: "
        f"python -m tests.pipeline.results OUT > {GOLDEN}"
    )
