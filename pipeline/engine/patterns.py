"""Patterns of paths: `*` and `?` stay in one folder, `**` goes through all folders below.

They mean what Beam's patterns mean, but that `*` also matches names with a backslash. Beam has no
way to quote a wildcard that its listing understands, and folders may be named `g[1]`; so here a
bracket with a single character is that character: `[[]`, `[*]`, as Python's `glob.escape` writes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"\*\*|\*|\?|\[!?+\]?+[^\]]*+\]|.", re.DOTALL)
"""A wildcard or a character; a bracket that nothing closes is a character."""

_WILDCARDS: Final = {"**": ".*", "*": "[^/]*", "?": "[^/]"}

_SPECIAL_IN_SET: Final = re.compile(r"([\\\[^&~|])")
"""Characters of a set that regular expressions would take for something else."""


@dataclass(frozen=True)
class Pattern:
    """What a path or pattern asks for.

    Attributes:
        folder: the folder above the first part with a wildcard, as files are named; it ends with a
            slash unless it is the current one, which is "".
        prefix: the text before the first wildcard, which stores list by.
        parts: regular expressions of the names below that folder, a part for each slash.
        deep_from: index of the first part with `**`, after which slashes do not count; the number
            of parts if there is none.
        whole: regular expression of whole paths.
        is_plain: whether it has no wildcard; then it names the one file `path`.
        path: the pattern with its quoted characters as they are.
    """

    folder: str
    prefix: str
    parts: tuple[re.Pattern[str], ...]
    deep_from: int
    whole: re.Pattern[str]
    is_plain: bool
    path: str


def parse_pattern(text: str) -> Pattern:
    """Returns the parsed form of a path or pattern.

    Raises:
        ValueError: if a set has a range that runs backwards, such as `[z-a]`.
    """
    parts: list[list[str]] = [[]]
    tokens = _TOKEN.findall(text)
    for token in tokens:
        if token == "/":
            parts.append([])
        else:
            parts[-1].append(token)
    fixed = next((n for n, part in enumerate(parts) if not _is_literal(part)), len(parts))
    fixed = min(fixed, len(parts) - 1)
    below = parts[fixed:]
    try:
        return Pattern(
            folder="".join(_literal(part) + "/" for part in parts[:fixed]),
            prefix=_literal(list(itertools.takewhile(lambda token: _is_literal([token]), tokens))),
            parts=tuple(re.compile(_expression(part), re.DOTALL) for part in below),
            deep_from=next((n for n, part in enumerate(below) if "**" in part), len(below)),
            whole=re.compile("/".join(map(_expression, parts)), re.DOTALL),
            is_plain=all(map(_is_literal, parts)),
            path="/".join(map(_literal, parts)),
        )
    except re.error as error:
        raise ValueError(f"{error.msg} in a set of the pattern; write it as [a-z]") from None


def _is_literal(tokens: Sequence[str]) -> bool:
    return all(
        token not in _WILDCARDS and (len(token) == 1 or _is_quote(token)) for token in tokens
    )


def _is_quote(token: str) -> bool:
    return len(token) == 3 and token[0] == "["


def _literal(tokens: Sequence[str]) -> str:
    return "".join(token[1] if _is_quote(token) else token for token in tokens)


def _expression(tokens: Sequence[str]) -> str:
    return "".join(map(_expression_of, tokens))


def _expression_of(token: str) -> str:
    if token in _WILDCARDS:
        return _WILDCARDS[token]
    if len(token) == 1 or _is_quote(token):
        return re.escape(token[1] if _is_quote(token) else token)
    negated, members = token[1] == "!", token[1:-1].removeprefix("!")
    quoted = _SPECIAL_IN_SET.sub(r"\\\1", members)
    return f"[{'^' * negated}{quoted}]"
