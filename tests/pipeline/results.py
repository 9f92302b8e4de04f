"""The content of a run's results, phase by phase: what must change the version of the phase.

    python -m tests.pipeline.results OUT

prints what `tests/pipeline/results.json` holds of the sample, for a version that was just raised.
Libraries may store the same content in other bytes, so tables and shards are read.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from massivetext.pipeline.phases.table import PHASES
from massivetext.sequencing import ShardReader

GOLDEN = Path(__file__).with_suffix(".json")


def digests(output: Path) -> dict[str, dict[str, Any]]:
    """Returns version and digest of the results of every phase."""
    return {
        phase.name: {"results": phase.results, "digest": _digest(output, phase.name)}
        for phase in PHASES
    }


def _digest(output: Path, phase: str) -> str:
    manifest = json.loads((output / "phases" / phase / "manifest.json").read_text())
    files = manifest["files"] + [f for item in manifest["items"].values() for f in item["files"]]
    digest = hashlib.sha256()
    for path in sorted(file["path"] for file in files):
        digest.update(path.encode())
        for part in _content(output / path):
            digest.update(part)
    return digest.hexdigest()[:32]


def _content(path: Path) -> Iterator[bytes]:
    if path.suffix == ".parquet":
        for row in pq.read_table(path).to_pylist():
            if (
                "file" in row
            ):  # of failed/ and skipped/: the folder that it was read from may be any
                row["file"] = Path(row["file"]).name
            yield json.dumps(row, sort_keys=True).encode()
    elif path.name == "dataset.json":
        dataset = json.loads(path.read_text())
        yield json.dumps([{**dataset, "shards": len(dataset["shards"])}], sort_keys=True).encode()
    elif path.suffix == ".arrayrecord":
        reader = ShardReader(path.parent)
        for number in range(len(reader)):
            yield reader[number].tobytes()
    else:
        yield path.read_bytes()


if __name__ == "__main__":
    print(json.dumps(digests(Path(sys.argv[1])), indent=1))
