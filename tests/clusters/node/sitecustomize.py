"""Watches a Python worker of the tests' cluster: Python imports this module at its start.

The tests put this folder on the worker's PYTHONPATH, and name in its environment

    TESTS_CHECKOUT    the checkout: opening a file of it raises, but for those in TESTS_READABLE
    TESTS_READABLE    folders below the checkout, separated by colons
    TESTS_PAUSE_AT    optional: part of a path; the first worker about to open such a file, or to
                      rename one to it, stops there for good and says so in the file TESTS_PAUSED
    TESTS_PAUSED      that file: the worker's process id and its parent's
"""

import os
import sys
import time

_PAUSE_SECONDS = 600
"""Longer than any test waits before it kills the worker or its parent."""


def _watch(event, arguments):
    """Is told by Python of everything that opens or renames a file, before it does."""
    if event == "open" and isinstance(arguments[0], str):
        _refuse_checkout(os.path.abspath(arguments[0]))
        _pause(arguments[0])
    elif event == "os.rename":
        _pause(os.fsdecode(arguments[1]))


def _refuse_checkout(path):
    checkout, readable = os.environ["TESTS_CHECKOUT"], os.environ["TESTS_READABLE"].split(":")
    allowed = any(path.startswith(folder + os.sep) for folder in readable)
    if path.startswith(checkout + os.sep) and not allowed:
        raise RuntimeError(f"this worker has no checkout, but opens {path}")


def _pause(path):
    pause_at, paused = os.environ.get("TESTS_PAUSE_AT"), os.environ.get("TESTS_PAUSED")
    if not pause_at or pause_at not in path:
        return
    os.environ["TESTS_PAUSE_AT"] = ""  # the first time only, also in this process
    try:
        note = os.open(paused, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:  # another worker was first
        return
    os.write(note, f"{os.getpid()} {os.getppid()}\n".encode())
    os.close(note)
    time.sleep(_PAUSE_SECONDS)


if "TESTS_CHECKOUT" in os.environ:
    sys.addaudithook(_watch)
