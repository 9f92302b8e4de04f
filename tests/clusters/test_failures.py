"""Processes of the cluster are killed at the worst moments: same bytes, and the ledger balances.

A Python worker stops itself at a named file (see `node/sitecustomize.py`), so that each kill falls
at the moment that its test names, on a machine of any speed.
"""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.clusters import runs
from tests.clusters.runs import check

pytestmark = [
    pytest.mark.runners,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("prepared"),
]

PAUSE_SECONDS = 240
"""Our choice: by then a worker has reached any file of a phase, even on a busy machine."""
LOSSES = {"python": b"Lost task", "executor": b"Lost executor"}
"""What Spark's driver logs of the loss."""


@pytest.mark.parametrize(
    ("phase", "file", "victim"),
    [
        ("curate", "/weights.npz", "python"),  # while reading: the first page is extracted
        ("curate", "/documents/", "python"),  # between temporary file and rename
        ("dedup", "/files/exact/", "executor"),  # amid the shuffle of exact duplicates
        ("dedup", "/files/pairs/", "executor"),  # amid the shuffle of band keys
    ],
)
def test_a_killed_process_costs_nothing(
    cluster: runs.Cluster,
    curated: Path,
    reference: Path,
    tmp_path: Path,
    phase: str,
    file: str,
    victim: str,
) -> None:
    output, paused = tmp_path / "out", tmp_path / "paused"
    if phase != "curate":
        shutil.copytree(curated, output)
    beam_options = cluster.beam_options(TESTS_PAUSE_AT=file, TESTS_PAUSED=str(paused))
    logged = cluster.log.stat().st_size
    with runs.started(phase, output, beam_options) as going:
        worker, executor = processes_paused(paused, going)
        os.kill(worker if victim == "python" else executor, signal.SIGKILL)
        assert going.wait() == 0, "Spark did not recover by itself\n" + going.log.read_text()
    assert LOSSES[victim] in cluster.log.read_bytes()[logged:]
    check(runs.run("run", output), reference)


def processes_paused(note: Path, going: runs.Run) -> tuple[int, int]:
    """Waits for a worker to stop; returns its process id and that of its executor's JVM."""
    deadline = time.monotonic() + PAUSE_SECONDS
    while not (note.exists() and note.read_text().endswith("\n")):
        assert going.process.poll() is None, going.log.read_text()[-4000:]
        assert time.monotonic() < deadline, f"no worker came to the file\n{going.log.read_text()}"
        time.sleep(0.1)
    worker, executor = map(int, note.read_text().split())
    assert "massivetext-worker" in command_line(worker)
    assert "CoarseGrainedExecutorBackend" in command_line(executor)
    return worker, executor


def command_line(process_id: int) -> str:
    return Path(f"/proc/{process_id}/cmdline").read_text()
