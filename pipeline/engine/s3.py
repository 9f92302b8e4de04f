"""S3 with one layer of retries: ours, around every request.

Beam's own waits two minutes inside each attempt of whoever calls it, and boto3's as well tries five
times what cannot pass. Here each request is asked once, and what may pass is asked again as
everywhere in the program. What it ends with is a `PermanentException`, which Beam never retries.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from apache_beam.io.aws import s3io
from apache_beam.io.aws.clients.s3 import boto3_client, messages
from apache_beam.io.aws.clients.s3.boto3_client import Client
from apache_beam.io.aws.clients.s3.messages import S3ClientError
from apache_beam.utils.retry import PermanentException

from massivetext.pipeline.engine.errors import StoreError, causes_of
from massivetext.pipeline.engine.retries import with_retries

CONNECT_SECONDS: Final = 5
"""Our choice: a store that takes longer to answer at all is as good as none, and is asked again."""

SILENCE_SECONDS: Final = 20
"""Our choice: how long an answer may pause; two such silences and our own pauses are under a
minute."""

_REQUESTS: Final = (
    "get_object_metadata",
    "get_range",
    "list",
    "create_multipart_upload",
    "upload_part",
    "complete_multipart_upload",
    "delete",
    "delete_batch",
    "copy",
)
"""Methods of Beam's client that send something."""

_PASSING_CODES: Final = frozenset(
    ("RequestTimeout", "SlowDown", "Throttling", "ThrottlingException")
)
"""What a busy store says, also with a status of 400 (S3's list of error codes)."""

_LASTING_TEXTS: Final = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
"""In what OpenSSL says of a connection that no other attempt will open."""


class S3StoreError(StoreError, PermanentException):
    """A request that was refused, or not answered through all retries."""


def use_one_layer_of_retries() -> None:
    """Makes Beam's S3 file system of this process send its requests in this way."""
    if not s3io.BOTO3_INSTALLED:
        return
    module: Any = boto3_client
    module.boto3 = SimpleNamespace(session=SimpleNamespace(Session=_Session))
    module.Client = functools.partial(_Client, _Patience())
    root = logging.getLogger()
    if _is_news not in root.filters:
        root.addFilter(_is_news)


def abort_uploads(options: Any, bucket: str, prefix: str) -> None:
    """Ends unfinished uploads: their parts are stored and paid for, and no listing shows them.

    Args:
        options: Beam's, for the client.
        bucket: of the uploads.
        prefix: of their keys.

    Raises:
        S3StoreError: if the store does not list or end them.
    """
    client = _Client(_Patience(), options)
    boto, request = client.client, messages.ListRequest(bucket, prefix)

    def unfinished() -> list[dict[str, Any]]:
        pages = boto.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
        return [upload for page in pages for upload in page.get("Uploads", ())]

    for upload in client.ask(unfinished, request):
        named = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        client.ask(functools.partial(boto.abort_multipart_upload, **named), request)


class _Patience:
    """Waits for a store, but not again for one that was waited for in vain, until it answers."""

    def __init__(self) -> None:
        self._gave_up = False

    def ask(self, request: Callable[[], Any]) -> Any:
        try:
            answer = request() if self._gave_up else with_retries(request)
        except S3ClientError:  # an answer: there is no such object
            self._gave_up = False
            raise
        except OSError as error:
            self._gave_up = self._gave_up or not isinstance(error, S3StoreError)
            if isinstance(error, S3StoreError):
                raise
            raise S3StoreError(str(error)) from error
        self._gave_up = False
        return answer


