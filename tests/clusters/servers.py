"""Job servers and a Spark cluster on loopback: each a process that does not outlive its `with`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.clusters.prepare import JOB_SERVERS, spark_home

SERVER_LOG: Final = "job-server.log"
"""What a job server prints, in the folder that it was given."""
_START_SECONDS: Final = 120
"""Our choice: a JVM that has not answered by then will not, even on a busy machine."""
_JVM_OPTIONS: Final = {
    "spark": [
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in ("sun.nio.ch", "java.nio", "java.util", "java.lang.invoke")
    ],
    "flink": [],
}
"""What Beam's runners give their job servers; Spark on Java 17 needs it."""
_MASTER_OPTIONS: Final = {"spark": "--spark-master-url", "flink": "--flink-master"}


@contextlib.contextmanager
def process(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command, with its output in a file; at the end it and all its children are killed."""
    variables = {**os.environ, **(environment or {})}
    with log.open("wb") as stream:
        started = subprocess.Popen(
            [str(part) for part in command],
            cwd=log.parent,
            env=variables,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        kill_group(started)


def kill_group(leader: subprocess.Popen[bytes]) -> None:
    """Kills a process that was started in a session of its own, and all its children."""
    with contextlib.suppress(ProcessLookupError):  # all of them have ended
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait()


@contextlib.contextmanager
def job_server(
    runner: str,
    master: str,
    folder: Path,
    properties: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Runs a job server of Beam; yields its endpoint.

    Args:
        runner: `spark` or `flink`.
        master: what it submits to: `local[2]`, `[local]`, `spark://host:port`.
        folder: for its log and for what pipelines stage.
        properties: Java system properties.
    """
    port = free_port()
    command = ["java", *_JVM_OPTIONS[runner]]
    command += [f"-D{name}={value}" for name, value in (properties or {}).items()]
    command += ["-jar", str(JOB_SERVERS[runner]), f"{_MASTER_OPTIONS[runner]}={master}"]
    command += [f"--job-port={port}", "--artifact-port=0", "--expansion-port=0"]
    command += [f"--artifacts-dir={folder / 'staged'}"]
    log = folder / SERVER_LOG
    with process(command, log, {"SPARK_LOCAL_IP": "127.0.0.1"}) as server:
        _wait(lambda: _answers(port), server, log)
        yield f"localhost:{port}"


@contextlib.contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """Runs a Spark master and two workers of one core; yields the master's URL."""
    port = free_port()
    spark_class = spark_home() / "bin/spark-class"
    environment = {"SPARK_HOME": str(spark_home()), "SPARK_LOCAL_IP": "127.0.0.1"}
    master = [spark_class, "org.apache.spark.deploy.master.Master"]
    master += ["--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    url = f"spark://127.0.0.1:{port}"
    worker = [spark_class, "org.apache.spark.deploy.worker.Worker"]
    worker += ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
    logs = [folder / f"{name}.log" for name in ("master", "worker-1", "worker-2")]
    with process(master, logs[0], environment) as first:
        _wait(lambda: _answers(port), first, logs[0])
        with (
            process([*worker, "--work-dir", folder / "1", url], logs[1], environment) as second,
            process([*worker, "--work-dir", folder / "2", url], logs[2], environment) as third,
        ):
            for log, server in ((logs[1], second), (logs[2], third)):
                _wait(lambda log=log: b"Successfully registered" in log.read_bytes(), server, log)
            yield url


def free_port() -> int:
    """Returns a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"a server did not start; its log:\n{log.read_text()[-4000:]}")
        time.sleep(0.2)
