"""Ctrl-C: one line and exit code 130, whatever the program is at.

Python raises KeyboardInterrupt wherever the main thread happens to be: amid an import, in a
destructor, in Beam, which wraps it. So in the process of the program nothing is raised: the C
library's handler wakes a thread, and that says the line and ends the process. What is committed
stands, and what is not is made again, as after `kill -9`. Functions registered with `atexit` are
run, which is how locks are given back and temporary folders deleted.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final

INTERRUPTED: Final = 130
"""Exit code, by the convention of shells: 128 and the number of the signal."""

READING_COMMANDS: Final = (
    *("estimate", "extract", "explain", "find", "examples", "whatif", "diff", "verify"),
    *("train-tokenizer", "export", "eval", "sample"),
)
"""Commands that commit nothing, and so have nothing to continue."""

_CLEANING_SECONDS: Final = 1.5
"""Our choice: what people wait for without pressing Ctrl-C again."""

_begun: Final = threading.Event()
_beginning: Final = threading.RLock()  # a handler may run amid itself


def interrupt_message(command: str) -> str:
    """Returns what a command says when it was interrupted."""
    if command in READING_COMMANDS:
        return "interrupted"
    return "interrupted; run the same command again to continue where it stopped"


def end_on_interrupt() -> None:
    """Lets Ctrl-C end this process, which must be the program's own.

    Where interrupts are ignored, as in the background of a shell script, that stays so.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGINT, _end_soon)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), daemon=True).start()


def wait_if_interrupted() -> None:
    """Leaves the end of the process to Ctrl-C, if that has begun to end it."""
    if _begun.is_set():
        threading.Event().wait()


def kill_workers() -> None:
    """Kills the processes that share this one's work."""
    if (multiprocessing := sys.modules.get("multiprocessing")) is not None:
        for worker in multiprocessing.active_children():
            worker.kill()


def _end_soon(*_: object) -> None:
    """Is the handler of interrupts: raises nothing, and lets a thread end the process, once."""
    with _beginning:
        if not _begun.is_set():
            _begun.set()
            threading.Thread(target=_end, daemon=True).start()


def _watch(reading: int) -> None:
    """Waits for interrupts; the second one does not wait for anything to be saved or cleaned.

    The main thread may be busy in a library for long, which delays handlers, and not this thread.
    """
    count = 0
    while True:
        if os.read(reading, 1)[0] != signal.SIGINT:
            continue
        count += 1
        if count > 1:
            _kill_children()
            os._exit(INTERRUPTED)
        is_ours = signal.getsignal(signal.SIGINT) is _end_soon
        if is_ours:
            _end_soon()
        # Else what is at work has a handler of its own, as the trainer has, which saves first.


def _end() -> None:
    try:
        _say()
        _silence()
        kill_workers()
        cleaning = threading.Thread(target=atexit._run_exitfuncs, daemon=True)
        cleaning.start()
        cleaning.join(_CLEANING_SECONDS)
        _kill_children()  # job servers, and what was started meanwhile
    finally:
        os._exit(INTERRUPTED)


def _say() -> None:
    from massivetext.events import line_of

    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    line = line_of("interrupted", interrupt_message(command), level="error")
    if os.isatty(2):  # behind ^C and a bar, which may have hidden the cursor
        line = ("\n" if os.environ.get("TERM") == "dumb" else "\x1b[?25h\n") + line
    with suppress(OSError):  # nobody can be told
        os.write(2, line.encode())


def _silence() -> None:
    """Nothing that other threads say on their way to the end is news."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)


def _kill_children() -> None:
    """Kills all child processes that the kernel tells of."""
    kill_workers()
    for child in _children():
        with suppress(OSError):  # it has ended by itself
            os.kill(child, signal.SIGKILL)


def _children() -> list[int]:
    """Returns the ids of child processes, on Linux."""
    found: list[int] = []
    with suppress(OSError):  # not Linux, or a thread that has just ended
        for thread in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{thread}/children", encoding="ascii") as listed:
                found += map(int, listed.read().split())
    return found
