"""The pages of the site, before mkdocs reads them; `make docs` builds it, and counts warnings."""

import re
from pathlib import Path, PurePosixPath

import pytest

from docs.site.build import CONFIGURATION, on_the_site, page_places, pages
from docs.site.reference import MODULES, commands_as_markdown, public_names
from massivetext.pipeline.commands.cli import COMMANDS

PLACES = {"README.md": "index.md", "docs/a.md": "a.md", "docs/start/b.md": "start/b.md"}


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        ("README.md", "[a](docs/a.md)", "[a](a.md)"),
        ("docs/start/b.md", "[`a`](../a.md#x)", "[`a`](../a.md#x)"),
        ("docs/start/b.md", "[home](../../README.md)", "[home](../index.md)"),
        ("docs/a.md", "see [the code](../filters/rules.py), then", "see the code, then"),
        ("docs/a.md", "[x](https://example.org/a.md)", "[x](https://example.org/a.md)"),
        ("docs/a.md", "[x](#below)", "[x](#below)"),
        ("docs/a.md", "`[a](gone.md)`", "`[a](gone.md)`"),
        ("docs/a.md", "```sh\n[a](gone.md)\n```\n", "```sh\n[a](gone.md)\n```\n"),
    ],
)
def test_links_follow_the_pages(place: str, text: str, expected: str) -> None:
    assert on_the_site(text, place, PLACES) == expected


def test_every_page_has_its_place_in_the_navigation() -> None:
    named = re.findall(r": (\S+\.md)$", CONFIGURATION.read_text(encoding="utf-8"), re.MULTILINE)
    made = [page for page, _ in pages()]
    assert sorted(named) == sorted(made)
    assert len(set(made)) == len(made)


def test_links_of_the_site_lead_to_its_pages() -> None:
    made = dict(pages())
    for page, text in made.items():
        plain = re.sub(r"^ *```.*?^ *```|`[^`\n]+`", "", text, flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(([^)#\s:]+\.md)", plain):
            found = Path("/", PurePosixPath(page).parent, target).resolve().relative_to("/")
            assert str(found) in made, f"{page}: {target}"


def test_what_stands_within_a_list_is_indented_by_four() -> None:
    """GitHub takes two spaces and three as well; mkdocs' Markdown ends the list there."""
    for page, text in pages():
        plain = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        assert re.findall(r"\n\n {1,3}\S.*", plain) == [], page


def test_every_command_has_its_help() -> None:
    page = commands_as_markdown()
    assert all(f"\n## {command.name}\n" in page for command in COMMANDS)
    assert "--output OUTPUT" in page
    assert str(Path.home()) not in page


def test_the_python_reference_has_what_the_modules_export() -> None:
    names = [f"{module}.{name}" for module in MODULES for name in public_names(module)]
    assert "massivetext.filters.failed_rules" in names
    assert "massivetext.sequencing.ShardReader" in names
    assert "massivetext.pipeline.extraction.extract_text" in names


def test_all_pages_of_the_repository_are_there() -> None:
    places = page_places()
    assert {"README.md", "SECURITY.md", "docs/start/install.md", "docs/paper.md"} <= set(places)
