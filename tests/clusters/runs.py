"""Runs of the program on runners, each in a process of its own, as a user makes them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clusters.prepare import FOLDER, JOB_SERVERS, PRISM, ROOT, WORKER
from tests.clusters.servers import SERVER_LOG, job_server, process, spark_cluster
from tests.outputs import SAME, assert_same

CONFIG = ROOT / "tests/clusters/config.toml"
NODE = ROOT / "tests/clusters/node"
SPARK_JOB_SERVER = JOB_SERVERS["spark"]
SPARK_JARS = f"{FOLDER / 'spark/jars'}/*"
SPARK_CLASS_PATH = "spark.executor.extraClassPath"
PROGRAM = Path(sys.executable).parent / "massivetext"
RUN_SECONDS = 600
"""Our choice: three times what the slowest run took on a busy machine."""


@dataclass(frozen=True)
class Run:
    """A command of the program that has been started.

    Attributes:
        process: the program.
        log: the file with all that it prints.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> int:
        """Returns its exit code."""
        return self.process.wait(RUN_SECONDS)


@contextmanager
def started(command: str, output: Path, beam_options: Sequence[str] = ()) -> Iterator[Run]:
    """Starts a command on the tests' config; it does not outlive the `with` block."""
    output.parent.mkdir(parents=True, exist_ok=True)
    arguments = [PROGRAM, command, CONFIG, "--output", output, "--", *beam_options]
    log = output.parent / f"{output.name}-{command}-{time.monotonic_ns()}.log"
    with process(arguments, log) as program:
        yield Run(program, log)


def run(command: str, output: Path, beam_options: Sequence[str] = ()) -> Path:
    """Runs a command on the tests' config to its end, which must be a good one."""
    with started(command, output, beam_options) as going:
        assert going.wait() == 0, going.log.read_text()[-4000:]
    return output


def check(output: Path, reference: Path) -> None:
    """Asserts that a run has the bytes of another, and that its ledgers and checksums are right."""
    for folder in SAME:
        assert_same(output / folder, reference / folder)
    verified = subprocess.run([PROGRAM, "verify", output], capture_output=True, text=True)
    assert verified.stdout.endswith(" 0 faults\n"), verified.stdout


@contextmanager
def prism(folder: Path) -> Iterator[list[str]]:
    """Yields Beam's options for Prism; Beam starts it."""
    yield ["--runner=PrismRunner", f"--prism_location={PRISM}"]


@contextmanager
def spark_local(folder: Path) -> Iterator[list[str]]:
    """Yields Beam's options for Spark in one JVM; Beam starts it."""
    yield [
        "--runner=SparkRunner",
        "--spark_master_url=local[2]",
        "--environment_type=LOOPBACK",
        f"--spark_job_server_jar={SPARK_JOB_SERVER}",
    ]


@contextmanager
def flink_local(folder: Path) -> Iterator[list[str]]:
    """Yields Beam's options for Flink in one JVM, which lasts for all pipelines."""
    with job_server("flink", "[local]", folder) as endpoint:
        yield [
            "--runner=FlinkRunner",
            f"--job_endpoint={endpoint}",
            "--environment_type=LOOPBACK",
            "--parallelism=2",
        ]


@dataclass(frozen=True)
class Cluster:
    """A Spark cluster of two nodes, with one application for all pipelines.

    Attributes:
        endpoint: of the job server.
        log: what the job server prints, Spark's driver in it.
    """

    endpoint: str
    log: Path

    def beam_options(self, **variables: str) -> list[str]:
        """Returns Beam's options; `variables` stand in the environment of the Python workers."""
        return [
            "--runner=SparkRunner",
            f"--job_endpoint={self.endpoint}",
            *node_options(**variables),
        ]


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Runs a Spark cluster, and a job server that keeps its application: a switch of Beam's tests.

    Otherwise each pipeline is an application of its own, which costs 20 seconds of two cores.
    """
    properties = {SPARK_CLASS_PATH: SPARK_JARS, "beam.spark.test.reuseSparkContext": "true"}
    with (
        spark_cluster(folder) as master,
        job_server("spark", master, folder, properties) as endpoint,
    ):
        yield Cluster(endpoint, folder / SERVER_LOG)


@contextmanager
def cluster_of_applications(folder: Path) -> Iterator[list[str]]:
    """Yields Beam's options for a Spark cluster of two nodes, an application each pipeline."""
    with spark_cluster(folder) as master:
        yield [
            "--runner=SparkRunner",
            f"--spark_master_url={master}",
            f"--spark_job_server_jar={SPARK_JOB_SERVER}",
            f"--job_server_jvm_property=-D{SPARK_CLASS_PATH}={SPARK_JARS}",
            *node_options(),
        ]


def node_options(**variables: str) -> list[str]:
    """Returns Beam's options for Python workers from the sdist's environment.

    Args:
        **variables: more variables of the workers' environment.
    """
    worker = {
        "command": str(WORKER),
        "env": {**node_environment(), **variables},
    }
    return [
        "--environment_type=PROCESS",
        f"--environment_config={json.dumps(worker)}",
        f"--files_to_stage={SPARK_JOB_SERVER}",  # else all jars, for every pipeline
    ]


def node_environment() -> dict[str, str]:
    """Returns the variables under which a Python process cannot read the checkout: see `node/`."""
    readable = (FOLDER, ROOT / "sample", NODE)
    return {
        "PYTHONPATH": str(NODE),
        "TESTS_CHECKOUT": str(ROOT),
        "TESTS_READABLE": ":".join(map(str, readable)),
    }
