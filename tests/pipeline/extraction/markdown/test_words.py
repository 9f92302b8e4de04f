"""Markdown read by a Markdown library has the words of the text form: all of them, in order."""

import gc
import html as character_references
import re
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from massivetext.pipeline.extraction import extract_page
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.html.raw_tree import parse_raw
from massivetext.pipeline.extraction.layout.breaks import layout_plan
from massivetext.pipeline.extraction.markdown import markdown_of, plain_markdown

_FORMULA = re.compile(r"(\$\$?)(?=\S)(.+?)(?<=\S)\1")


def _read_formula(state: StateInline, silent: bool) -> bool:
    match = _FORMULA.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("math", "", 0).content = match[2]
    state.pos = match.end()
    return True


READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
READER.inline.ruler.before("escape", "math", _read_formula)


def shown(tokens: list[Token]) -> Iterator[str]:
    """What a reader sees of a document's tokens."""
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif token.children is not None:
            yield from shown(token.children)
            yield "\n"
        else:
            yield token.content


def words_of(markdown: str) -> list[str]:
    return "".join(shown(READER.parse(markdown))).split()


# Text

SIGNS = "*_`#>-+|[]()<>&\\$~=!:.1"
WORDS = st.text(st.sampled_from("ab" + SIGNS + SIGNS + "é漢"), min_size=1, max_size=5)
SENTENCES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(st.lists(SENTENCES, min_size=1, max_size=3).map("\n".join))
@settings(max_examples=400, deadline=None)
def test_a_plain_text_shows_what_it_is(text: str) -> None:
    text = re.sub("^- ", "", text.replace("$", ""), flags=re.MULTILINE)  # our own bullets
    assert words_of(plain_markdown(text)) == text.split()


# Pages

INLINE = ("a href='/x'", "b", "strong", "i", "em", "code", "kbd", "span", "sup", "u")


@st.composite
def phrasing(draw: st.DrawFn, depth: int = 0, in_link: bool = False) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 5 if depth < 3 else 2))
        if kind <= 2:
            text = character_references.escape(draw(SENTENCES).replace("$", ""))
            parts.append(text + draw(st.sampled_from(["", " ", "<br>", " <wbr>"])))
        else:
            tag = draw(st.sampled_from(INLINE[in_link:]))
            inner = draw(phrasing(depth + 1, in_link or tag[0] == "a"))
            parts.append(f"<{tag}>{inner}</{tag.split()[0]}>")
        parts.append(draw(st.sampled_from(["", " "])))
    return "".join(parts)


@st.composite
def table(draw: st.DrawFn) -> str:
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        cells = [
            f"<td{draw(st.sampled_from(['', ' colspan=2', ' rowspan=2']))}>"
            f"{draw(st.one_of(st.just(''), phrasing(2)))}</td>"
            for _ in range(draw(st.integers(0, 4)))
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


@st.composite
def flow(draw: st.DrawFn, depth: int = 0) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 9 if depth < 3 else 3))
        if kind <= 1:
            parts.append(f"<p>{draw(phrasing())}</p>")
        elif kind == 2:
            level = draw(st.integers(1, 6))
            parts.append(f"<h{level}>{draw(phrasing())}</h{level}>")
        elif kind == 3:
            code = draw(st.lists(SENTENCES, min_size=1, max_size=3).map("\n".join))
            parts.append(f"<pre>{character_references.escape(code)}</pre>")
        elif kind <= 5:
            tag = draw(st.sampled_from(["ul", "ol", "ol start=7", "ol reversed"]))
            items = [f"<li>{draw(flow(depth + 1))}</li>" for _ in range(draw(st.integers(1, 3)))]
            parts.append(f"<{tag}>{''.join(items)}</{tag[:2]}>")
        elif kind == 6:
            parts.append(f"<blockquote>{draw(flow(depth + 1))}</blockquote>")
        elif kind == 7:
            parts.append(draw(table()))
        elif kind == 8:
            parts.append(f"<div>{draw(phrasing())}</div><div>{draw(phrasing())}</div>")
        else:
            parts.append(draw(phrasing()))
    return "".join(parts)


