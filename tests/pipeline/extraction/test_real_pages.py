"""The extractors `tree` and `lxml` on the real pages of the development data."""

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zstandard

from massivetext.pipeline.extraction import Extractor, extract_text
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.html.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.html.raw_tree import parse_raw
from massivetext.pipeline.extraction.training.pages import tokens

pytestmark = pytest.mark.shared_data

EVERY = 4
"""One page of so many is looked at."""


@pytest.fixture(scope="module")
def pages(shared_folder: Path) -> list[tuple[str, bytes, str]]:
    """`(set, page, gold text)` of the pages that have a gold text."""
    return list(_pages(shared_folder / "html/dev.tar.zst"))


def _pages(archive: Path) -> Iterator[tuple[str, bytes, str]]:
    with archive.open("rb") as file:
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(file)
        html, gold = {}, {}
        with tarfile.open(fileobj=reader, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content and member.name == "gold.json":
                    gold = json.loads(content.read())
                elif content and member.name.endswith(".html"):
                    html[Path(member.name).stem] = content.read()
    for name in sorted(gold)[::EVERY]:
        if gold[name]["gold"]:
            yield gold[name]["set"], html[name], gold[name]["gold"]


def token_f1(text: str, gold: str) -> float:
    found, expected = Counter(tokens(text)), Counter(tokens(gold))
    return 2 * (found & expected).total() / (found.total() + expected.total())


def test_no_page_with_a_gold_text_comes_out_empty(pages: list[tuple[str, bytes, str]]) -> None:
    assert [html[:200] for _, html, _ in pages if not extract_text(html)] == []


def test_tree_and_lxml_agree(pages: list[tuple[str, bytes, str]]) -> None:
    """The same blocks on most pages, and on all of them together the same quality."""
    same: list[bool] = []
    scores: dict[Extractor, list[float]] = {"tree": [], "lxml": []}
    for _, html, gold in pages:
        html_utf8 = decode_page(html)[1]
        ours, reference = parse_raw(html_utf8).tree, parse_with_lxml(html_utf8).tree
        same.append(ours.text_utf8.tobytes() == reference.text_utf8.tobytes())
        for extractor, found in scores.items():
            found.append(token_f1(extract_text(html, extractor=extractor), gold))
    assert np.mean(same) >= 0.88
    assert abs(np.mean(scores["tree"]) - np.mean(scores["lxml"])) <= 0.005
