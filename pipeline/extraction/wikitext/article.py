"""The text of an article: its title, and what its wikitext says."""

from __future__ import annotations

import html
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.languages import WikiWords, words_of_wiki
from massivetext.pipeline.extraction.wikitext.marks import mark_page
from massivetext.pipeline.extraction.wikitext.values import WRITTEN_EQUALS, value_of
from massivetext.pipeline.extraction.wikitext.walk import walk

_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_BLANKS: Final = re.compile(r"[ \t\u00a0]+\n|\u00a0")
_LINES: Final = re.compile(r"\n{3,}")
_EMPTY_BRACKETS: Final = re.compile(r" ?\((?:[,;:] ?)*\)")
"""What is left where only templates without a value stood in brackets."""

_AFTER_BRACKET: Final = re.compile(r"\((?:[,;] ?)+")


def article_text(wikitext: bytes, title: str = "", language: str = "en") -> str:
    """Returns the text of a page: paragraphs, lists and tables, its title first.

    Args:
        wikitext: UTF-8, lines ending with LF.
        title: of the page; "" for none.
        language: code of the wiki's language, for the names of its templates and sections.

    Raises:
        UnicodeDecodeError: if the page is not UTF-8.
    """
    wikitext.decode()
    text = _walked(np.frombuffer(wikitext, np.uint8), words_of_wiki(language))
    body = _tidied(text.decode(errors="replace").replace(WRITTEN_EQUALS, "="))
    return f"{title}\n\n{body}".strip() if title else body


def _tidied(text: str) -> str:
    if "&" in text:
        text = _REFERENCE.sub(lambda match: html.unescape(match[0]), text)
    text = _BLANKS.sub(lambda match: "\n" if match[0].endswith("\n") else " ", text)
    text = _AFTER_BRACKET.sub("(", _EMPTY_BRACKETS.sub("", text))
    return _LINES.sub("\n\n", text).strip("\n ")


def _walked(page: NDArray[np.uint8], language: WikiWords) -> bytes:
    marks, mates = np.zeros(len(page) + 3, np.uint8), np.zeros(len(page) + 3, np.int32)
    mark_page(page, marks, mates)
    state = np.zeros(st.STATE_SIZE, np.int64)
    state[st.SHIFTED_FROM] = state[st.ROW_FROM] = state[st.CELL_FROM] = -1
    state[st.LINE_START] = 1
    out = np.empty(len(page) + 4096, np.uint8)
    captions = np.empty_like(out)
    frames = np.zeros((64, st.FRAME_SIZE), np.int64)
    arguments, numbers = np.zeros(4096, np.int64), np.zeros(16, np.int64)
    tables = (
        *language.templates,
        *language.prefixes,
        *language.options,
        *language.sections,
        *language.words,
    )
    while True:
        walk(page, marks, mates, out, captions, state, frames, arguments, numbers, *tables)
        if state[st.EVENT] == st.DONE:
            return out[: state[st.WRITTEN]].tobytes()
        if state[st.EVENT] == st.VALUE_ASKED:
            value = _value(out, state, frames, arguments, language)
            if state[st.WRITTEN] + len(value) + 4096 > len(out):
                state[st.NEEDED] = state[st.WRITTEN] + len(value) + 4096
                out, captions = _larger(out, state), _larger(captions, state)
            begin = int(state[st.WRITTEN])
            out[begin : begin + len(value)] = np.frombuffer(value, np.uint8)
            state[st.WRITTEN] += len(value)
            continue
        if state[st.NEEDED] > len(out):
            out, captions = _larger(out, state), _larger(captions, state)
        if state[st.FRAMES_OPEN] + 2 > len(frames):
            frames = np.concatenate([frames, np.zeros_like(frames)])


def _larger(array: NDArray[np.uint8], state: NDArray[np.int64]) -> NDArray[np.uint8]:
    larger = np.empty(max(2 * len(array), int(state[st.NEEDED])), np.uint8)
    larger[: len(array)] = array
    return larger


def _value(
    out: NDArray[np.uint8],
    state: NDArray[np.int64],
    frames: NDArray[np.int64],
    arguments: NDArray[np.int64],
    language: WikiWords,
) -> bytes:
    """Closes the template that has ended; returns its value."""
    state[st.FRAMES_OPEN] -= 1
    state[st.VALUES_OPEN] -= 1
    frame = frames[state[st.FRAMES_OPEN]]
    begins = arguments[frame[st.FRAME_ARGUMENTS] : state[st.ARGUMENTS]].tolist()
    ends = [*begins[1:], int(state[st.WRITTEN])] if begins else []
    parts = [out[b:e].tobytes().decode(errors="replace") for b, e in zip(begins, ends, strict=True)]
    state[st.ARGUMENTS] = frame[st.FRAME_ARGUMENTS]
    state[st.WRITTEN] = frame[st.FRAME_FROM]
    pattern = language.patterns[frame[st.FRAME_CODE]]
    return value_of(pattern, parts, language.terms).encode()
