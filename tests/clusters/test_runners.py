"""The same job on Prism, Spark, Flink and a Spark cluster: the same bytes as on the default."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.clusters import runs
from tests.clusters.prepare import ROOT, WORKER
from tests.clusters.runs import check

pytestmark = [
    pytest.mark.runners,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("prepared"),
]

LOCAL = {"prism": runs.prism, "spark": runs.spark_local, "flink": runs.flink_local}


@pytest.mark.parametrize("runner", LOCAL)
def test_a_runner_gives_the_same_bytes(runner: str, reference: Path, tmp_path: Path) -> None:
    with LOCAL[runner](tmp_path) as beam_options:
        check(runs.run("run", tmp_path / "out", beam_options), reference)


def test_a_cluster_gives_the_same_bytes(
    cluster: runs.Cluster, reference: Path, tmp_path: Path
) -> None:
    check(runs.run("run", tmp_path / "out", cluster.beam_options()), reference)


def test_a_cluster_with_an_application_for_each_pipeline(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How users reach it: Beam starts the job server. One phase, as each pipeline takes long."""
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    with runs.cluster_of_applications(tmp_path) as beam_options:
        runs.run("curate", tmp_path / "out", beam_options)
    check(runs.run("run", tmp_path / "out"), reference)


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("import massivetext.pipeline.phases.table", False),
        (f"import sys; sys.path.insert(0, {str(ROOT)!r}); import massivetext", True),
        (f"open({str(ROOT / 'README.md')!r})", True),
        (f"open({str(ROOT / 'sample/config.toml')!r})", False),
    ],
    ids=["installed package", "package of the checkout", "file of the checkout", "input"],
)
def test_the_workers_of_the_cluster_have_no_checkout(statement: str, refused: bool) -> None:
    """What the other tests rely on: a worker that reads the checkout fails."""
    python = WORKER.parent / "python"
    environment = {**os.environ, **runs.node_environment()}
    done = subprocess.run([python, "-c", statement], env=environment, cwd="/", capture_output=True)
    assert (done.returncode != 0) == refused, done.stderr.decode()
    assert (b"this worker has no checkout" in done.stderr) == refused
