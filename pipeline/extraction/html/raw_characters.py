"""Characters of a page's raw bytes: which are kept, and what others become (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html import raw_tables as tables
from massivetext.pipeline.extraction.html.raw_blocks import begin_word
from massivetext.utf8 import put_character

_KEPT: Final = 0
_SPACE: Final = 1
_REMOVED: Final = 2
_JOINER: Final = 3


@inlined
def _kind_of_character(code: Any) -> int:
    """What is done with a character, see `clean_text`."""
    if code <= 0xAD:
        if code <= ab.SPACE or ab.DELETE <= code <= 0xA0:
            return _SPACE
        return _REMOVED if code == 0xAD else _KEPT
    if code < 0x1680:
        return _KEPT
    if code == 0x1680 or code == 0x3000:
        return _SPACE
    if code == 0x180E or code == 0xFEFF:
        return _REMOVED
    if code < 0x2000:
        return _KEPT
    if code > 0x206F:
        is_private = 0xE000 <= code <= 0xF8FF or code >= 0xF0000
        return _REMOVED if is_private else _KEPT
    if code <= 0x200A or 0x2028 <= code <= 0x2029 or code == 0x202F or code == 0x205F:
        return _SPACE
    if code == 0x200C or code == 0x200D:
        return _JOINER
    if code <= 0x200F or 0x202A <= code <= 0x202E or code >= 0x2060:
        return _REMOVED
    return _KEPT


@helper
def write_character(page: Any, code: Any) -> None:
    """Write one character to the open block, or what it is normalised to."""
    state, stack, text = page.state, page.stack, page.text
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    is_pre = flags & st.IN_PREFORMATTED
    if 0x80 <= code < 0xA0:
        code = int(tables.LATIN_CONTROLS[code - 0x80])
    kind = _kind_of_character(code)
    length = state[st.TEXT]
    if kind == _JOINER and (
        state[st.PENDING_SPACE] or length == state[st.OPEN_START] or text[length - 1] < 0x80
    ):
        kind = _REMOVED
    if kind == _REMOVED:
        return
    if kind == _SPACE:
        if is_pre:
            if code == ab.RETURN:  # of `&#13;&#10;`: the line feed follows
                return
            text[length] = code if code == ab.NEWLINE or code == ab.TAB else ab.SPACE
            state[st.TEXT] += 1
        elif not flags & st.IN_FORMULA:
            _add_space(state, code)
        return
    if not is_pre or state[st.PENDING_SPACE] or state[st.PENDING_BREAKS]:
        begin_word(page)
    else:
        state[st.OPEN_LINKS] += state[st.PENDING_LINKS]
        state[st.PENDING_LINKS] = 0
    state[st.OPEN_CHARACTERS] += 1
    if flags & st.IN_LINK:
        state[st.OPEN_LINK_CHARACTERS] += 1
    state[st.TEXT] = put_character(code, text, state[st.TEXT])


@helper
def _add_space(state: Any, code: Any) -> None:
    """Act on a space that is not preformatted: those that do not break indent a line."""
    columns = 0
    if code == 0xA0 or code == 0x2002 or code == 0x2007:
        columns = 1
    elif code == 0x2003:
        columns = 2
    is_start = state[st.TEXT] == state[st.OPEN_START] or state[st.PENDING_BREAKS] > 0
    if columns and (is_start or state[st.PENDING_SPACE] & st.A_LINE):
        if state[st.INDENT]:
            columns += state[st.PENDING_SPACE] & st.A_SPACE
        state[st.INDENT] += columns
        state[st.PENDING_SPACE] &= ~st.A_SPACE
    else:
        state[st.PENDING_SPACE] |= st.A_SPACE
