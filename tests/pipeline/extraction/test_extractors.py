"""The table of extractors: complete, described, and each one at work."""

from pathlib import Path
from typing import get_args

import pytest

from massivetext.config import Extraction
from massivetext.pipeline.extraction import EXTRACTORS, Extractor, extract_page, extract_text

ROOT = Path(__file__).parents[3]
SENTENCE = "Mills stood along the river for two hundred years, and some still do today. "
ARTICLE = f"<html><head><title>Mills</title></head><body><article><p>{SENTENCE * 5}</p></article>"


def test_the_table_has_what_a_config_may_name() -> None:
    assert tuple(EXTRACTORS) == get_args(Extractor)
    assert Extraction().extractor == next(iter(EXTRACTORS))


def test_the_docs_have_the_same_table() -> None:
    text = (ROOT / "docs/extraction.md").read_text(encoding="utf-8")
    for name, functions in EXTRACTORS.items():
        assert f"| `{name}` | {functions.help} |" in text


@pytest.mark.parametrize("extractor", get_args(Extractor))
def test_every_extractor_finds_an_article(extractor: Extractor) -> None:
    page = extract_page(ARTICLE.encode(), extractor=extractor)
    assert SENTENCE.strip() in page.text
    assert page.title == "Mills"


@pytest.mark.parametrize("extractor", get_args(Extractor))
@pytest.mark.parametrize("html", [b"", b"\xff" * 50, b"\0<\0", b"<p", b"<svg><p>", b"<p>&#0;"])
def test_no_extractor_fails_on_broken_pages(extractor: Extractor, html: bytes) -> None:
    assert isinstance(extract_text(html, extractor=extractor), str)


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
def test_a_page_of_scripts_gives_its_description(extractor: Extractor) -> None:
    html = b"<html><head><meta name='description' content='A mill &amp; more'></head><body></body>"
    assert extract_text(html, extractor=extractor) == "A mill & more"


def test_an_unknown_extractor_is_an_error() -> None:
    expected = r"unknown extractor 'boilerpipe'.*'tree', 'lxml', 'trafilatura'"
    with pytest.raises(ValueError, match=expected):
        extract_text(b"", extractor="boilerpipe")  # type: ignore[arg-type]
