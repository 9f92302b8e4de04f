"""Tables, lists and the roles of alike entries: kept or dropped as wholes, whatever the scores."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.pipeline.extraction import extract_text
from massivetext.pipeline.extraction.choice.choose import choose_blocks
from massivetext.pipeline.extraction.choice.units import NO_UNIT, UNIT_NAMES
from massivetext.pipeline.extraction.choice.weights import (
    Network,
    Weights,
    load_weights,
    weights_of,
)
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import PageTree
from massivetext.pipeline.extraction.html.raw_tree import parse_raw

ROW = elements.tag("tr")
LISTS = [elements.tag(name) for name in ("ul", "ol")]

PROSE = (
    "The mill stands by the river, and it has been there for two hundred years, in all weathers. "
    "It was bought by the town in 1920, which keeps it open to visitors on every Sunday."
)


def any_weights(seed: int) -> Weights:
    """Weights of the right shapes, the scores of which mean nothing."""
    random = np.random.default_rng(seed)

    def like(network: Network) -> Network:
        return Network(
            *(random.normal(0, 0.1, layer.shape).astype(np.float32) for layer in network)
        )

    known = load_weights()
    return weights_of(*(like(getattr(known, name)) for name in ("first", "second", "page", "unit")))


cells = st.sampled_from(["", "oak", "<b>0.71</b>", "<a href=/x>Lock and Pool</a>", "keels, ribs"])
rows = st.lists(cells, min_size=2, max_size=4).map(
    lambda row: "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
)
full_rows = st.sampled_from(
    ["<tr><td>oak<td>keels</tr>", "<tr><td>ash<td><a href=/x>oars</a></tr>"]
)
headers = st.sampled_from(["", "<thead><tr><th>Wood</th><th>Use</th></tr></thead>"])
tables = st.tuples(headers, st.lists(rows, min_size=1, max_size=8)).map(
    lambda parts: f"<table>{parts[0]}{''.join(parts[1])}</table>"
)
items = st.sampled_from(["<li>one</li>", "<li><a href=/y>two</a></li>", "<li><p>three</p></li>"])
lists = st.lists(items, min_size=2, max_size=8).map(lambda found: f"<ul>{''.join(found)}</ul>")
parts = st.one_of(tables, lists, st.sampled_from([f"<p>{PROSE}</p>", "<h2>Heading</h2>", "<hr>"]))
pages = st.lists(parts, min_size=1, max_size=8).map("".join)


def blocks_within(tree: PageTree, tags: list[int]) -> list[list[int]]:
    """The blocks below each outermost node with one of these tags."""
    found: dict[int, list[int]] = defaultdict(list)
    for block in range(tree.blocks.shape[1]):
        node, outermost = int(tree.blocks[pt.BLOCK_NODE, block]), 0
        while node > 0:
            outermost = node if tree.nodes[pt.NODE_TAG, node] in tags else outermost
            node = int(tree.nodes[pt.NODE_PARENT, node])
        if outermost:
            found[outermost].append(block)
    return list(found.values())


@given(pages, st.integers(0, 1000))
@settings(deadline=None)
def test_rows_and_lists_are_never_torn_whatever_the_scores(html: str, seed: int) -> None:
    tree = parse_raw(html.encode()).tree
    choice = choose_blocks(tree, any_weights(seed))
    for blocks in blocks_within(tree, [ROW]):
        assert len({bool(choice.keep[block]) for block in blocks}) == 1
    for unit in range(len(choice.kinds)):
        assert len(set(choice.keep[choice.units == unit].tolist())) == 1
    for blocks in blocks_within(tree, LISTS):
        assert len({int(choice.units[block]) for block in blocks}) == 1


@given(headers.filter(bool), st.lists(full_rows, min_size=2, max_size=8), st.integers(0, 1000))
@settings(deadline=None)
def test_the_header_comes_with_its_rows(header: str, rows: list[str], seed: int) -> None:
    html = f"<p>{PROSE}</p><table>{header}{''.join(rows)}</table><p>{PROSE}</p>"
    tree = parse_raw(html.encode()).tree
    choice = choose_blocks(tree, any_weights(seed))
    (blocks,) = blocks_within(tree, [elements.tag("table")])
    assert len({bool(choice.keep[block]) for block in blocks}) == 1


@given(pages, st.integers(0, 1000))
@settings(deadline=None)
def test_blocks_of_a_unit_share_its_score(html: str, seed: int) -> None:
    choice = choose_blocks(parse_raw(html.encode()).tree, any_weights(seed))
    for unit in range(len(choice.kinds)):
        assert len(set(choice.scores[2, choice.units == unit].tolist())) == 1
    alone = choice.units == NO_UNIT
    assert (choice.scores[2, alone] == choice.scores[1, alone]).all()


@given(pages)
@settings(deadline=None)
def test_the_choice_is_a_function_of_the_page(html: str) -> None:
    first, second = (choose_blocks(parse_raw(html.encode()).tree) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


POST = "<div class=post><span>{0}</span><div class=user>user{0}</div><p>{1}</p></div>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", ["table: a b c d"]),
        ("<table><caption>t</caption><tr><th>a<th>b<tr><td>c<td>d</table>", ["table: t a b c d"]),
        ("<table><tr><td>a<td>b</table>", ["row: a b"]),
        ("<table><tr><td>a<tr><td>b</table>", []),
        ("<table><tr><td><h2>a</h2><td>b<tr><td>c<td>d</table>", ["row: c d"]),
        ("<table><tr><td><table><tr><td>a<td>b<tr><td>c<td>d</table><td>e</table>",
         ["table: a b c d"]),
        (f"<table><tr><td>a<td><p>{PROSE}</p><p>b</p><tr><td>c<td>d</table>", ["row: c d"]),
        ("<ul><li>a<li>b</ul>", ["list: a b"]),
        ("<ul><li>a<ul><li>b<li>c</ul><li>d</ul>", ["list: a b c d"]),
        ("<ul><li>a</ul>", []),
        ("<ul><li><h3>a</h3><p>b</p><li><h3>c</h3><p>d</p></ul>", []),
        ("<ul><li><div>a</div><div>b</div><li><div>c</div><div>d</div></ul>", []),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", ["definitions: a b c d"]),
        ("<dl><div><dt>a<dd>b</div><div><dt>c<dd>d</div></dl>", ["definitions: a b c d"]),
        ("<p>a</p><p>b</p><p>c</p><p>d</p>", []),
    ],
)  # fmt: skip
def test_what_is_a_unit(html: str, expected: list[str]) -> None:
    assert units_of(html) == expected


def units_of(html: str) -> list[str]:
    """The kind of each unit and the texts of its blocks; long ones are left out."""
    tree = parse_raw(html.encode()).tree
    choice = choose_blocks(tree)
    return [
        f"{UNIT_NAMES[kind]}: "
        + " ".join(tree.block_text(block) for block in np.flatnonzero(choice.units == unit))
        for unit, kind in enumerate(choice.kinds)
    ]


def test_what_stands_at_one_place_of_alike_entries_is_a_unit() -> None:
    posts = "".join(
        f"<div class=post><div class=user>u{n}</div><p>text {n}</p></div>" for n in range(3)
    )
    assert units_of(posts + "<div class=post><p>other</p></div>") == [
        "role of alike entries: u0 u1 u2",
        "role of alike entries: text 0 text 1 text 2 other",
    ]


SENTENCES = (
    "Most people who live there keep a shed full of food for the winter.",
    "The bridge that he had forgotten was the one on which he had broken his arm.",
    "A sundial shows the right time on four days of the year only.",
)
FRAME = (
    "<nav><ul><li><a href=/>Home</a><li><a href=/n>News</a></ul></nav>"
    "<main><article><h1>The mill</h1>{}</article></main>"
    "<aside class=sidebar><h3>Most read</h3><ul><li><a href=/1>Ten quiet beaches</a>"
    "<li><a href=/2>The best soup</a></ul></aside>"
)


@pytest.mark.parametrize("posts", [10, 300, 3000])
def test_no_post_of_a_long_thread_is_lost(posts: int) -> None:
    thread = "".join(
        f"<div class=post><div class=user><a href=/u{n}>user{n}</a></div><div class=body>"
        f"<p>{n}: {SENTENCES[n % 3]}</p></div></div>"
        for n in range(posts)
    )
    lines = extract_text(FRAME.format(thread).encode()).splitlines()
    assert [line for line in lines if ": " in line] == [
        f"{n}: {SENTENCES[n % 3]}" for n in range(posts)
    ]


@pytest.mark.parametrize("words", [1_000, 20_000, 100_000])
def test_a_paragraph_of_any_length_is_text(words: int) -> None:
    text = "<br>".join([PROSE] * (words // len(PROSE.split())))
    found = extract_text(FRAME.format(f"<p>{text}</p>").encode())
    assert found.count(PROSE) == words // len(PROSE.split())
    assert "quiet beaches" not in found
