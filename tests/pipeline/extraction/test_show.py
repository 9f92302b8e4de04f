"""The audit of a page: which blocks were kept, and why."""

import pytest

from massivetext.pipeline.extraction import Extractor, extract_text, show_blocks


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
def test_shown_blocks_are_the_blocks_of_the_text(extractor: Extractor) -> None:
    html = (
        b"<html><body><nav><a href=/>Home</a> <a href=/n>News</a></nav><article><p>The mill stands "
        b"by the river, and it has been there for more than two hundred years now.</p></article>"
    )
    blocks = show_blocks(html, extractor=extractor)
    assert [block.kept for block in blocks] == [False, True]
    assert [block.score > 0 for block in blocks] == [False, True]
    assert [block.path for block in blocks] == ["nav", "article/p"]
    assert "\n\n".join(block.text for block in blocks if block.kept) == extract_text(
        html, extractor=extractor
    )
    assert str(blocks[0]).startswith("drop ")
    assert "100 % in links" in str(blocks[0])
    assert str(blocks[1]).startswith("keep ")
    assert "\n      The mill stands by the river, and" in str(blocks[1])


def test_shown_blocks_name_the_rules_that_decided() -> None:
    sentence = "The mill stands by the river, and it has been there for two hundred years now. "
    html = (
        f"<article><p>{sentence * 4}</p><p>{sentence * 3}</p><h2>Related articles</h2>"
        "<div class=related><a href=/1>Ten mills to see this year</a></div></article>"
    )
    heading = next(block for block in show_blocks(html.encode()) if block.text.startswith("Rel"))
    assert not heading.kept
    assert ("dropped by rule" in heading.reason) == (heading.score > 0)
    small = show_blocks(b"<p>Short.</p><nav><a href=/>Home</a></nav>")
    assert [block.kept for block in small] == [True, False]
    assert ("kept by rule" in small[0].reason) == (small[0].score <= 0)


def test_an_extractor_without_blocks_says_so() -> None:
    with pytest.raises(ValueError, match="'trafilatura' does not show its blocks"):
        show_blocks(b"<p>text</p>", extractor="trafilatura")
