"""Checks the links of Markdown pages into this repository, for the tests and the commit hook.

    python tests/markdown_links.py [PAGE ...]

Without pages: all that git tracks. Links to other sites are left alone, as a commit needs no
network. The exit code is 1 if a link leads nowhere.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

_CODE: Final = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\(\s*<?([^)>\s]+)>?[^)]*\)")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_FENCE: Final = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_OTHER_SITE: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def tracked_pages(root: Path = ROOT) -> list[Path]:
    """Returns the Markdown pages that git tracks."""
    command = ["git", "-C", str(root), "ls-files", "-z", "*.md"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [root / name for name in names.split("\0") if name]


def links(page: Path) -> list[str]:
    """Returns the targets of a page's links into the repository."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if not _OTHER_SITE.match(target)]


def broken_links(page: Path) -> Iterator[str]:
    """Yields the targets that lead to a missing file or a missing heading."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            yield target


def _anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub gives to a page's headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def main(names: Sequence[str]) -> int:
    """Prints every broken link and returns the exit code."""
    pages = [Path(name) for name in names] or tracked_pages()
    broken = [f"{page}: {target}" for page in pages for target in broken_links(page)]
    print("\n".join(broken), end="\n" if broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
