import io
import subprocess
import sys

import pytest

from massivetext.standard_streams import WatchedOutput, watched_output


class Broken(io.StringIO):
    """Takes a line, and no more."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        if self.getvalue():
            raise self.error
        return super().write(text)


@pytest.mark.parametrize(
    ("error", "is_unread"),
    [(BrokenPipeError(32, "Broken pipe"), True), (OSError(28, "No space left on device"), False)],
)
def test_output_that_fails_is_remembered_and_dropped(error: OSError, is_unread: bool) -> None:
    stream = Broken(error)
    output = WatchedOutput(stream)
    for line in ("one\n", "two\n", "three\n"):
        assert output.write(line) == len(line)
    output.flush()
    assert stream.getvalue() == "one\n"
    assert output.fault is error
    assert output.is_unread == is_unread


def test_standard_output_is_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with watched_output() as output:
        print("kept")
    assert sys.stdout is before
    assert output.fault is None
    assert capsys.readouterr().out == "kept\n"


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: object) -> None:
    code = (
        "import os, sys\n"
        "from massivetext.standard_streams import open_closed_streams\n"
        "open_closed_streams()\n"
        "assert sys.stdin is None\n"
        "print('nowhere'); print('nowhere', file=sys.stderr)\n"
        "number = os.open(os.devnull, os.O_RDONLY)\n"
        "os._exit(number)\n"
    )
    closed = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code]
    assert subprocess.run(closed, check=False).returncode >= 3
