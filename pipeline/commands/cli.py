"""The command line: `massivetext COMMAND ...`.

A command is a `Command`, stated in a file of its own; here they are parsed and run, and their
errors become exit codes: 0 done; 2 bad use or bad configuration, before any work; 1 the run failed;
130 interrupted. Whatever is heavy is imported by the functions of the commands, so that `--help` is
quick.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final, NoReturn

from massivetext import __version__
from massivetext.command import Command
from massivetext.compilation import tell_compiled
from massivetext.config import ConfigError
from massivetext.events import form_asked, tell, use_log_form
from massivetext.interrupts import (
    INTERRUPTED,
    READING_COMMANDS,
    end_on_interrupt,
    interrupt_message,
)
from massivetext.model import commands as model
from massivetext.pipeline.commands import (
    estimate_command,
    explain,
    extract,
    phase,
    run,
    verify,
)
from massivetext.pipeline.engine.errors import RunError, UsageError, is_out_of_memory, out_of_memory
from massivetext.pipeline.engine.logs import hide_library_warnings, set_up_logs
from massivetext.pipeline.engine.processes import exit_now
from massivetext.standard_streams import WatchedOutput, open_closed_streams, watched_output

COMMANDS: Final = (
    run.COMMAND,
    *phase.COMMANDS,
    estimate_command.COMMAND,
    extract.COMMAND,
    explain.COMMAND,
    verify.COMMAND,
    *model.COMMANDS,
)
"""All commands, in the order of the help."""

_TRACEBACK_VARIABLE: Final = "MASSIVETEXT_TRACEBACK"
"""Set to anything, it shows the traceback of what nobody foresaw."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code.

    Args:
        arguments: of the program; without any, those of this process, which ends with the command.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    use_log_form(form_asked(given))
    if arguments is not None:
        set_up_logs()
        return _run(given)
    open_closed_streams()
    end_on_interrupt()
    set_up_logs()
    hide_library_warnings()
    try:
        code = _run(given)
    except BaseException as error:  # what nobody foresaw
        code = _fail(1, out_of_memory(error) if is_out_of_memory(error) else _unforeseen(error))
    exit_now(code)


def _run(arguments: list[str]) -> int:
    """Runs a command and says what there is to say in the end; returns its exit code."""
    name = next(iter(arguments), "")
    with watched_output() as output:
        try:
            command, options = _parse(arguments)
            code = command.run(options)
        except SystemExit as asked_for_help:
            name, code = "--help", int(asked_for_help.code or 0)
        except KeyboardInterrupt:
            code = _fail(INTERRUPTED, interrupt_message(name))
        except Exception as error:
            code = _fail(*_told(error))
    tell_compiled()
    return _code_of(code, output, name)


def _told(error: Exception) -> tuple[int, str]:
    """Returns exit code and message of an error that people can do something about.

    Raises:
        Exception: the error, if it is another.
    """
    if isinstance(error, (ConfigError, UsageError)):
        return 2, str(error)
    if isinstance(error, RunError):
        return 1, str(error)
    if is_out_of_memory(error):
        return 1, out_of_memory(error)
    if isinstance(error, OSError):
        return 1, f"{error}; run the same command again to continue where it stopped"
    raise error


def _unforeseen(error: BaseException) -> str:
    """Returns one line about an error that is the program's own fault."""
    if os.environ.get(_TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "massivetext" in frame.filename] or frames
    place = f"{own[-1].filename}:{own[-1].lineno}" if own else "unknown place"
    said = " ".join(str(error).split())
    return (
        f"{type(error).__name__}: {said} ({place}), a fault of the program; "
        f"please report it with what it says when {_TRACEBACK_VARIABLE}=1 is set"
    )


def _code_of(code: int, output: WatchedOutput, command: str) -> int:
    """Returns the exit code of a command, whatever became of what it printed."""
    if output.fault is None or output.is_unread:
        return code
    fault = f"cannot write to standard output: {output.fault.strerror}"
    if command == "--help" or command in READING_COMMANDS:
        return _fail(code or 1, fault)
    return _fail(code, f"{fault}; what was done is committed")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Tells what is wrong, and where to read what would be right."""
        raise UsageError(f"{message}; `{self.prog} --help` says what there is")


def _parse(arguments: list[str]) -> tuple[Command, argparse.Namespace]:
    """Returns the command that is asked for, and its options."""
    own, beam_options = _split(arguments)
    parser = _Parser(
        prog="massivetext",
        description="Raw crawls and text collections in, token shards of a Gopher-style model out.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_arguments(parsers.add_parser(command.name, help=command.help))
    options = parser.parse_args(own)
    chosen = next(command for command in COMMANDS if command.name == options.command)
    if beam_options and not chosen.uses_beam:
        parser.error(f"options after -- are for Beam, which '{chosen.name}' does not use")
    options.beam_options = tuple(beam_options)
    return chosen, options


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Returns the program's own arguments, and those behind `--`, which are Beam's."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _fail(code: int, message: str) -> int:
    tell("error", message, level="error")
    return code
