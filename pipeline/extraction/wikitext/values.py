"""Values of templates that are part of a sentence, by patterns.

A pattern is text with arguments: `$2`, `$name`; `[...]` stands only if an argument in it does; a
bracket that is to be seen is doubled. `!name` is a function of `value_functions.py` or
`term_functions.py`; `!name(x)` calls it with x before the template's arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from massivetext.pipeline.extraction.wikitext.term_functions import TERM_FUNCTIONS, Terms
from massivetext.pipeline.extraction.wikitext.value_functions import FUNCTIONS, TemplateArguments

WRITTEN_EQUALS: Final = "\x01"
"""What `{{=}}` writes while an argument may be read, so that it names none; XML cannot hold it."""

_NAMED: Final = re.compile(r"\s*([A-Za-z0-9_\- ]{1,40}?)\s*=(.*)", re.DOTALL)
_PIECE: Final = re.compile(
    r"\[\[|\]\]|\[|\]|\$(?:[0-9]|[a-z]{2,})|![a-z_]+(?:\([^)]*\))?|[^\[\]$!]+|.", re.DOTALL
)

_MOST_ARGUMENTS: Final = 50
"""Our choice: templates whose value is part of a sentence have fewer."""


def value_of(pattern: str, parts: Sequence[str], terms: Terms) -> str:
    """Returns what a reader sees where a template stands.

    Args:
        pattern: of the template.
        parts: what stands between its bars, as text.
        terms: names in the language of the wiki.
    """
    arguments = _arguments(parts[:_MOST_ARGUMENTS])
    text, _, _ = _filled(_pieces(pattern), 0, arguments, terms)
    return text


def _arguments(parts: Sequence[str]) -> dict[str, str]:
    arguments: dict[str, str] = {}
    number = 0
    for part in parts:
        named = _NAMED.fullmatch(part) if "=" in part[:60] else None
        if named:
            arguments[named[1]] = _argument(named[2])
        else:
            number += 1
            arguments.setdefault(str(number), _argument(part))
    return arguments


def _argument(part: str) -> str:
    return part.strip().replace(WRITTEN_EQUALS, "=")


@cache
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(pattern))


def _filled(
    pieces: Sequence[str], place: int, arguments: TemplateArguments, terms: Terms
) -> tuple[str, int, bool]:
    """Returns the text up to the closing bracket, the place behind it, and whether it stands."""
    text, is_given, has_argument = [], False, False
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece == "]":
            break
        if piece == "[":
            inner, place, stands = _filled(pieces, place, arguments, terms)
            text.append(inner if stands else "")
        elif piece[0] == "$" and len(piece) > 1:
            value = arguments.get(piece[1:], "")
            has_argument, is_given = True, is_given or bool(value)
            text.append(value)
        elif piece[0] == "!" and len(piece) > 1:
            text.append(_called(piece, arguments, terms))
        else:
            text.append(piece[:1] if piece in ("[[", "]]") else piece)
    return "".join(text), place, is_given or not has_argument


def _called(piece: str, arguments: TemplateArguments, terms: Terms) -> str:
    """Returns what the function of a pattern gives, its own argument before the template's."""
    name, _, first = piece[1:].rstrip(")").partition("(")
    if first:
        arguments = {"1": first, **{_next(k): value for k, value in arguments.items()}}
    if name in TERM_FUNCTIONS:
        return TERM_FUNCTIONS[name](arguments, terms)
    return FUNCTIONS[name](arguments)


def _next(key: str) -> str:
    return str(int(key) + 1) if re.fullmatch("[0-9]{1,2}", key) else key