class _Client(Client):
    """Beam's client, whose requests are asked again where that may help."""

    def __init__(self, patience: _Patience, options: Any) -> None:
        try:
            super().__init__(options)
        except Exception as error:  # botocore's own, and ValueError for a malformed endpoint
            raise S3StoreError(f"S3: {_one_line(str(error))}") from error
        self._patience = patience
        for name in _REQUESTS:
            setattr(self, name, functools.partial(_ask, patience, self._once(name)))

    def ask(self, send: Callable[[], Any], about: Any) -> Any:
        """Returns the answer to a request that Beam's client does not know."""
        return _ask(self._patience, lambda _: send(), about)

    def complete_multipart_upload(self, request: Any) -> Any:
        """Ends an upload; one that has ended already stands, as no two have the same name."""
        try:
            return super().complete_multipart_upload(request)
        except Exception as error:
            if "NoSuchUpload" not in str(error):
                raise
            return super().get_object_metadata(request)

    def _once(self, name: str) -> Callable[..., Any]:
        """Returns the method of this name, without the retries that Beam puts around one."""
        method = getattr(type(self), name)
        return functools.partial(getattr(method, "__wrapped__", method), self)


def _ask(patience: _Patience, method: Callable[..., Any], request: Any, *arguments: int) -> Any:
    """Returns the answer to a request.

    Raises:
        S3ClientError: with code 404, if there is no object that was asked for.
        S3StoreError: if it was refused, or not answered through all retries.
    """

    def ask() -> Any:
        try:
            return method(request, *arguments)
        except Exception as error:
            if isinstance(error, S3ClientError) and _is_answer(error, request):
                raise
            cause = _cause(error)
            said = f"{_place(request)}: {_one_line(str(cause))}"
            raise (ConnectionError if _may_pass(cause) else S3StoreError)(said) from error

    return patience.ask(ask)


def _is_answer(error: S3ClientError, request: Any) -> bool:
    """Whether an object is missing of which it was asked whether it is there."""
    asked = isinstance(request, (messages.GetRequest, messages.ListRequest))
    return asked and error.code == 404 and "NoSuchBucket" not in str(error.message)


def _cause(error: BaseException) -> BaseException:
    """Returns what boto3 said; Beam's client keeps only the text, and fails at some of it."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    chain = causes_of(error)
    said = (each for each in chain if isinstance(each, (ClientError, BotoCoreError)))
    return next(said, next((e for e in chain if isinstance(e, ResponseParserError)), chain[-1]))


def _may_pass(cause: BaseException) -> bool:
    from botocore import exceptions
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    if any(text in str(cause) for text in _LASTING_TEXTS):
        return False
    if isinstance(cause, exceptions.ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = cause.response.get("Error", {}).get("Code")
        return status >= 500 or status in (408, 429) or code in _PASSING_CODES
    broken = (
        OSError,  # of sockets
        HTTPError,
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
        ResponseParserError,  # of an answer cut short
    )
    return isinstance(cause, broken)


def _place(request: Any) -> str:
    """Returns the path that a request is about; its classes name it differently."""
    bucket = getattr(request, "bucket", None) or getattr(request, "dest_bucket", "")
    names = ("object", "dest_key", "prefix")
    key = next((getattr(request, name) for name in names if hasattr(request, name)), "")
    return f"s3://{bucket}/{key}"


def _one_line(text: str) -> str:
    return " ".join(text.replace(" (reached max retries: 0)", "").split())


class _Session:
    """Stands for boto3's session in Beam's client, which makes a new one for each request."""

    def client(self, **options: Any) -> Any:
        return _client(os.getpid(), **options)


@functools.cache
def _client(process: int, **options: Any) -> Any:
    """Returns the client of a process, whose connections no other process may use."""
    del process
    import botocore.session
    from boto3.session import Session
    from botocore.config import Config

    session = botocore.session.get_session()
    once = {"total_max_attempts": 1, "mode": "standard"}
    waits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": SILENCE_SECONDS}
    session.set_default_client_config(Config(retries=once, **waits))
    return Session(botocore_session=session).client(**options)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether Beam's S3 client logs something that the program does not say by itself."""
    return record.module != s3io.__name__.rpartition(".")[2]
