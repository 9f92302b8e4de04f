"""What the tests on real runners need, fetched and built into one folder: `.runners/`.

    python tests/clusters/prepare.py        (`make test-runners` calls it)

    spark/jars, flink/jars    Beam's runners and what they need, by Maven
    spark.jar, flink.jar      job servers: thin jars that name those jars, and Spark's own
    prism-<version>/prism     Beam's runner in Go, by `go install`
    worker/                   an environment with this checkout's sdist: what a node has

What is there already in the same version is kept; the worker's environment follows the checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".runners"
POMS: Final = Path(__file__).parent
JOB_SERVERS: Final = {"spark": FOLDER / "spark.jar", "flink": FOLDER / "flink.jar"}
PRISM: Final = FOLDER / f"prism-{version('apache-beam')}/prism"
WORKER: Final = FOLDER / "worker/bin/massivetext-worker"
PARTS: Final = (*JOB_SERVERS.values(), PRISM, WORKER)
"""What `main` makes."""
MAIN_CLASSES: Final = {
    "spark": "org.apache.beam.runners.spark.SparkJobServerDriver",
    "flink": "org.apache.beam.runners.flink.FlinkJobServerDriver",
}
JAVA_VERSIONS: Final = (11, 17)
"""Those that Spark 3.5 and Flink 1.19 both support."""
TOOLS: Final = {
    "java": "Java 11 or 17; on Debian: apt-get install openjdk-17-jre-headless",
    "mvn": "Maven; on Debian: apt-get install maven",
    "go": "Go 1.26 or newer, from https://go.dev/dl",
}
LINE_BYTES: Final = 72
"""The longest line of a jar's manifest, without its end (JAR File Specification)."""


class MissingError(RuntimeError):
    """Something that the tests need and that this machine does not have."""


def main() -> int:
    """Prepares everything; returns 2, and says what is missing, if it can't."""
    try:
        require_tools(TOOLS)
        require_java(java_version())
        prepare_job_server("spark", spark_jars())
        prepare_job_server("flink", [])
        prepare_prism()
        prepare_worker()
    except MissingError as error:
        print(f"test-runners: {error}", file=sys.stderr)
        return 2
    return 0


def require_tools(tools: Iterable[str]) -> None:
    """Raises MissingError, naming all of them, if programs are not on the PATH."""
    missing = [f"{tool} ({TOOLS[tool]})" for tool in tools if shutil.which(tool) is None]
    if missing:
        raise MissingError(f"not found on the PATH: {'; '.join(missing)}")


def java_version() -> str:
    """Returns the version that `java` states, for example `17.0.15`."""
    stated = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    return stated.partition('"')[2].partition('"')[0]


def require_java(version: str) -> None:
    """Raises MissingError if Java is of a version that a runner does not support."""
    if version.partition(".")[0] not in map(str, JAVA_VERSIONS):
        raise MissingError(f"`java` is of version {version or 'unknown'}; install {TOOLS['java']}")


def spark_home() -> Path:
    """Returns the folder of Spark, which the package pyspark brings along."""
    try:
        import pyspark
    except ImportError:
        raise MissingError('no pyspark; install it by: pip install -e ".[clusters]"') from None
    return Path(pyspark.__file__).parent


def spark_jars() -> list[Path]:
    """Returns Spark's own jars."""
    return sorted((spark_home() / "jars").glob("*.jar"))


def prepare_job_server(runner: str, more_jars: Sequence[Path]) -> None:
    """Makes `.runners/<runner>.jar`: Beam's job server, by the name of its parts."""
    pom, made_of = POMS / runner / "pom.xml", FOLDER / runner / "pom.xml"
    jars = FOLDER / runner / "jars"
    if not made_of.exists() or made_of.read_bytes() != pom.read_bytes():
        shutil.rmtree(FOLDER / runner, ignore_errors=True)
        copy = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
        run(f"fetch Beam's {runner} runner", [*copy, f"-DoutputDirectory={jars}"])
        shutil.copyfile(pom, made_of)
    parts = [*sorted(jars.glob("*.jar")), *more_jars]
    write_thin_jar(JOB_SERVERS[runner], MAIN_CLASSES[runner], parts)


def write_thin_jar(path: Path, main_class: str, parts: Sequence[Path]) -> None:
    """Writes a jar that holds nothing but the name of a class and of the jars to find it in."""
    lines = [
        "Manifest-Version: 1.0",
        f"Main-Class: {main_class}",
        f"Class-Path: {' '.join(part.as_uri() for part in parts)}",
    ]
    manifest = "".join(f"{folded}\r\n" for line in lines for folded in fold(line)) + "\r\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)


def fold(line: str) -> list[str]:
    """Cuts a line of a manifest; what goes on starts with a space."""
    starts = range(LINE_BYTES, len(line), LINE_BYTES - 1)
    return [line[:LINE_BYTES], *(" " + line[start : start + LINE_BYTES - 1] for start in starts)]


def prepare_prism() -> None:
    """Builds Prism of the same version as the Python SDK: minutes, once."""
    if not PRISM.exists():
        module = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{version('apache-beam')}"
        run("build Prism", ["env", f"GOBIN={PRISM.parent}", "go", "install", module])


def prepare_worker() -> None:
    """Installs the checkout's sdist in an environment of its own."""
    dist, environment, pip = FOLDER / "dist", WORKER.parents[1], WORKER.parent / "pip"
    shutil.rmtree(dist, ignore_errors=True)
    build = [sys.executable, "-m", "build", "--sdist", "--outdir", str(dist), str(ROOT)]
    run("build the sdist", build)
    if not pip.exists():
        run("make an environment", [sys.executable, "-m", "venv", str(environment)])
    install = [str(pip), "install", "--quiet"]
    run("install the sdist", [*install, *map(str, dist.glob("*.tar.gz"))])
    run("compile its kernels", [str(WORKER.parent / "massivetext"), "compile"])


def run(purpose: str, command: Sequence[str]) -> None:
    """Runs a command; raises MissingError with all that it printed if it fails."""
    print(f"test-runners: {purpose}", flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise MissingError(
            f"could not {purpose}: `{' '.join(command)}` ended with {done.returncode}:\n"
            f"{done.stdout}{done.stderr}"
        )


if __name__ == "__main__":
    sys.exit(main())
