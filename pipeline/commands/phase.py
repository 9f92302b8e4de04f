"""The single phases: `massivetext curate` and so on, each a part of `massivetext run`."""

from __future__ import annotations

from typing import Final

from massivetext.command import Command
from massivetext.pipeline.commands.run import add_arguments, add_phase_arguments, run
from massivetext.pipeline.phases.table import PHASES

_AGAINST: Final = "dedup"
"""The phase that compares with older runs (`--against`)."""

COMMANDS: Final = tuple(
    Command(p.name, p.help, add_arguments if p.name == _AGAINST else add_phase_arguments, run, True)
    for p in PHASES
)
"""One command a phase."""
