"""The scores of blocks: networks against plain numpy, features, and the choice."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.choice.choose import choose_blocks
from massivetext.pipeline.extraction.choice.logarithm import log8
from massivetext.pipeline.extraction.choice.score import (
    first_matrix,
    page_row,
    second_matrix,
    unit_matrix,
)
from massivetext.pipeline.extraction.choice.second_features import SCORE_LIMIT, SCORE_UNIT
from massivetext.pipeline.extraction.choice.units import NO_UNIT
from massivetext.pipeline.extraction.choice.weights import WEIGHTS_FILE, Network, load_weights
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.name_words import words_of
from massivetext.pipeline.extraction.html.page_tree import PageTree
from massivetext.pipeline.extraction.html.raw_tree import parse_raw

PAGE = b"""<html><body><div id="top-menu"><ul><li><a href="/">Home</a></li><li><a href="/n">News</a>
</li></ul></div><div class="main-content"><h1>The old mill</h1><p>The mill stands by the river, and
it has been there for two hundred years, in all weathers, and through four wars.</p><p>It was bought
by the town in 1920, which keeps it open to visitors on every Sunday of the summer.</p><ul><li>Open
from ten to five</li><li>No dogs</li></ul><p>Children pay half, and so do the old, the miller said;
nobody pays when it rains.</p></div><div class="sidebar related"><h3>Related</h3><a href="/a">Ten
mills to see</a> <a href="/b">The river in winter</a></div><div id="footer">&copy; 2020 <a
href="/t">Terms</a></div></body></html>"""


def tree() -> PageTree:
    return parse_raw(PAGE).tree


def scores_of(network: Network, features: np.ndarray) -> np.ndarray:
    """Scores of rows of features, in double precision."""
    units = np.maximum(features @ network.weights.astype(float) + network.bias, 0)
    outputs = np.maximum(units @ network.weights_2.astype(float) + network.bias_2, 0)
    scores = outputs @ network.weights_3.astype(float) + network.bias_3[0]
    return np.clip(scores * SCORE_UNIT, -SCORE_LIMIT, SCORE_LIMIT)


def test_the_kernel_computes_the_networks() -> None:
    """Rounded down, and off by one unit at most where double precision falls on the other side."""
    weights, page = load_weights(), tree()
    found = choose_blocks(page, weights).scores
    first = first_matrix(page)
    np.testing.assert_allclose(found[0], scores_of(weights.first, first) - 0.5, atol=0.51)
    both = np.concatenate([first, second_matrix(page, found[0].copy())], 1)
    alone = scores_of(weights.second, both)
    row = page_row(page.blocks, np.floor(alone).astype(np.int32))
    of_page = math.floor(scores_of(weights.page, row[None])[0])
    np.testing.assert_allclose(found[1], alone + of_page - 0.5, atol=0.51)
    of_units = scores_of(weights.unit, unit_matrix(page, found))
    units = choose_blocks(page, weights).units
    expected = np.where(units == NO_UNIT, found[1] + 0.5, of_units[units])
    np.testing.assert_allclose(found[2], expected - 0.5, atol=0.51)


def test_the_choice_of_a_page() -> None:
    page = tree()
    choice = choose_blocks(page)
    kept = [page.block_text(block) for block in np.flatnonzero(choice.keep)]
    assert kept[0] == "The old mill"
    assert kept[-1].startswith("Children pay half")
    assert "No dogs" in kept
    assert len(kept) == 6


def test_nothing_to_choose_from() -> None:
    assert choose_blocks(parse_raw(b"").tree).keep.shape == (0,)


def test_some_block_is_always_kept() -> None:
    page = parse_raw(b"<nav><a href=/>Home</a> <a href=/b>Blog</a></nav>" * 60).tree
    assert choose_blocks(page).keep.any()


@given(st.integers(0, 2**40))
def test_the_integer_logarithm(value: int) -> None:
    found = log8.py_func(value)
    assert abs(found - 8 * np.log2(1 + value)) < 1.75
    assert log8.py_func(value + 1) >= found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("main-content", "content"),
        ("ContentBody", "content"),
        ("navbar", "-nav-"),
        ("site_nav 2", "-nav-"),
        ("navy", None),
        ("post-footer", "footer"),
        ("loadable", None),
        ("ad ", "-ad-"),
    ],
)
def test_words_in_names(name: str, words: str | None) -> None:
    from massivetext.pipeline.extraction.html.name_words import GROUPS

    bits = words_of(name)
    for bit, group in enumerate(GROUPS):
        if words in group.split():
            assert bits >> bit & 1
        elif words is None:
            assert not bits >> bit & 1


@given(st.text(alphabet="navAd-_ 1mainé", max_size=20))
def test_compiled_code_finds_the_same_words(name: str) -> None:
    page = parse_raw(f'<div class="{name}">some text</div>'.encode()).tree
    assert page.node_words[page.blocks[pt.BLOCK_NODE, 0]] == words_of(name)


def test_the_weights_are_small() -> None:
    from importlib import resources

    file = resources.files("massivetext.pipeline.extraction.choice").joinpath(WEIGHTS_FILE)
    assert len(file.read_bytes()) <= 1_000_000


SCORES = """
import sys
from massivetext.pipeline.extraction.choice.choose import choose_blocks
from massivetext.pipeline.extraction.html.raw_tree import parse_raw
for number in range(40):
    page = sys.argv[1].replace("mill", "mill " * (number % 7)) * (1 + number % 5)
    print(choose_blocks(parse_raw(page.encode()[number * 10 :]).tree).scores.tolist())
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_processor_without_wide_registers_computes_the_same(tmp_path: Path) -> None:
    def scores(**environment: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", SCORES, PAGE.decode()],
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    plain = scores(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="", NUMBA_CACHE_DIR=str(tmp_path))
    assert plain.count("[") == 40 * 4
    assert plain == scores()
