"""The table of rules as a page: `python -m massivetext.filters.rules_document > filters/RULES.md`.

A test keeps RULES.md equal to the table.
"""

from __future__ import annotations

from typing import Final

from massivetext.config import Config
from massivetext.filters.rule import Rule, Stage
from massivetext.filters.rules import RULES

_TITLES: Final = {
    Stage.CONTENT: "Content filter",
    Stage.QUALITY: "Quality filter",
    Stage.REPETITION: "Repetition removal",
}

_INTRODUCTION: Final = """\
# The rules

Made from `filters/rules.py`; change it there. Rules stand in the order of arXiv 2112.11446, A.1.1:
the `stage` of a rejected document is that of the first rule which objects, its `reasons` are all.
A rule is named by its configuration key. Every comparison is strict: at a threshold a document
stays. How words, lines, copies and n-grams are counted stands in `filters/measures.py`. Words of
the source are in quotation marks, ours in brackets.
"""


def rules_as_markdown() -> str:
    """Returns the page as Markdown, with the default thresholds."""
    parts = [_INTRODUCTION]
    for stage, title in _TITLES.items():
        rows = [_row(rule) for rule in RULES.values() if rule.stage is stage]
        header = (
            "| rule | keeps a document if | measure | unit, range | source |\n" + "|---" * 5 + "|"
        )
        parts.append("\n".join([f"## {title} (`{stage}`)\n", header, *rows]) + "\n")
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    if rule.name.startswith("source."):
        meaning = rule.meaning.format(threshold="those that the source lists")
    else:
        meaning = rule.describe(Config())
    quote = rule.quote if rule.quote.startswith("(") else f'"{rule.quote}"'
    cells = [
        f"`{rule.name}`",
        meaning,
        f"`{rule.measure}`",
        f"{rule.unit}, {rule.range}",
        f"{quote}: {rule.source}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(rules_as_markdown(), end="")
