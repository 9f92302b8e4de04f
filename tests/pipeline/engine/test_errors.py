import errno

import pytest

from massivetext.pipeline.engine.errors import (
    RunError,
    StoreError,
    is_out_of_memory,
    out_of_memory,
    plain_error,
    runner_message,
)

TRACEBACK = """Traceback (most recent call last):
  File "work.py", line 9, in process
    raise it
{line}

During handling of the above exception, another exception occurred:

RuntimeError: wrapped [while running 'read/Process']
"""


def test_a_cause_is_found_behind_what_the_runner_raised() -> None:
    cause = OSError(errno.ENOSPC, "No space left on device")
    wrapped = RuntimeError("OSError: [while running 'Write']")
    wrapped.__cause__ = cause
    assert plain_error(wrapped) is cause


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "massivetext.pipeline.engine.errors.RunError: it died; do this",
            RunError("it died; do this"),
        ),
        ("OSError: [Errno 28] No space left on device: 'a'", OSError(28, "No space left on d")),
        ("apache_beam.io.filesystem.BeamIOError: no answer", OSError("no answer")),
        ("massivetext.pipeline.engine.errors.StoreError: no answer", StoreError("no answer")),
        ("MemoryError: Unable to allocate 2 GB", MemoryError("Unable to allocate 2 GB")),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to", MemoryError("Unable to")),
        ("pyarrow.lib.ArrowMemoryError: malloc of size 9 failed", MemoryError("malloc of size")),
        ("RuntimeError: std::bad_alloc", MemoryError("std::bad_alloc")),
        ("ConnectionResetError: [Errno 104] reset by peer", ConnectionResetError(104, "reset")),
    ],
)
def test_an_error_is_found_in_the_text_of_a_traceback(line: str, expected: Exception) -> None:
    found = plain_error(RuntimeError(TRACEBACK.format(line=line)))
    assert type(found) is type(expected)
    assert str(found).startswith(str(expected)[:30])
    assert getattr(found, "errno", None) == getattr(expected, "errno", None)


def test_other_errors_stay_as_they_are() -> None:
    error = RuntimeError(TRACEBACK.format(line="ValueError: a bug"))
    assert plain_error(error) is error


def test_an_interrupt_is_found_behind_what_the_runner_raised() -> None:
    interrupt = KeyboardInterrupt()
    wrapped = RuntimeError("KeyboardInterrupt [while running 'curate: read/Commit']")
    wrapped.__context__ = interrupt
    assert plain_error(wrapped) is interrupt


def test_a_lack_of_memory_is_found_behind_what_it_led_to() -> None:
    error = OSError("Could not find/load shared object file")
    error.__context__ = OSError("x.so: failed to map segment from shared object")
    assert is_out_of_memory(error)
    assert not is_out_of_memory(ValueError("MemoryError"))
    assert not is_out_of_memory(OSError(28, "No space left on device"))
    assert "--memory" in out_of_memory(error)
    assert "\n" not in out_of_memory(MemoryError("one\ntwo"))


def test_what_a_runner_says_is_one_line() -> None:
    message = runner_message(RuntimeError("Pipeline failed:\n" + "at org.apache\n" * 1_000))
    assert message.startswith("the runner failed: Pipeline failed: at org.apache")
    assert "\n" not in message
    assert len(message) < 700
