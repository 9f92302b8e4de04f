"""The command line: `massivetext COMMAND ...`.

A command is a `Command`, stated in a file of its own; here they are parsed and run, and their
errors become exit codes: 0 done; 2 bad use or bad configuration, before any work; 1 the run failed.
Whatever is heavy is imported by the functions of the commands, so that `--help` is quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from massivetext import __version__
from massivetext.command import Command
from massivetext.config import ConfigError
from massivetext.model import commands as model
from massivetext.pipeline.commands import (
    estimate_command,
    explain,
    extract,
    phase,
    run,
    verify,
)
from massivetext.pipeline.engine.errors import RunError, UsageError
from massivetext.pipeline.engine.logs import hide_import_warnings
from massivetext.pipeline.engine.processes import exit_now

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code.

    Args:
        arguments: of the program; without any, those of this process, which ends with the command.
    """
    hide_import_warnings()
    command, options = _parse(list(sys.argv[1:] if arguments is None else arguments))
    try:
        code = command.run(options)
    except (ConfigError, UsageError) as error:
        code = _fail(2, str(error))
    except RunError as error:
        code = _fail(1, str(error))
    except OSError as error:
        code = _fail(1, f"{error}; run the same command again to continue where it stopped")
    except KeyboardInterrupt:
        code = _fail(1, "interrupted; run the same command again to continue where it stopped")
    if arguments is None:
        exit_now(code)
    return code


def _parse(arguments: list[str]) -> tuple[Command, argparse.Namespace]:
    """Returns the command that is asked for, and its options."""
    own, beam_options = _split(arguments)
    parser = argparse.ArgumentParser(
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
    print(f"massivetext: {message}", file=sys.stderr)
    return code