def forms(html: str, parse: object) -> tuple[list[str], str]:
    """The words of all blocks of a page in the order in which they are shown; its Markdown."""
    parsed = parse(html.encode(), False, True)  # type: ignore[operator]
    keep = np.ones(parsed.tree.blocks.shape[1], np.bool_)
    order = layout_plan(parsed.tree, keep).order
    words = [word for block in order for word in parsed.tree.block_text(block).split()]
    return words, markdown_of(parsed, keep, with_links=True)


@given(flow())
@example("<p><a href='/x'>]:</a></p>")  # not an address that links name
@settings(max_examples=500, deadline=None)
def test_a_page_keeps_its_words(html: str) -> None:
    words, markdown = forms(html, parse_raw)
    assert words_of(markdown) == words, markdown


@given(flow())
@settings(max_examples=200, deadline=None)
def test_both_parsers_give_the_same(html: str) -> None:
    words, markdown = forms(html, parse_raw)
    of_lxml, markdown_of_lxml = forms(html, parse_with_lxml)
    if words == of_lxml:  # else malformed: the trees differ
        assert markdown_of_lxml == markdown


@given(table())
@settings(max_examples=200, deadline=None)
def test_a_table_keeps_its_rows_and_cells(html: str) -> None:
    parsed = parse_raw(html.encode(), False, True)
    keep = np.ones(parsed.tree.blocks.shape[1], np.bool_)
    blocks = parsed.tree.blocks
    cells = {int(node) for node in blocks[pt.BLOCK_NODE]}
    rows = Counter(int(parsed.tree.nodes[pt.NODE_PARENT, cell]) for cell in cells)
    whole = sum(count >= 2 for count in rows.values())
    tokens = READER.parse(markdown_of(parsed, keep))
    assert sum(token.type == "tr_open" for token in tokens) >= whole


# Hostile pages

HOSTILE = {
    "nested emphasis": lambda n: "<b>" * n + "x" + "</b>" * n,
    "siblings": lambda n: "<p>" + "<b>a</b><i>b</i>" * n,
    "crossing": lambda n: "<p>" + "<b>a<i>b</b>c</i>" * n,
    "emphasis over blocks": lambda n: "<b><i><code>" + "<p>a" * n,
    "links in links": lambda n: "<p>" + "<a href='x'>a" * n,
    "deep quotations": lambda n: "<blockquote>a" * n,
    "deep lists": lambda n: "<ul><li>a" * n,
    "lists in lists": lambda n: "<ul>" * n + "<li>a",
    "stars": lambda n: "<p>" + "*" * n + "_" * n + "`" * n,
    "brackets": lambda n: "<p>" + "[" * n + "](" * n,
    "backslashes": lambda n: "<p>" + "\\" * n + "&amp;" * n,
    "backticks in code": lambda n: "<p><code>" + "` `` " * n,
    "signs": lambda n: "<h1>" + "# " * n,
    "spaces": lambda n: "<pre>" + " " * n + "x\n" * n,
    "a wide row": lambda n: "<table><tr>" + "<td>a" * n + "<tr><td>b<td>c" * n,
    "spans": lambda n: "<table>" + "<tr><td rowspan=1000 colspan=1000>b<td>c" * n,
    "tables": lambda n: "<table><tr><td>a<td>b</table>" * n,
    "listings": lambda n: "<div class='language-x'>" * 300 + "<pre>a</pre><p>b</p>" * n,
    "blocks in a cell": lambda n: "<table><tr><td>a<td>" + "<div>b</div>" * n,
    "blocks in a heading": lambda n: "<h1>" + "a<br><br>" * n,
    "formulas": lambda n: "<p>" + "<img class=tex alt='a^2'>" * n,
}


@pytest.fixture
def no_collections() -> Iterator[None]:
    """Python's garbage collector looks at what all other tests have left, too."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_page(name: str) -> None:
    """In proportion to its bytes, or less: eight times the page takes no 24 times as long."""
    pages = [HOSTILE[name](count).encode() for count in (1_000, 8_000)]
    least = [float("inf")] * 2
    for _ in range(3):
        for place, page in enumerate(pages):
            start = time.process_time()
            extract_page(page, format="markdown", markdown_links=True)
            least[place] = min(least[place], time.process_time() - start)
    assert least[1] < 8 * 3 * least[0] + 0.05
