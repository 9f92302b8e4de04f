"""Beam's options, checked before any work: what Beam does not know, it logs or never ends on."""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
from collections.abc import Sequence
from typing import Final

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.runners.portability.portable_runner import PortableRunner

from massivetext.events import muted
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.processes import runs_here

_CONNECT_SECONDS: Final = 10.0
"""Our choice: a job server that takes no connection for so long is not there."""

_EMBEDDED: Final = "embed"
"""Beam's name for a job server in this process."""


def check_beam_options(options: Sequence[str]) -> None:
    """Checks that options of a command that needs files only, or runs here, are Beam's.

    Raises:
        UsageError: if one is not, or has a value that it cannot have.
    """
    _check_words(options)
    for name in _unknown_names(options):
        raise _unknown(f"--{name}")


def check_runner(options: Sequence[str]) -> None:
    """Checks the options of a run: their names and values, the runner, and its job server.

    Options that Beam does not know are a job server's, if the runner has one.

    Raises:
        UsageError: if one of them is not right, or the job server does not answer.
    """
    if runs_here(options):
        check_beam_options(options)
        return
    _check_words(options)
    unknown = _unknown_names(options)
    runner = _runner(options)
    if isinstance(runner, PortableRunner):
        endpoint = PipelineOptions(list(options)).view_as(PortableOptions).job_endpoint
        if endpoint and endpoint != _EMBEDDED:
            _check_endpoint(endpoint)
        elif not endpoint and type(runner) is PortableRunner:  # others start a job server
            raise UsageError("--runner=PortableRunner needs --job_endpoint=HOST:PORT after --")
    elif unknown:
        raise _unknown(f"--{unknown[0]}")


def _check_words(options: Sequence[str]) -> None:
    """Refuses words that are neither options nor their values."""
    before = ""
    for word in options:
        takes_value = before.startswith("--") and "=" not in before
        if not word.startswith("--") and not takes_value:
            raise _unknown(word)
        before = word


def _unknown_names(options: Sequence[str]) -> list[str]:
    """Returns the names of options that Beam does not know.

    Raises:
        UsageError: if one that it knows has a value that it cannot have.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), muted("log"):  # pages of usage, in the first case
            given = PipelineOptions(list(options))
            known = given.get_all_options()
            return sorted(given.get_all_options(retain_unknown_options=True).keys() - known.keys())
    except SystemExit:
        message = said.getvalue().strip().rpartition("error: ")[2]
        raise UsageError(f"Beam's options after --: {message}") from None


def _runner(options: Sequence[str]) -> object:
    """Returns the runner that options name; Beam checks what it needs to know."""
    try:
        pipeline = beam.Pipeline(options=PipelineOptions([*options, "--job_name=check"]))
    except Exception as error:  # unknown names, extras that are not installed, missing options
        said = " ".join(str(error).split())
        raise UsageError(f"{said}; see the options after --") from None
    shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)
    return pipeline.runner


def _check_endpoint(endpoint: str) -> None:
    """Connects to a job server for a moment: as a socket, which fails at once, then in gRPC."""
    host, _, port = endpoint.rpartition(":")
    try:
        if not host or not port.isdecimal():
            raise ValueError("expected HOST:PORT")
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        with grpc.insecure_channel(endpoint) as channel:
            grpc.channel_ready_future(channel).result(_CONNECT_SECONDS)
    except grpc.FutureTimeoutError:
        raise UsageError(
            f"what listens at --job_endpoint={endpoint} does not speak gRPC, as job servers do; "
            "name another"
        ) from None
    except (OSError, OverflowError, ValueError) as error:
        raise UsageError(
            f"no job server at --job_endpoint={endpoint}: {error}; start one, or name another"
        ) from None


def _unknown(option: str) -> UsageError:
    return UsageError(
        f"unknown option {option!r} after --; expected an option of Apache Beam there, "
        "such as --runner=SparkRunner or --s3_region_name=eu-west-1"
    )
