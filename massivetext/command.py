"""A command of the program, as the command line knows it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command of the program.

    Attributes:
        name: the word that calls it.
        help: what it does, in a line.
        add_arguments: puts its arguments into a parser.
        run: does it; returns the exit code. Its options hold `command`, the name, and
            `beam_options`, the arguments behind `--`.
        uses_beam: whether it uses Beam's runners or file systems, and so takes their options.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    uses_beam: bool = False
