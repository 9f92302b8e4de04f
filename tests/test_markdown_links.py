"""Links between the pages lead somewhere, and the check of them sees those that do not."""

from pathlib import Path

import pytest

from tests.markdown_links import ROOT, broken_links, links, main, tracked_pages

PAGES = tracked_pages()


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_the_pages_with_links_are_among_them() -> None:
    assert {ROOT / "README.md", ROOT / "docs/paper.md"} <= set(PAGES)
    assert "docs/one-machine.md" in links(ROOT / "README.md")


@pytest.mark.parametrize(
    "link",
    ["[a](gone.md)", "[a](other.md#gone)", "[a](#gone)", "[`a`](gone.md)", '[a](gone.md "title")'],
)
def test_links_that_lead_nowhere_are_seen(
    link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.md").write_text("# Here\n")
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{link}\n")
    assert main([str(page)]) == 1
    assert "gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    "link",
    [
        "[a](other.md)",
        "[a](other.md#two-words-and-code)",
        "[a](#title)",
        "[a](https://example.org/gone.md)",
        "`[a](gone.md)`",
        "```\n[a](gone.md)\n```",
        "[a](.)",
    ],
)
def test_links_that_lead_somewhere_pass(link: str, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("## Two words, and `code`\n")
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{link}\n")
    assert main([str(page)]) == 0
