"""Inline elements that end: what is done with the text in them (compiled).

A control beside the text goes, raised digits become what a reader sees, quotations and readings of
`ruby` get their marks.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper
from massivetext.pipeline.extraction.hashing import name_hash_with, slot_of
from massivetext.pipeline.extraction.html import marks
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.elements import tag as _tag
from massivetext.pipeline.extraction.html.raw_blocks import begin_line, is_number
from massivetext.pipeline.extraction.html.raw_characters import write_character
from massivetext.pipeline.extraction.html.raw_spans import forget_spans, note_formula
from massivetext.utf8 import character_at, character_size, put_character

_A: Final = _tag("a")
_BUTTON: Final = _tag("button")
_SUP: Final = _tag("sup")
_SUB: Final = _tag("sub")
_Q: Final = _tag("q")
_RT: Final = _tag("rt")
_MATH: Final = _tag("math")
_MROW: Final = _tag("mrow")
_MSQRT: Final = _tag("msqrt")

_RAISED: Final = marks.form_table(marks.RAISED_FORMS)
_LOWERED: Final = marks.form_table(marks.LOWERED_FORMS)
_MARKS: Final = marks.CONTROL_MARKS
_KEYS: Final = marks.CONTROL_KEYS
_VALUES: Final = marks.CONTROL_VALUES
_LONGEST_CONTROL: Final = marks.LONGEST_CONTROL
_LONGEST_RAISED: Final = marks.LONGEST_RAISED
_FIRST_SELECTOR, _LAST_SELECTOR = marks.VARIATION_SELECTORS

OPENING_QUOTES: Final = (0x201C, 0x2018)
CLOSING_QUOTES: Final = (0x201D, 0x2019)
"""Of a `q`, and of one in another (HTML standard, rendering: quotes of the language; ours are the
English ones, as the language of a part is seldom known)."""

CLOSING_PUNCTUATION: Final = (ord("."), ord(","), ord(";"), ord(":"), ord("!"), ord("?"), ord(")"))
"""What stands close behind a button; all else is set apart, as its box is."""


@helper
def drop_text(page: Any, start: Any) -> None:
    """Take back what was written from `start` on in the open block."""
    state, stack, text = page.state, page.stack, page.text
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    stop = state[st.TEXT]
    characters = 0
    for position in range(start, stop):
        byte = text[position]
        characters += byte > ab.SPACE and byte & 0xC0 != 0x80
    state[st.OPEN_CHARACTERS] -= characters
    if flags & st.IN_LINK:
        state[st.OPEN_LINK_CHARACTERS] -= characters
    if start < stop and not flags & st.IN_PREFORMATTED:
        if text[start] == ab.SPACE:
            state[st.PENDING_SPACE] |= st.A_SPACE
        elif text[start] == ab.NEWLINE:
            state[st.PENDING_BREAKS] = max(state[st.PENDING_BREAKS], 1)
    state[st.TEXT] = start
    forget_spans(page, start)


@helper
def _is_control(text: Any, start: Any, stop: Any) -> bool:
    """`marks.is_control` of the text in `text[start:stop]`."""
    if stop - start > _LONGEST_CONTROL:
        return False
    while start < stop and text[start] <= ab.SPACE:
        start += 1
    while stop > start and text[stop - 1] <= ab.SPACE:
        stop -= 1
    if start == stop:
        return False
    if text[start] == ab.OPENING_BRACKET and text[stop - 1] == ab.CLOSING_BRACKET:
        word = 0
        for position in range(start + 1, stop - 1):
            if text[position] > ab.SPACE:
                word = name_hash_with(word, ab.lowered(text[position]))
        return _VALUES[slot_of(_KEYS, word)] != 0
    position, shown = start, 0
    while position < stop:
        code, width = character_at(text, position)
        position += width
        if code <= ab.SPACE or _FIRST_SELECTOR <= code <= _LAST_SELECTOR:
            continue
        shown += 1
        is_mark = False
        for mark in _MARKS:
            is_mark |= mark == code
        if not is_mark:
            return False
    return shown > 0


@helper
def _raise_digits(page: Any, start: Any, forms: Any) -> None:
    """Write the digits from `start` on in their raised or lowered form, if it is all digits."""
    state, text = page.state, page.text
    stop = state[st.TEXT]
    if stop - start > _LONGEST_RAISED + 1:
        return
    first = start
    while first < stop and text[first] <= ab.SPACE:
        first += 1
    if stop - first > _LONGEST_RAISED:
        return
    digits = 0
    for position in range(first, stop):
        byte = text[position]
        if byte >= 128 or forms[byte] == 0:
            return
        digits += ab.is_digit(byte)
    if not digits:
        return
    forget_spans(page, start)
    scratch = stop  # room enough: the tags took more bytes than the forms do
    for position in range(first, stop):
        scratch = put_character(forms[text[position]], text, scratch)
    for position in range(stop, scratch):
        text[first + position - stop] = text[position]
    state[st.TEXT] = first + scratch - stop


@helper
def _end_button(page: Any) -> None:
    html, following = page.html, page.state[st.NEXT]
    if following >= len(html) or html[following] not in CLOSING_PUNCTUATION:
        page.state[st.PENDING_SPACE] |= st.A_SPACE


@helper
def _end_bracket(page: Any, start: Any) -> None:
    """End a part of a formula that is in brackets; a single character needs none."""
    state, text = page.state, page.text
    stop = state[st.TEXT]
    if (
        start < stop
        and start > state[st.OPEN_START]
        and stop - start == character_size(text[start])
    ):
        for position in range(start, stop):
            text[position - 1] = text[position]
        forget_spans(page, start)
        state[st.TEXT] -= 1
        state[st.OPEN_CHARACTERS] -= 1
        state[st.OPEN_LINK_CHARACTERS] -= page.stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_LINK
    else:
        write_character(page, ab.CLOSING_PARENTHESIS)


@helper
def end_inline(page: Any, depth: Any) -> None:
    """Act on the end of the inline element at this depth, the innermost one."""
    state, stack = page.state, page.stack
    tag, flags = stack[st.STACK_TAG, depth], stack[st.STACK_FLAGS, depth]
    start = max(stack[st.STACK_TEXT, depth], state[st.OPEN_START])
    if tag in (_A, _BUTTON):
        if _is_control(page.text, start, state[st.TEXT]):
            drop_text(page, start)
            state[st.OPEN_LINKS] -= flags & st.IN_LINK and state[st.OPEN_LINKS] > 0
        if tag == _BUTTON:
            _end_button(page)
    elif tag == _SUP or flags & st.IS_RAISED:
        _raise_digits(page, start, _RAISED)
    elif tag == _SUB or flags & st.IS_LOWERED:
        _raise_digits(page, start, _LOWERED)
    elif tag == _Q:
        write_character(page, CLOSING_QUOTES[page.open_tags[_Q] & 1])
    elif tag == _RT:
        if state[st.TEXT] == start and start > state[st.OPEN_START]:  # nothing in the bracket
            drop_text(page, start - 1)
        else:
            write_character(page, ab.CLOSING_PARENTHESIS)
    elif tag == _MATH:
        if flags & st.IN_HIDDEN:  # by its TeX, which has been written
            note_formula(page, start, state[st.BLOCK_COUNT], stack[st.STACK_VALUE, depth])
        state[st.FORMULA_STOP] = state[st.TEXT]
    elif tag in (_MROW, _MSQRT):
        _end_bracket(page, start)
    if flags & st.IN_GUTTER and is_number(page.text, start, state[st.TEXT]):
        drop_text(page, start)
    if flags & st.IN_LINE:
        begin_line(page)
