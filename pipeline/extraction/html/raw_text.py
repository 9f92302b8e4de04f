"""Text of a page's raw bytes: character data to clean UTF-8 in blocks (compiled)."""

from __future__ import annotations

from typing import Any

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.raw_blocks import begin_word
from massivetext.pipeline.extraction.html.raw_characters import write_character
from massivetext.pipeline.extraction.html.raw_references import scan_reference
from massivetext.utf8 import LEAD_2, character_at, character_size


@inlined
def scan_text(page: Any, position: int) -> int:
    """Read character data up to the next `<`; where it ends."""
    html, state, stack = page.html, page.state, page.stack
    stop = len(html)
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    is_link = flags & st.IN_LINK
    is_pre = flags & st.IN_PREFORMATTED
    is_special = flags & (st.IN_PREFORMATTED | st.IN_FORMULA)
    if is_pre and (state[st.PENDING_SPACE] or state[st.PENDING_BREAKS]):
        begin_word(page)  # of text in front of an inline element
    while position < stop:
        byte = html[position]
        if byte == ab.LESS_THAN:
            break
        if byte <= ab.SPACE:
            if is_special:
                _write_space(page, position, flags)
            else:
                state[st.PENDING_SPACE] |= st.A_SPACE
            position += 1
        elif byte == ab.AMPERSAND:
            position = scan_reference(page, position)
        elif byte < ab.DELETE:
            if is_pre:
                state[st.OPEN_LINKS] += state[st.PENDING_LINKS]
                state[st.PENDING_LINKS] = 0
            else:
                begin_word(page)
            position = _copy_ascii(page, position, is_link, is_special)
        else:
            position = _scan_character(page, position)
    return position


@helper
def _write_space(page: Any, position: Any, flags: Any) -> None:
    """Act on white space of preformatted text, or of a formula, where it says nothing.

    A carriage return is a line feed, or stands before one (HTML standard, "preprocessing the input
    stream").
    """
    html, state, text = page.html, page.state, page.text
    byte = html[position]
    if not flags & st.IN_PREFORMATTED:
        return
    if byte == ab.RETURN:
        if position + 1 < len(html) and html[position + 1] == ab.NEWLINE:
            return
        byte = ab.NEWLINE
    is_kept = byte == ab.NEWLINE or byte == ab.TAB
    if flags & st.IN_COLLAPSED and byte != ab.NEWLINE:
        length = state[st.TEXT]
        if length == state[st.OPEN_START] or text[length - 1] <= ab.SPACE:
            return
    text[state[st.TEXT]] = byte if is_kept else ab.SPACE
    state[st.TEXT] += 1


@inlined
def _copy_ascii(page: Any, position: int, is_link: Any, is_special: Any) -> int:
    """Copy printable ASCII, single spaces between words included; where it ends."""
    html, state, text = page.html, page.state, page.text
    stop = len(html)
    length = state[st.TEXT]
    first = length
    spaces = 0
    while position < stop:
        byte = html[position]
        if byte > ab.SPACE:
            if byte >= ab.DELETE or byte in (ab.LESS_THAN, ab.AMPERSAND):
                break
        elif is_special or byte != ab.SPACE or position + 1 >= stop:
            break
        else:  # a single space between two printable characters is copied as it is
            following = html[position + 1]
            if following <= ab.SPACE or following >= ab.DELETE:
                break
            if following in (ab.LESS_THAN, ab.AMPERSAND):
                break
            spaces += 1
        text[length] = byte
        length += 1
        position += 1
    characters = length - first - spaces
    state[st.TEXT] = length
    state[st.OPEN_CHARACTERS] += characters
    if is_link:
        state[st.OPEN_LINK_CHARACTERS] += characters
    return position


@inlined
def _scan_character(page: Any, position: int) -> int:
    """Read one character beyond printable ASCII; where it ends."""
    html, state = page.html, page.state
    byte = html[position]
    width = character_size(byte)
    if byte < LEAD_2 or position + width > len(html):  # delete, or broken: not from decode_page
        state[st.PENDING_SPACE] |= st.A_SPACE
        return position + 1
    write_character(page, character_at(html, position)[0])
    return position + width
