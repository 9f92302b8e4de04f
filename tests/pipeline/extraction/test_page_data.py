"""The text that a page carries as data."""

import json
from typing import Any

import pytest

from massivetext.pipeline.extraction import extract_text
from massivetext.pipeline.extraction.page_data import data_text


def page(data: Any, body: str = "<div id=app></div>") -> bytes:
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    return f"<html><head><title>t</title>{script}</head><body>{body}</body></html>".encode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"@type": "NewsArticle", "articleBody": "One.\nTwo &amp; three."}, "One.\n\nTwo & three."),
        (
            {"@graph": [{"@type": "WebSite"}, {"articleBody": "<p>One.</p><p>Two.</p>"}]},
            "One.\n\nTwo.",
        ),
        (
            {
                "@type": ["Recipe"],
                "name": "Bread",
                "recipeIngredient": ["flour", "salt"],
                "recipeInstructions": [
                    {
                        "@type": "HowToSection",
                        "itemListElement": [{"text": "Mix."}, {"text": "Bake."}],
                    }
                ],
            },
            "Bread\n\n- flour\n- salt\n\nMix.\n\nBake.",
        ),
        ({"recipeInstructions": "Mix.", "name": 3}, "Mix."),
        (
            {
                "@type": "FAQPage",
                "mainEntity": [
                    {"name": "Why?", "acceptedAnswer": {"text": "So."}},
                    {"name": "How?", "acceptedAnswer": "x"},
                ],
            },
            "Why?\n\nSo.",
        ),
        ({"@type": "JobPosting", "title": "Cook", "description": "Cooks."}, "Cook\n\nCooks."),
        ({"@type": "DiscussionForumPosting", "text": "Hello."}, "Hello."),
        ({"@type": "Product", "description": "no body"}, ""),
        ([[[1, None, "x"]]], ""),
    ],
)
def test_what_the_data_of_a_page_says(data: Any, text: str) -> None:
    assert data_text(page(data)) == text


@pytest.mark.parametrize("script", ["{", "[" * 100_000, '{"articleBody": 1}', "null", "\ud83d"])
def test_broken_data_is_no_text(script: str) -> None:
    html = f'<script type="application/ld+json">{script}</script>'
    assert data_text(html.encode("utf-8", "replace")) == ""


BODY = (
    "The lighthouse stands on the rock since 1884, and nobody has lived there for forty years. " * 9
)


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
def test_data_stands_in_for_a_page_without_text(extractor: Any) -> None:
    data = {"@type": "NewsArticle", "articleBody": BODY}
    assert extract_text(page(data), extractor=extractor) == BODY.strip()
    shown = page(data, f"<article><h1>Rock</h1><p>{BODY}</p></article>")
    assert extract_text(shown, extractor=extractor).count("The lighthouse") == 9


def test_scripts_that_never_end_are_looked_for_once() -> None:
    """The fuzzer's find: each of them looked for its end, in quadratic time."""
    page = b"<script type=application/ld+json>" * 200_000
    assert data_text(page) == ""
    assert data_text(b"<script" * 200_000 + b"ld+json") == ""
