"""The configuration as a page: `python -m docs.site.configuration > docs/configuration.md`.

Keys, types and defaults are those of the dataclasses in `massivetext/config.py`. What a key means
is said by the docstring below it, or, where a key is the threshold of a rule, by the rule. A test
keeps the page equal, so that no key stays unexplained.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from massivetext import config, formats
from massivetext.config import Config
from massivetext.filters.rules import RULES
from massivetext.paths import PathKind

_INTRODUCTION: Final = """\
# Configuration

Made from `massivetext/config.py` by `python -m docs.site.configuration`; change it there. A run
needs at least one `[[source]]`; every other key has a default, which is the paper's value where the
paper states one. An unknown key is an error that names the nearest known one. Relative paths start
at the folder of the configuration file. [The rules](../filters/RULES.md) say how each threshold is
measured, and from where it comes.
"""

_TOP_LEVEL: Final = """\
Keys outside of any section. `include = ["c4.toml"]` stands here, too: files whose rules and steps
count as if they stood in this one
([files that others include](own-steps.md#files-that-others-include))."""

_NAMES: Final = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Any: "any value",
}
_TABLES: Final = {
    "sources": "[[source]]",
    "test_sets": "[[decontamination.test_set]]",
    "slices": "[[report.slices]]",
    "measures": "[[measure]]",
    "rules": "[[rule]]",
    "edits": "[[edit]]",
}
"""Lists of tables by their field, as TOML writes them."""

_NO_KEYS: Final = ("step_modules",)
"""Fields that no key sets."""


class UnexplainedKeyError(Exception):
    """A key that neither a docstring nor a rule explains."""


def configuration_as_markdown() -> str:
    """Returns the page.

    Raises:
        UnexplainedKeyError: if a key has no docstring in `massivetext/config.py`.
    """
    explained = _docstrings()
    parts = [_INTRODUCTION]
    for title, section in _sections(Config, ""):
        about = _TOP_LEVEL if section is Config else _about(section)
        head = "| key | value | default | meaning |\n|---|---|---|---|"
        rows = list(_rows(title, section, explained))
        if not rows:  # its keys are tables, which follow
            continue
        parts.append("\n".join([f"## `{title}`\n", f"{about}\n", head, *rows]) + "\n")
    return "\n".join(parts)


def _sections(kind: Any, title: str) -> Iterator[tuple[str, Any]]:
    """Yields the dataclasses in the order of the file, each with the head of its TOML table."""
    yield title or "top level", kind
    for name, hint in typing.get_type_hints(kind).items():
        if name in _NO_KEYS:
            continue
        inner = next((each for each in (hint, *get_args(hint)) if _is_section(each)), None)
        if inner is not None:
            yield from _sections(inner, _TABLES.get(name, f"[{name}]"))


def _is_section(hint: object) -> bool:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _rows(title: str, section: Any, explained: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yields a row of the table for each key of a section that is no section itself."""
    hints = typing.get_type_hints(section, include_extras=True)
    rule_section = title.strip("[]")
    for field in dataclasses.fields(section):
        if any(_is_section(each) for each in (hints[field.name], *get_args(hints[field.name]))):
            continue
        meaning = _meaning(f"{rule_section}.{field.name}", section, field.name, explained)
        cells = [f"`{field.name}`", _value(hints[field.name]), _default(field), meaning]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _meaning(key: str, section: type, name: str, explained: Mapping[tuple[str, str], str]) -> str:
    """Returns what a key means: the rule's sentence, then the docstring, where there is one."""
    said = [explained.get((section.__name__, name)) or _attributes(section).get(name, "")]
    if key in RULES and not key.startswith("source."):
        said.insert(0, f"Rule: {RULES[key].describe(Config())}")
    if not any(said):
        raise UnexplainedKeyError(f"{key} has no docstring in massivetext/config.py; write one")
    return " ".join(filter(None, said))


def _about(section: type) -> str:
    """Returns what a section is for: its docstring without the list of its keys."""
    return (inspect.getdoc(section) or "").partition("\nAttributes:")[0].strip()


def _attributes(section: type) -> dict[str, str]:
    """Returns what the list of keys in a docstring says of each, with a capital and a period."""
    listed = (inspect.getdoc(section) or "").partition("\nAttributes:\n")[2]
    lines = " ".join(
        line.strip() if line[:8].isspace() else f"\n{line}" for line in listed.split("\n")
    )
    pairs = (line.strip().partition(": ") for line in lines.splitlines() if ": " in line)
    return {name: f"{said[:1].upper()}{said[1:].rstrip(' .')}." for name, _, said in pairs}


def _docstrings() -> dict[tuple[str, str], str]:
    """Returns the docstrings below the fields of the module's classes, by (class, field)."""
    source = Path(inspect.getfile(config)).read_text(encoding="utf-8")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {
        (node.name, field.target.id): _with_values(below.value.value)
        for node in classes
        for field, below in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def _with_values(docstring: str) -> str:
    """Returns a docstring in one line, with values in the place of the constants that it names."""
    line = " ".join(docstring.split())
    line = re.sub(r"`massivetext\.formats\.(\w+)`", lambda name: _names(name[1]), line)
    return re.sub(r"\b[A-Z]+_[A-Z_]+\b", lambda name: str(getattr(config, name[0])), line)


def _names(constant: str) -> str:
    return ", ".join(f'`"{name}"`' for name in getattr(formats, constant))


def _value(hint: Any) -> str:
    """Returns what may stand behind a key, in words."""
    if hint in _NAMES:
        return _NAMES[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        is_list = tuple in (get_origin(each) for each in (inner[0], *get_args(inner[0])))
        word = "pattern" if PathKind.PATTERN in inner else "path"
        if is_list and get_origin(inner[0]) is tuple:
            return f"list of {word}s"
        return f"{word}, or a list of them" if is_list else word
    if origin is Literal:
        return ", ".join(f'`"{each}"`' for each in inner)
    if origin is tuple:
        return f"list of {_value(inner[0])}" if inner[0] in _NAMES else f"list: {_value(inner[0])}"
    if origin in (typing.Union, types.UnionType):
        return ", or ".join(_value(each) for each in inner if each is not types.NoneType)
    return "table: name = " + _value(inner[1])


def _default(field: dataclasses.Field[Any]) -> str:
    """Returns a default as TOML writes it."""
    if field.default is None:
        return "none"
    if field.default_factory is not dataclasses.MISSING:
        return "`{}`"
    return "required" if field.default is dataclasses.MISSING else f"`{_toml(field.default)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value:_}"


if __name__ == "__main__":
    print(configuration_as_markdown(), end="")
