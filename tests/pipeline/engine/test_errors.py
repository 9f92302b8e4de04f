import errno

import pytest

from massivetext.pipeline.engine.errors import RunError, StoreError, plain_error

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
