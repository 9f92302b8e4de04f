"""How the tests use commands: a small configuration, and what a command says that fails."""

import pytest

from massivetext.events import muted
from massivetext.pipeline.commands.cli import main

SOURCE = """
[[source]]
subset = "books"
kind = "text"
format = "text"
path = "{path}"
"""


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and message of a command that must write nothing to standard output.

    Whether kernels are still to be compiled depends on this machine's cache, and is left out.
    """
    try:
        with muted("compile", "compiled"):
            code = main(arguments)
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err
