"""S3's one layer of retries, asked over a socket of this machine."""

import logging
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from apache_beam.io.aws.clients.s3 import boto3_client
from apache_beam.io.filesystems import FileSystems

from massivetext.pipeline.engine import retries, s3, store
from massivetext.pipeline.engine.errors import StoreError, plain_error
from tests.pipeline.flaky_s3 import CREDENTIALS, Fault, Flaky, reset, says


class Canned(ThreadingHTTPServer):
    """Meets each request with the next of its faults, the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Flaky)
        self.lock, self.requests = threading.Lock(), list[tuple[str, str]]()
        self.faults: list[Fault] = []

    def fault(self, number: int) -> Fault:
        return self.faults[min(number, len(self.faults)) - 1]

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def use_endpoint(port: int) -> None:
    options = [f"--s3_{name}={value}" for name, value in CREDENTIALS.items()]
    store.use_options([f"--s3_endpoint_url=http://127.0.0.1:{port}", *options])


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The pauses between requests, which are not waited for; afterwards all is as before."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3_client, "Client", boto3_client.Client)
    monkeypatch.setattr(boto3_client, "boto3", boto3_client.boto3)
    options = FileSystems._pipeline_options
    yield waited
    FileSystems.set_options(options)


@pytest.fixture
def server() -> Iterator[Canned]:
    with Canned() as canned:
        threading.Thread(target=canned.serve_forever, daemon=True).start()
        use_endpoint(canned.server_address[1])
        yield canned
        canned.shutdown()


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "InvalidAccessKeyId"), (404, "NoSuchBucket"), (400, "InvalidRequest")],
)
def test_what_the_store_refuses_is_not_asked_again(
    server: Canned, fast: list[float], status: int, code: str
) -> None:
    server.faults = [says(status, code)]
    for number, ask in enumerate((store.list_folder, write), start=1):
        with pytest.raises(StoreError, match=rf"^s3://bucket/.*: .*\({code}\).* it said") as caught:
            ask("s3://bucket/out")
        assert "\n" not in str(caught.value)
        assert len(server.requests) == number
    assert fast == []


def write(output: str) -> None:
    store.write_bytes(output, "file", b"content")


PASSING = {
    "500": says(500, "InternalError"),
    "503": says(503, "SlowDown"),
    "400 that means busy": says(400, "RequestTimeout"),
    "reset": reset,
    "cut short": lambda handler: handler.answer((200, {}, b"<ListBucketResult><Name>bu"), 10),
}
EMPTY = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_asked_again(server: Canned, fast: list[float], fault: Fault) -> None:
    server.faults = [fault, fault, fault, lambda handler: handler.answer((200, {}, EMPTY))]
    assert store.list_folder("s3://bucket/out") == []
    assert len(server.requests) == 4
    assert fast == list(retries.PAUSES_SECONDS[:3])


@pytest.mark.parametrize("ask", [store.list_folder, store.match, store.exists, write])
def test_a_dead_store_is_waited_for_once(
    fast: list[float], ask: object, caplog: pytest.LogCaptureFixture
) -> None:
    use_endpoint(closed_port())
    for waited in (list(retries.PAUSES_SECONDS), []):  # the second time it is asked just once
        fast.clear()
        with pytest.raises(StoreError, match=r"^s3://bucket/.*: Could not connect") as caught:
            ask("s3://bucket/out")  # type: ignore[operator]
        assert fast == waited
        assert not store.is_transient(caught.value)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_without_credentials_nothing_is_asked(
    fast: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    s3._client.cache_clear()
    store.use_options([])
    for ask in (store.list_folder, write):
        with pytest.raises(StoreError, match=r"^s3://bucket/.*: Unable to locate credentials$"):
            ask("s3://bucket/out")
    store.use_options(["--s3_endpoint_url=localhost:9"])
    with pytest.raises(StoreError, match=r"^S3: Invalid endpoint: localhost:9$"):
        store.exists("s3://bucket/out")
    assert fast == []


def test_the_error_is_known_again_in_what_a_runner_says() -> None:
    error = s3.S3StoreError("s3://bucket/key: no answer")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (s3.S3StoreError, str(error))
    told = RuntimeError(f"Traceback:\n{s3.S3StoreError.__module__}.S3StoreError: {error}")
    plain = plain_error(told)
    assert isinstance(plain, StoreError)
    assert str(plain) == str(error)
