"""The one place that writes to standard error: lines for people, or JSON for machines.

With `--log json` each line is an object with these keys, as they apply:

    event         progress, step, warning, error, code, compile, compiled, interrupted, log
    time          UTC, ISO 8601, to the millisecond
    level         info, warning, error
    message       the line that people would read
    phase, step   what is being done
    items_done, items_total   items of the step that are committed, and all of them
    records, kept             what these items have read and kept
    seconds       how long it took
    logger        which library says so, for `log`
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final, Literal

LogForm = Literal["text", "json"]
"""How lines on standard error look."""

EventKind = Literal[
    "progress", "step", "warning", "error", "code", "compile", "compiled", "interrupted", "log"
]
"""What a line on standard error is about."""

Level = Literal["info", "warning", "error"]

_OF_STEPS: Final = ("progress", "step")
"""Lines that begin with the name of a step; others begin with the program's."""


class _State:
    """How this process talks."""

    form: LogForm = "text"
    muted: frozenset[EventKind] = frozenset()


@contextmanager
def muted(*events: EventKind) -> Iterator[None]:
    """Tells nothing about these while the block runs."""
    before = _State.muted
    _State.muted = before.union(events)
    try:
        yield
    finally:
        _State.muted = before


def use_log_form(form: LogForm) -> None:
    """Sets how lines of this process look from now on."""
    _State.form = form


def form_asked(arguments: Sequence[str]) -> LogForm:
    """Returns the form that a command line asks for, before it is parsed."""
    asked = "--log=json" in arguments or ("--log", "json") in pairwise(arguments)
    return "json" if asked else "text"


def log_form() -> LogForm:
    """Returns how lines of this process look."""
    return _State.form


def tell(event: EventKind, message: str, *, level: Level = "info", **facts: Any) -> None:
    """Writes a line to standard error, if anybody can read it.

    Args:
        event: what it is about.
        message: for people; one line.
        level: how bad it is.
        facts: further keys of the JSON object; None leaves one out.
    """
    if event in _State.muted:
        return
    line = line_of(event, message, level=level, **facts)
    try:
        if sys.stderr is not None:
            sys.stderr.write(line)
            sys.stderr.flush()
    except (OSError, ValueError):  # full, closed, or nobody reads it: the work goes on
        return


def line_of(event: EventKind, message: str, *, level: Level = "info", **facts: Any) -> str:
    """Returns the line that `tell` writes, with its end."""
    if _State.form == "text":
        prefix = "" if event in _OF_STEPS else "massivetext: "
        return f"{prefix}{' '.join(message.splitlines())}\n"
    import json
    from datetime import UTC, datetime

    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {key: value for key, value in facts.items() if value is not None}
    record = {"event": event, "time": time, "level": level, "message": message, **known}
    return json.dumps(record, ensure_ascii=False) + "\n"
