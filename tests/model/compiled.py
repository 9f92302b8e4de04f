"""What stands in the text of a compiled program: its collectives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COLLECTIVE = re.compile(
    r"= (?P<result>.*?) "
    r"(?P<kind>all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)(-start)?\("
)
_ARRAY = re.compile(r"(?P<type>\w+)\[(?P<shape>[\d,]*)\]")


@dataclass(frozen=True)
class Sent:
    """An array that a collective makes, and whether that is outside all loops."""

    kind: str
    number: str
    shape: tuple[int, ...]
    in_entry: bool


def collectives(program: str) -> Iterator[Sent]:
    """All collectives of a program in XLA's text form."""
    in_entry = False
    for line in program.splitlines():
        if line and not line[0].isspace():
            in_entry = line.startswith("ENTRY")
        if found := _COLLECTIVE.search(line):
            for array in _ARRAY.finditer(found["result"]):
                shape = tuple(int(size) for size in array["shape"].split(",") if size)
                yield Sent(found["kind"], array["type"], shape, in_entry)
