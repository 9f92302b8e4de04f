"""An S3 server on this machine that can be made to fail: answers, requests, or all of it.

A proxy stands before moto; a test says which requests meet which fault:

    server.fault = every(3, busy)
"""

import http.client
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.server import ThreadedMotoServer

CREDENTIALS = {"access_key_id": "key", "secret_access_key": "secret", "region_name": "us-east-1"}

Answer = tuple[int, dict[str, str], bytes]


class Flaky(BaseHTTPRequestHandler):
    """Passes requests on; `server.fault(handler, number)` may answer instead."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *arguments: object) -> None:
        pass

    def pass_on(self) -> Answer:
        connection = http.client.HTTPConnection(*self.server.backend)
        connection.request(self.command, self.path, self.content, dict(self.headers))
        response = connection.getresponse()
        answer = response.status, dict(response.getheaders()), response.read()
        connection.close()
        return answer

    def answer(self, answer: Answer, length: int | None = None) -> None:
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        whole = headers.get("Content-Length", len(content))
        self.send_header("Content-Length", str(whole if self.command == "HEAD" else len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:length])
        if length is not None:
            self.close_connection = True

    def handle_any(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.requests.append((self.command, self.path))
            number = len(self.server.requests)
        fault = self.server.fault(number)
        if fault is None:
            self.answer(self.pass_on())
        else:
            fault(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any


Fault = Callable[[Flaky], None]


def says(status: int, code: str) -> Fault:
    """The server answers with an error."""
    body = f"<Error><Code>{code}</Code><Message>it said {code}</Message></Error>".encode()
    return lambda handler: handler.answer((status, {}, body))


def reset(handler: Flaky) -> None:
    """The server breaks the connection; what was asked has not been done."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut_short(handler: Flaky) -> None:
    """What was asked is done, but half of the answer is lost."""
    answer = handler.pass_on()
    handler.answer(answer, length=len(answer[2]) // 2)


def at_random(share: float, *faults: Fault) -> Callable[[int], Fault | None]:
    """Returns what lets a share of all requests meet one of the faults."""
    draw = random.Random(0)
    return lambda number: draw.choice(faults) if draw.random() < share else None


class FlakyServer(ThreadingHTTPServer):
    """The proxy: `fault` gives what request number N meets, or None; `requests` were all made."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, backend: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Flaky)
        self.backend, self.lock = backend, threading.Lock()
        self.requests: list[tuple[str, str]] = []
        self.fault: Callable[[int], Fault | None] = lambda number: None

    @property
    def options(self) -> list[str]:
        """Beam's options for this server."""
        named = [f"--s3_{name}={value}" for name, value in CREDENTIALS.items()]
        return ["--", f"--s3_endpoint_url=http://127.0.0.1:{self.server_address[1]}", *named]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that went away are nothing to tell."""


@contextmanager
def flaky_server() -> Iterator[FlakyServer]:
    """Gives a server with no buckets."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    server = FlakyServer(moto.get_host_and_port())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
    moto.stop()
