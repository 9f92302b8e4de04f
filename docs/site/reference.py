"""The two pages that are made from code: the command line, and the public Python names."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from typing import Final

from massivetext.pipeline.commands.cli import COMMANDS

MODULES: Final = (
    "massivetext",
    "massivetext.filters",
    "massivetext.dedup",
    "massivetext.sequencing",
    "massivetext.pipeline.extraction",
)
"""The modules whose names users may rely on, in the order of the page."""

_OPTIONS: Final = """\
    options:
      show_root_heading: true
      show_root_full_path: true
      heading_level: 3
"""


def commands_as_markdown() -> str:
    """Returns a page with the help of every command."""
    parts = ["# Commands\n\nMade from the command line's own help.\n"]
    for command in COMMANDS:
        parser = argparse.ArgumentParser(
            prog=f"massivetext {command.name}", formatter_class=_wide_help
        )
        command.add_arguments(parser)
        said = f"{command.help[0].upper()}{command.help[1:]}."
        parts.append(f"## {command.name}\n\n{said}\n\n```text\n{parser.format_help()}```\n")
    return "\n".join(parts)


def _wide_help(prog: str) -> argparse.HelpFormatter:
    """Returns a formatter of a fixed width, so that the page does not depend on a terminal."""
    return argparse.HelpFormatter(prog, width=88, max_help_position=28)


def python_as_markdown() -> str:
    """Returns a page that mkdocstrings fills with the docstrings of all public names."""
    parts = ["# Python\n\nMade from docstrings. Names that do not stand here may change.\n"]
    for module in MODULES:
        names = [f"::: {module}.{name}\n{_OPTIONS}" for name in public_names(module)]
        if names:
            about = (importlib.import_module(module).__doc__ or "").split("\n")[0]
            parts.append("\n".join([f"## {module}\n\n{about}\n", *names]))
    return "\n".join(parts)


def public_names(module: str) -> Iterator[str]:
    """Yields the names that a module offers: `__all__`, or what it imports for others."""
    loaded = importlib.import_module(module)
    known = getattr(loaded, "__all__", None)
    if known is None:
        prefix = f"{module}."
        known = [
            name
            for name, value in vars(loaded).items()
            if not name.startswith("_") and str(getattr(value, "__module__", "")).startswith(prefix)
        ]
    yield from (name for name in known if not name.startswith("__"))
