"""Input and output on an S3-compatible server on this machine, through Beam's s3 file system."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from massivetext.pipeline.commands.cli import main

from .flaky_s3 import (
    CREDENTIALS,
    Fault,
    FlakyServer,
    at_random,
    cut_short,
    flaky_server,
    reset,
    says,
)
from .small_run import contents, finished_run, write_config, write_sources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def client(endpoint: str) -> Any:
    names = {"access_key_id": "aws_access_key_id", "secret_access_key": "aws_secret_access_key"}
    credentials = {names.get(name, name): value for name, value in CREDENTIALS.items()}
    client = boto3.client("s3", endpoint_url=endpoint, **credentials)
    for bucket in ("crawl", "results"):
        client.create_bucket(Bucket=bucket)
    return client


def upload(client: Any, folder: Path, prefix: str) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        client.upload_file(str(file), "crawl", f"{prefix}/{file.relative_to(folder)}")


def download(client: Any, prefix: str, folder: Path) -> dict[str, Any]:
    """Fetches all objects below a prefix; returns their times of modification by key."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="results", Prefix=prefix)
    objects = [entry for page in pages for entry in page.get("Contents", [])]
    for entry in objects:
        target = folder / entry["Key"]
        target.parent.mkdir(parents=True, exist_ok=True)
        client.download_file("results", entry["Key"], str(target))
    return {entry["Key"]: entry["LastModified"] for entry in objects}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_from_bucket_to_bucket_writes_what_a_local_one_does(
    client: Any, endpoint: str, tmp_path: Path, workers: str
) -> None:
    finished_run(tmp_path)
    upload(client, tmp_path / "in", f"in-{workers}")
    config = write_config(tmp_path / "s3.toml", f"s3://crawl/in-{workers}")
    output = f"s3://results/run-{workers}"
    options = ["--", f"--s3_endpoint_url={endpoint}"]
    options += [f"--s3_{name}={value}" for name, value in CREDENTIALS.items()]
    run = ["run", str(config), "--output", output, "--quiet", "--workers", workers, *options]
    killed = client.create_multipart_upload(Bucket="results", Key=f"run-{workers}/tmp/{'0' * 32}-a")
    other = client.create_multipart_upload(Bucket="results", Key=f"run-{workers}0/tmp/b")
    assert main(run) == 0
    left = client.list_multipart_uploads(Bucket="results")["Uploads"]
    assert [upload["UploadId"] for upload in left] == [other["UploadId"]] != [killed["UploadId"]]
    client.abort_multipart_upload(**{k: other[k] for k in ("Bucket", "Key", "UploadId")})
    first = download(client, f"run-{workers}/", tmp_path)
    found, expected = contents(tmp_path / f"run-{workers}"), contents(tmp_path / "out")
    assert found.keys() == expected.keys()
    # Rows of failed/ name the file that they come from.
    assert [k for k in expected if found[k] != expected[k] and not k.startswith("failed/")] == []
    assert main(["verify", output, *options]) == 0
    assert main(run) == 0
    assert download(client, f"run-{workers}/", tmp_path / "again") == first


@pytest.fixture(scope="module")
def flaky() -> Iterator[FlakyServer]:
    """A server with inputs in folders with brackets in their names."""
    with flaky_server() as server:
        yield server


def upload_sources(server: FlakyServer, folder: Path) -> Any:
    names = {"access_key_id": "aws_access_key_id", "secret_access_key": "aws_secret_access_key"}
    credentials = {names.get(name, name): value for name, value in CREDENTIALS.items()}
    url = f"http://127.0.0.1:{server.server_address[1]}"
    client = boto3.client("s3", endpoint_url=url, **credentials)
    for bucket in ("crawl", "results"):
        client.create_bucket(Bucket=bucket)
    upload(client, folder, "in[1]")
    return client


def test_a_store_that_loses_every_tenth_answer_changes_nothing(
    flaky: FlakyServer, tmp_path: Path
) -> None:
    finished_run(tmp_path)
    client = upload_sources(flaky, tmp_path / "in")
    config = write_config(tmp_path / "s3.toml", "s3://crawl/in[[]1]")
    run = ["run", str(config), "--output", "s3://results/out[1]", "--quiet", *flaky.options]
    flaky.fault = at_random(0.1, says(503, "SlowDown"), reset, cut_short)
    assert main(run) == 0
    flaky.fault = lambda number: None
    assert main(["verify", "s3://results/out[1]", *flaky.options]) == 0
    download(client, "out[1]/", tmp_path)
    found, expected = contents(tmp_path / "out[1]"), contents(tmp_path / "out")
    assert found.keys() == expected.keys()
    assert [k for k in expected if found[k] != expected[k] and not k.startswith("failed/")] == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_store_that_dies_amid_a_run_ends_it_within_a_minute(tmp_path: Path, workers: str) -> None:
    with flaky_server() as server:
        write_sources(tmp_path / "in")
        upload_sources(server, tmp_path / "in")
        config = write_config(tmp_path / "s3.toml", "s3://crawl/in[[]1]")
        output = ["--output", f"s3://results/dead-{workers}", "--workers", workers, "--quiet"]
        died: list[float] = []

        def die(number: int) -> Fault | None:
            documents = sum("/documents/" in path for _, path in server.requests)
            if documents and not died:
                died.append(time.monotonic())
            return reset if died else None

        server.fault = die
        code = "from massivetext.pipeline.commands.cli import main; main()"
        command = [sys.executable, "-c", code, "run", str(config), *output, *server.options]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert died, ended.stderr
        assert time.monotonic() - died[0] < 60
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
        assert f"s3://results/dead-{workers}/" in ended.stderr
