"""The scores of blocks: integer networks against plain numpy, features, and the choice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction.choice import choose_blocks, score_page
from massivetext.pipeline.extraction.extract import parse_page
from massivetext.pipeline.extraction.features import FIRST_FEATURES, log8
from massivetext.pipeline.extraction.name_words import words_of
from massivetext.pipeline.extraction.page_features import PAGE_FEATURES
from massivetext.pipeline.extraction.page_tree import PageTree
from massivetext.pipeline.extraction.score import (
    HIDDEN_LIMIT,
    first_matrix,
    page_row,
    second_matrix,
)
from massivetext.pipeline.extraction.second_features import (
    SCORE_LIMIT,
    SCORE_UNIT,
    SECOND_FEATURES,
)
from massivetext.pipeline.extraction.weights import (
    WEIGHTS_FILE,
    Network,
    Weights,
    load_weights,
    quantised,
)

PAGE = b"""<html><body><div id="top-menu"><ul><li><a href="/">Home</a></li><li><a href="/n">News</a>
</li></ul></div><div class="main-content"><h1>The old mill</h1><p>The mill stands by the river, and
it has been there for two hundred years, in all weathers, and through four wars.</p><p>It was bought
by the town in 1920, which keeps it open to visitors on every Sunday of the summer.</p><ul><li>Open
from ten to five</li><li>No dogs</li></ul><p>Children pay half, and so do the old, the miller said;
nobody pays when it rains.</p></div><div class="sidebar related"><h3>Related</h3><a href="/a">Ten
mills to see</a> <a href="/b">The river in winter</a></div><div id="footer">&copy; 2020 <a
href="/t">Terms</a></div></body></html>"""


def tree() -> PageTree:
    return parse_page(PAGE).tree


def run(inputs: np.ndarray, layers: tuple[np.ndarray, ...], shifts: np.ndarray) -> np.ndarray:
    """Scores of rows of features, in Python's own integers."""
    values = inputs.astype(object)
    for layer in range(3):
        weights, bias = layers[2 * layer], layers[2 * layer + 1]
        values = values @ weights.astype(object) + np.asarray(bias, object)
        values = values // 2 ** int(shifts[layer])
        if layer < 2:
            values = np.minimum(np.maximum(values, 0), HIDDEN_LIMIT)
    return np.clip(np.asarray(values, np.int64), -SCORE_LIMIT, SCORE_LIMIT)


def expected_scores(page: PageTree, w: Weights) -> np.ndarray:
    count, units = page.blocks.shape[1], w.weights_2.shape[1]
    first = np.empty((count, FIRST_FEATURES), np.int16)
    first_matrix(*page, first)
    stage = (w.weights_2[0], w.bias_2[0], w.weights_3[0], w.bias_3[0])
    layers = (w.first_weights[:, :units], w.first_bias[:units], *stage)
    alone = run(first, layers, w.shifts[0]).astype(np.int32)
    second = np.empty((count, SECOND_FEATURES), np.int16)
    second_matrix(*page, alone, second)
    stage = (w.weights_2[1], w.bias_2[1], w.weights_3[1], w.bias_3[1])
    both = np.concatenate([w.first_weights[:, units:], w.second_weights])
    inputs = np.concatenate([first, second], 1)
    together = run(inputs, (both, w.first_bias[units:], *stage), w.shifts[1]).astype(np.int32)
    row = np.empty(PAGE_FEATURES, np.int32)
    page_row(page.blocks, together, row)
    layers = (w.page_weights, w.page_bias, w.page_weights_2, w.page_bias_2)
    layers += (w.page_weights_3, np.asarray(w.page_bias_3))
    return np.stack([alone, together + run(row, layers, w.page_shifts)])


def test_the_kernel_computes_the_networks() -> None:
    np.testing.assert_array_equal(score_page(tree()), expected_scores(tree(), load_weights()))


def test_integers_come_close_to_real_numbers() -> None:
    generator = np.random.default_rng(1)

    def network(features: int) -> Network:
        return Network(
            (
                generator.normal(0, 0.05, (features, 8)),
                generator.normal(0, 0.4, (8, 4)),
                generator.normal(0, 0.5, 4),
            ),
            (generator.normal(0, 0.3, 8), generator.normal(0, 0.3, 4), 0.2),
        )

    first = network(FIRST_FEATURES)
    weights = quantised(first, network(FIRST_FEATURES + SECOND_FEATURES), network(PAGE_FEATURES))
    matrix = np.empty((tree().blocks.shape[1], FIRST_FEATURES), np.int16)
    first_matrix(*tree(), matrix)
    hidden = np.maximum(matrix @ first.weights[0] + first.bias[0], 0)
    outputs = np.maximum(hidden @ first.weights[1] + first.bias[1], 0)
    scores = np.clip(outputs @ first.weights[2] + first.bias[2], -8, 8)
    found = score_page(tree(), weights)[0] / SCORE_UNIT
    np.testing.assert_allclose(found, scores, atol=0.2)


def test_the_choice_of_a_page() -> None:
    page = tree()
    choice = choose_blocks(page)
    kept = [page.block_text(block) for block in np.flatnonzero(choice.keep)]
    assert kept[0] == "The old mill"
    assert kept[-1].startswith("Children pay half")
    assert "No dogs" in kept
    assert len(kept) == 6


def test_nothing_to_choose_from() -> None:
    assert choose_blocks(parse_page(b"").tree).keep.shape == (0,)


def test_some_block_is_always_kept() -> None:
    page = parse_page(b"<nav><a href=/>Home</a> <a href=/b>Blog</a></nav>" * 60).tree
    assert choose_blocks(page).keep.any()


@given(st.integers(0, 2**40))
def test_the_integer_logarithm(value: int) -> None:
    found = log8(value)
    assert abs(found - 8 * np.log2(1 + value)) < 1.75
    assert log8(value + 1) >= found


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
    from massivetext.pipeline.extraction.name_words import GROUPS

    bits = words_of(name)
    for bit, group in enumerate(GROUPS):
        if words in group.split():
            assert bits >> bit & 1
        elif words is None:
            assert not bits >> bit & 1


@given(st.text(alphabet="navAd-_ 1mainé", max_size=20))
def test_compiled_code_finds_the_same_words(name: str) -> None:
    page = parse_page(f'<div class="{name}">some text</div>'.encode()).tree
    assert page.node_words[page.blocks[pt.BLOCK_NODE, 0]] == words_of(name)


def test_the_weights_are_small() -> None:
    from importlib import resources

    file = resources.files("massivetext.pipeline.extraction").joinpath(WEIGHTS_FILE)
    assert len(file.read_bytes()) <= 1_000_000
    assert all(np.asarray(array).dtype.kind == "i" for array in load_weights())
