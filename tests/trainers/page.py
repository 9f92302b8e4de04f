"""What docs/shards.md shows for each trainer."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/shards.md"


def sections() -> dict[str, str]:
    """The text of each trainer, by its heading."""
    chapter = PAGE.read_text(encoding="utf-8").split("\n## Other trainers\n")[1].split("\n## ")[0]
    parts = re.split(r"^### (.*)\n", chapter, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def example(section: str) -> str:
    """The code of a trainer: Python, or a command line."""
    (code,) = re.findall(
        r"^```(?:python|sh)\n(.*?)^```", sections()[section], re.DOTALL | re.MULTILINE
    )
    return code
