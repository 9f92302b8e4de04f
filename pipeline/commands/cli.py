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
    compile_command,
    diff_command,
    estimate_command,
    examples_command,
    explain,
    export,
    extract,
    find,
    phase,
    run,
    train_tokenizer,
    verify,
    whatif_command,
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
    find.COMMAND,
    examples_command.COMMAND,
    whatif_command.COMMAND,
    diff_command.COMMAND,
    verify.COMMAND,
    export.COMMAND,
    train_tokenizer.COMMAND,
    compile_command.COMMAND,
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
    owns_process = arguments is None
    given = list(sys.argv[1:] if arguments is None else arguments)
    _set_up(given, owns_process)
    with watched_output() as output:
        try:
            command, options = _parse(given)
            code = command.run(options)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            code = _code_of(error, given, owns_process)
    tell_compiled()
    code = _after_output(code, output, given)
    if owns_process:
        exit_now(code)
    return code


def _set_up(arguments: Sequence[str], owns_process: bool) -> None:
    """Prepares what a command may meet and say; other callers keep their own signals."""
    use_log_form(form_asked(arguments))
    if owns_process:
        open_closed_streams()
        end_on_interrupt()
        hide_library_warnings()
    set_up_logs()


def _code_of(error: BaseException, arguments: Sequence[str], owns_process: bool) -> int:
    """Tells an error that people can do something about; returns the exit code.

    Raises:
        BaseException: the error, if it is another and a caller may want to see it.
    """
    if isinstance(error, SystemExit):  # argparse has printed help or version
        return int(error.code or 0)
    if isinstance(error, KeyboardInterrupt):
        return _fail(INTERRUPTED, interrupt_message(_name(arguments)))
    if isinstance(error, (ConfigError, UsageError)):
        return _fail(2, str(error))
    if isinstance(error, RunError):
        return _fail(1, str(error))
    if is_out_of_memory(error):
        return _fail(1, out_of_memory(error))
    if isinstance(error, OSError):
        return _fail(1, f"{error}; run the same command again to continue where it stopped")
    if owns_process:
        return _fail(1, _unforeseen(error))
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


def _after_output(code: int, output: WatchedOutput, arguments: Sequence[str]) -> int:
    """Returns the exit code of a command, whatever became of what it printed."""
    if output.fault is None or output.is_unread:
        return code
    fault = f"cannot write to standard output: {output.fault.strerror}"
    if _name(arguments) in READING_COMMANDS or {"-h", "--help", "--version"} & {*arguments}:
        return _fail(code or 1, fault)
    return _fail(code, f"{fault}; what was done is committed")


def _name(arguments: Sequence[str]) -> str:
    return next(iter(arguments), "")


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
