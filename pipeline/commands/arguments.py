"""Arguments that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Final, get_args

from massivetext.events import LogForm
from massivetext.paths import PathError, absolute_path
from massivetext.pipeline.engine.errors import UsageError

_UNITS: Final[Mapping[str, int]] = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

_LEAST_MEMORY_BYTES: Final = 10**6
"""Our choice: less is a unit that was forgotten. Any budget gives the same results, and below some
500 MB, which a process takes, it only means more rounds."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """Adds the configuration of a run."""
    parser.add_argument("config", help="TOML file; relative paths in it start at its folder")


def add_output_of_run(parser: argparse.ArgumentParser) -> None:
    """Adds the output folder of a run that has taken place."""
    parser.add_argument("output", help="output folder of a run")


def add_log(parser: argparse.ArgumentParser) -> None:
    """Adds the form of the lines on standard error."""
    parser.add_argument(
        "--log",
        choices=get_args(LogForm),
        default="text",
        help="lines on standard error: for people, or a JSON object each",
    )


def absolute(path: str) -> str:
    """Returns a path from the root of its file system; URLs of other ones stay as they are.

    Raises:
        UsageError: if it is on another machine, or a name in it is not UTF-8.
    """
    try:
        return absolute_path(path)
    except PathError as error:
        raise UsageError(str(error)) from None


def positive_int(text: str) -> int:
    """Returns the number that an argument states.

    Raises:
        ArgumentTypeError: if it is not a positive integer.
    """
    number = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0  # as many digits as are sane
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text!r}")
    return number


def size_bytes(text: str) -> int:
    """Returns the bytes that an argument states: `500MB`, `4GB`, `1.5g`; units are powers of 1000.

    Raises:
        ArgumentTypeError: if it is not a size.
    """
    found = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*([kmgt]?)i?b?", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(f"expected a size such as 4GB or 500MB, got {text!r}")
    return int(float(found[1]) * _UNITS[found[2]])


def memory_bytes(text: str) -> int:
    """Returns the bytes of a memory budget, as `size_bytes`.

    Raises:
        ArgumentTypeError: if it is not a size, or less than a megabyte.
    """
    size = size_bytes(text)
    if size < _LEAST_MEMORY_BYTES:
        raise argparse.ArgumentTypeError(f"expected at least 1MB, e.g. 4GB or 500MB, got {text!r}")
    return size
