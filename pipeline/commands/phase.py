"""The single phases: `massivetext curate` and so on, each a part of `massivetext run`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from massivetext.command import Command
from massivetext.pipeline.commands.run import add_arguments, add_phase_arguments, run

PHASE_HELPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "curate": "read, extract, measure and judge every record",
        "dedup": "find exact and near duplicates among the documents",
        "decontaminate": "find documents that are copies of test-set items",
        "corpus": "write the documents that stay, and the removed ones with their reasons",
        "sequence": "tokenise, pack, mix and write the shards",
        "report": "write report/index.html and report/funnel.json",
    }
)
"""What each phase does, in the order of `pipeline.phases.table`."""

_AGAINST: Final = "dedup"
"""The phase that compares with older runs (`--against`)."""

COMMANDS: Final = tuple(
    Command(name, summary, add_arguments if name == _AGAINST else add_phase_arguments, run, True)
    for name, summary in PHASE_HELPS.items()
)
"""One command a phase."""
