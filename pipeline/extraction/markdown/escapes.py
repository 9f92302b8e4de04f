"""Escapes: what would be Markdown by accident gets a backslash, and nothing else does."""

from __future__ import annotations

import re
from typing import Final

_IN_LINK: Final = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\n]|\Z)"  # before punctuation: CommonMark, "backslash escapes"
    r"|`|\*+|_+|~~"
    r"|<(?=[A-Za-z/!?])"  # a tag, or an address
    r"|&(?=#?\w{1,32};)"
    r"|[\[\]]"
)
_SPECIAL: Final = re.compile(_IN_LINK.pattern.replace(r"[\[\]]", r"\](?=\()"))

_LINE_START: Final = re.compile(
    r"(?P<indent>[ \t]*)(?:"
    r"(?P<digits>\d{1,9})(?=[.)](?:\s|\Z))"  # a number of a list
    r"|(?=[-+*](?:\s|\Z))"  # a bullet
    r"|(?=\#{1,6}(?:\s|\Z))"  # a heading
    r"|(?=>|~~~)"  # a quotation, a fence
    r"|(?=\[(?:\\.|[^\]\\\n]){1,999}\]:)"  # an address that links name
    r")"
)
_DRAWING: Final = tuple("=-|:_*")
_BELOW_HEAD: Final = frozenset("-|: \t")
_LEAST_RULE: Final = 3
"""CommonMark, "thematic breaks"."""

_CLOSING_SIGNS: Final = re.compile(r"(^|[ \t])(#+)[ \t]*$")


def escaped(text: str, before: str = "", after: str = "", is_in_link: bool = False) -> str:
    """A part of a line, given the characters before and after it, as Markdown that shows it."""

    def escape(match: re.Match[str]) -> str:
        special = match[0]
        if special[0] not in "*_":
            return "\\" + special
        left = text[match.start() - 1] if match.start() else before
        right = text[match.end()] if match.end() < len(text) else after
        if (not left or left.isspace()) and (not right or right.isspace()):
            return special  # CommonMark: neither left-flanking nor right-flanking
        if special[0] == "_" and left.isalnum() and right.isalnum():
            return special  # a word of code; no emphasis begins or ends within a word
        return "".join("\\" + sign for sign in special)

    return (_IN_LINK if is_in_link else _SPECIAL).sub(escape, text)


def escaped_line(line: str) -> str:
    """A line of a paragraph that begins nothing but a line."""
    match = _LINE_START.match(line)
    if match:
        return line[: match.end()] + "\\" + line[match.end() :]
    if _is_drawn(line):
        indent = len(line) - len(line.lstrip())
        return line[:indent] + "\\" + line[indent:]
    return line


def _is_drawn(line: str) -> bool:
    """Whether a line is a rule, underlines a heading, or stands below the head of a table."""
    bare = line.strip()
    if bare[:1] not in _DRAWING:
        return False
    signs = set(bare)
    is_rule = signs <= {bare[0], " ", "\t"} and bare.count(bare[0]) >= _LEAST_RULE
    return (
        signs == {"="} or ("-" in signs and signs <= _BELOW_HEAD) or (is_rule and bare[0] in "_*")
    )


def escaped_heading(text: str) -> str:
    """The text of a heading, whose last signs would otherwise be taken as its end."""
    return _CLOSING_SIGNS.sub(r"\1\\\2", text)


def plain_markdown(text: str) -> str:
    """A text without markup as Markdown; our own bullets of it stay."""
    return "\n".join(line if not line else _plain_line(line) for line in text.split("\n"))


def _plain_line(line: str) -> str:
    mark = "- " if line.startswith("- ") else ""
    return mark + escaped_line(escaped(line[len(mark) :]))
