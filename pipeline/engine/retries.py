"""Operations on stores, tried again after a pause where that may help: the one layer of retries."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from massivetext.pipeline.engine.errors import StoreError
from massivetext.pipeline.engine.store_faults import is_transient, plain_fault

_Result = TypeVar("_Result")

_LOGGER = logging.getLogger(__name__)

PAUSES_SECONDS = (0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
"""Our choice: how long to wait before each further attempt. 26 seconds in all outlast a restart of
a server; nine attempts get through a store that fails at every second one."""

_PATIENCE_SECONDS: Final = sum(PAUSES_SECONDS)
"""No attempt begins later than this after the first: a store may be slow to say that it fails."""


def with_retries(operation: Callable[[], _Result]) -> _Result:
    """Runs an operation and returns its result; retries after a pause if the store failed.

    Raises:
        StoreError: if it went on failing; then nobody tries once more.
    """
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    for attempt in _attempts(give_up_at):
        with attempt:
            return operation()
    raise AssertionError("the last attempt returns or raises")


def attempts() -> Iterator[AbstractContextManager[None]]:
    """Yields an attempt at a time, until one ends well: a `with` block that may be run again.

    An attempt keeps passing faults of the store to itself; the last one raises `StoreError`. What
    fails in an operation that was already waited for is not tried again.
    """
    return _attempts(math.inf)


def one_attempt() -> Iterator[AbstractContextManager[None]]:
    """Yields a single attempt, for work that the caller retries."""
    yield nullcontext()


def _attempts(give_up_at: float) -> Iterator[AbstractContextManager[None]]:
    for number, pause_seconds in enumerate((*PAUSES_SECONDS, None), start=1):
        attempt = _Attempt(number, pause_seconds, give_up_at)
        yield attempt
        if attempt.is_done:
            return


class _Attempt(AbstractContextManager[None]):
    """A block that may fail, and the pause before the next one; None after the last.

    From the time `give_up_at` on, none follows: a store may be slow to say that it fails.
    """

    def __init__(self, number: int, pause_seconds: float | None, give_up_at: float) -> None:
        self.number, self.pause_seconds, self.give_up_at = number, pause_seconds, give_up_at
        self.is_done = False

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, OSError):
            self.is_done = True
            return False
        fault = plain_fault(error)
        if not is_transient(error):
            self.is_done = True
            if fault is error:
                return False
            raise fault from error
        if self.pause_seconds is None or time.monotonic() >= self.give_up_at:
            waited = sum(PAUSES_SECONDS[: self.number - 1])
            said = f"{self.number} attempts with {waited:g} seconds between them"
            raise StoreError(f"{fault}; {said}") from error
        _LOGGER.info("%s; trying again", fault)  # if it lasts, the last one says so
        time.sleep(self.pause_seconds)
        return True
