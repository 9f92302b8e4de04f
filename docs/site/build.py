"""Builds the documentation site: `python -m docs.site.build [FOLDER]`, by default `out/docs`.

The pages are those of the repository, README.md first. They are copied side by side, their links
follow, and links to files that are not pages of the site become plain words. Two pages are made
here: the command line from its parser, the Python reference (by mkdocstrings) from docstrings.
mkdocs builds the rest, strictly: a warning is an error.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from docs.site.reference import commands_as_markdown, python_as_markdown

ROOT: Final = Path(__file__).parents[2]
CONFIGURATION: Final = Path(__file__).with_name("mkdocs.yml")
STYLE: Final = Path(__file__).with_name("site.css")

_ELSEWHERE: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "filters/RULES.md": "rules.md",
    "examples/dataflow.md": "dataflow.md",
    "sample/LICENCES.md": "sample-licences.md",
}
"""Pages that do not lie in docs/, by their places in the repository and on the site."""

_CODE: Final = re.compile(r"(^ *```.*?^ *```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\[((?:[^\[\]]|`[^`]*`)+)\]\(([^)\s]+)\)")


def page_places(root: Path = ROOT) -> dict[str, str]:
    """Returns the pages of the site: their places in the repository, and on the site."""
    docs = [path.relative_to(root) for path in sorted((root / "docs").rglob("*.md"))]
    return {
        **{place: page for place, page in _ELSEWHERE.items() if (root / place).exists()},
        **{path.as_posix(): path.relative_to("docs").as_posix() for path in docs},
    }


def on_the_site(text: str, place: str, places: Mapping[str, str]) -> str:
    """Returns a page with its links as they must be on the site.

    Args:
        text: of the page.
        place: of the page in the repository.
        places: all pages, as `page_places` returns them.
    """
    parts = _CODE.split(text)  # every second one is code, which has no links
    stubs = [part if number % 2 == 0 else f"\0{number}\0" for number, part in enumerate(parts)]
    linked = _LINK.sub(lambda link: _moved(link, place, places), "".join(stubs))
    return re.sub("\0(\\d+)\0", lambda stub: parts[int(stub[1])], linked)


def _moved(link: re.Match[str], place: str, places: Mapping[str, str]) -> str:
    label, target = link[1], link[2]
    path, hash_sign, anchor = target.partition("#")
    if re.match(r"[a-z]+:", target) or not path:
        return link[0]
    found = os.path.normpath(PurePosixPath(place).parent / path)
    if found not in places:
        return label
    moved = os.path.relpath(places[found], PurePosixPath(places[place]).parent)
    return f"[{label}]({moved}{hash_sign}{anchor})"


def pages(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yields every page of the site: its place there, and its text."""
    places = page_places(root)
    for place, page in places.items():
        yield page, on_the_site((root / place).read_text(encoding="utf-8"), place, places)
    yield "reference/commands.md", commands_as_markdown()
    yield "reference/python.md", python_as_markdown()


def build(folder: Path) -> int:
    """Writes the site to `folder/site`, its pages to `folder/pages`; returns mkdocs' exit code."""
    staged = folder / "pages"
    shutil.rmtree(staged, ignore_errors=True)
    for page, text in pages():
        (staged / page).parent.mkdir(parents=True, exist_ok=True)
        (staged / page).write_text(text, encoding="utf-8")
    shutil.copyfile(STYLE, staged / STYLE.name)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    places = {"PAGES": str(staged.resolve()), "SITE": str((folder / "site").resolve())}
    environment = {**os.environ, **places, "NO_MKDOCS_2_WARNING": "true"}
    return subprocess.run(
        [*command, "--config-file", str(CONFIGURATION)], cwd=ROOT, env=environment
    ).returncode


def main() -> int:
    """Builds the site and says where it is; returns the exit code."""
    parser = argparse.ArgumentParser(description="Builds the documentation site.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "out/docs")
    folder = parser.parse_args().folder
    code = build(folder)
    if code == 0:
        print(f"site {folder / 'site/index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
