"""The two ways in which a command ends early, and how to find them in what a runner raises."""

from __future__ import annotations

import builtins
import re
from typing import Final


class RunError(RuntimeError):
    """A run that cannot go on: what was found, and what to do."""


class InputError(RunError):
    """An input that its file system refuses: the others are done, then the run fails."""


class UsageError(RuntimeError):
    """A command that cannot be carried out as asked; nothing was done."""


class StoreError(OSError):
    """A file system that kept failing through all retries."""


_EXCEPTION_LINE: Final = re.compile(r"^([A-Za-z_][\w.]*): (.*)$", re.MULTILINE)
"""The line of a traceback that names an exception and says what it says."""

_MOST_CHARACTERS: Final = 500
"""Our choice: of what a runner says; it may be the traces of several machines."""

_ERRNO: Final = re.compile(r"\[Errno (\d+)\] (.*)")


_NO_MEMORY: Final = re.compile(
    r"MemoryError|bad_alloc|[Cc]annot allocate memory|can't start new thread|failed to map segment"
)
"""What Python, numpy, Arrow, C++, Linux and its loader say when memory runs out. A thread that
cannot start has no memory for its stack."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, says that this process gets no more memory."""
    return any(
        isinstance(each, (MemoryError, ImportError, OSError, RuntimeError))
        and _NO_MEMORY.search(f"{type(each).__name__}: {each}")
        for each in causes_of(error)
    )


def out_of_memory(error: BaseException) -> str:
    """Returns what a user reads when there is no more memory."""
    said = " ".join(str(error).split())
    return (
        f"out of memory{f' ({said})' if said else ''}: the program needs more than this machine, "
        "or a limit such as `ulimit -v`, allows; to continue where it stopped, run the same "
        "command again with a smaller --memory, fewer --workers or a higher limit"
    )


def runner_message(error: BaseException) -> str:
    """Returns what a user reads when a cluster's runner fails for reasons of its own."""
    said = " ".join(str(error).split()) or type(error).__name__
    said = said if len(said) <= _MOST_CHARACTERS else f"{said[: _MOST_CHARACTERS - 1]}…"
    return (
        f"the runner failed: {said}; see its log and docs/runners.md, and run the same command "
        "again to continue where it stopped"
    )


def plain_error(error: BaseException) -> BaseException:
    """Returns what a worker met: an interrupt, our own error or the system's, else the error.

    The system's are those of files and of memory.

    Runners raise errors of their own, with the worker's as a cause or as text in the message.
    """
    chain = causes_of(error)
    kinds = (KeyboardInterrupt, MemoryError, OSError, RunError)
    raised = [e for e in chain if isinstance(e, kinds)]
    told = [e for e in map(_told_error, map(str, chain)) if e is not None]
    return [*raised, *told, error][0]


def causes_of(error: BaseException) -> list[BaseException]:
    """Returns an error, and behind it those that it was raised from or amid."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        if any(cause is known for known in chain):  # `raise` may make a circle of them
            break
        chain.append(cause)
    return chain


def _told_error(text: str) -> BaseException | None:
    """Returns the first of our own or the system's errors that the text of a traceback names."""
    for name, message in _EXCEPTION_LINE.findall(text):
        if name.endswith(f".{RunError.__name__}"):
            return RunError(message)
        if name.endswith(StoreError.__name__):
            return StoreError(message)
        if _NO_MEMORY.search(name) or _NO_MEMORY.search(message):
            return MemoryError(message)
        kind = getattr(builtins, name, None)
        is_system = isinstance(kind, type) and issubclass(kind, OSError)
        if is_system or name.endswith(".BeamIOError"):
            number = _ERRNO.match(message)
            return OSError(int(number[1]), number[2]) if number else OSError(message)
    return None
