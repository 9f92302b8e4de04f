"""Text of a page's raw bytes: character data and references to clean UTF-8 in blocks (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.hashing import name_hash_with, slot_of
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html import raw_tables as tables
from massivetext.utf8 import LEAD_2, character_at, character_size, put_character

_KEPT: Final = 0
_SPACE: Final = 1
_REMOVED: Final = 2
_JOINER: Final = 3

_P: Final = elements.tag("p")
_DIV: Final = elements.tag("div")
_TD: Final = elements.tag("td")
_TH: Final = elements.tag("th")

LONGEST_INDENTED: Final = 80
"""Characters; our choice: what is as long as a line of code or verse is no paragraph."""

LEAST_INDENT: Final = 2
"""Our choice: columns of no-break spaces from which a line is indented; a single one is an accident
of editors."""


@helper
def end_block(page: Any) -> None:
    """End the open block, if it holds a character that is not white space."""
    state, stack, text, blocks = page.state, page.stack, page.text, page.blocks
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    if flags & st.IN_GUTTER and is_number(text, state[st.OPEN_START], state[st.TEXT]):
        state[st.OPEN_CHARACTERS] = state[st.OPEN_LINK_CHARACTERS] = state[st.OPEN_LINKS] = 0
    if state[st.OPEN_CHARACTERS]:
        start, stop = state[st.OPEN_START], state[st.TEXT]
        is_pre = flags & st.IN_PREFORMATTED
        while text[stop - 1] <= ab.SPACE:
            stop -= 1
        position = start
        is_indented = is_pre or _keeps_indent(page)
        while text[position] <= ab.SPACE:  # empty lines before the first one with text
            if text[position] == ab.NEWLINE or not is_indented:
                start = position + 1
            position += 1
        block = state[st.BLOCK_COUNT]
        blocks[pt.BLOCK_NODE, block] = stack[st.STACK_NODE, state[st.DEPTH]]
        blocks[pt.BLOCK_START, block] = start
        blocks[pt.BLOCK_STOP, block] = stop
        blocks[pt.BLOCK_CHARACTERS, block] = state[st.OPEN_CHARACTERS]
        blocks[pt.BLOCK_LINK_CHARACTERS, block] = state[st.OPEN_LINK_CHARACTERS]
        if not state[st.PENDING_BREAKS]:
            state[st.OPEN_LINKS] += state[st.PENDING_LINKS]  # of a link without text
        blocks[pt.BLOCK_LINKS, block] = state[st.OPEN_LINKS]
        blocks[pt.BLOCK_MARGIN, block] = state[st.MARGIN]
        places = flags >> st.PLACE_SHIFT & pt.PLACES
        blocks[pt.BLOCK_FLAGS, block] = places | (pt.PREFORMATTED if is_pre else 0)
        state[st.BLOCK_COUNT] += 1
        state[st.OPEN_START] = stop
        state[st.OPEN_CHARACTERS] = state[st.OPEN_LINK_CHARACTERS] = state[st.OPEN_LINKS] = 0
        state[st.MARGIN] = 0
    state[st.TEXT] = state[st.OPEN_START]
    if state[st.PENDING_BREAKS]:
        state[st.MARGIN] = max(state[st.MARGIN], min(state[st.PENDING_BREAKS], 2))
        state[st.PENDING_BREAKS] = 0
    state[st.PENDING_SPACE] = 0
    state[st.PENDING_LINKS] = 0
    state[st.INDENT] = 0


@helper
def _keeps_indent(page: Any) -> bool:
    """Whether the no-break spaces at the start of the open block are indentation.

    They are where a line is a paragraph: code and verse by word processors. Before a longer
    paragraph, in a list item or in a cell they say nothing.
    """
    state, stack, open_tags = page.state, page.stack, page.open_tags
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    tag = page.nodes[pt.NODE_TAG, stack[st.STACK_NODE, state[st.DEPTH]]]
    is_in_cell = open_tags[_TD] > 0 or open_tags[_TH] > 0
    is_line = tag in (_P, _DIV) and not flags & st.IN_ITEM and not is_in_cell
    return is_line and state[st.OPEN_CHARACTERS] < LONGEST_INDENTED


@helper
def is_number(text: Any, start: Any, stop: Any) -> bool:
    """Whether a text has digits, and nothing else but white space."""
    digits = 0
    for position in range(start, stop):
        if text[position] > ab.SPACE:
            if not ab.is_digit(text[position]):
                return False
            digits += 1
    return digits > 0


@helper
def begin_line(page: Any) -> None:
    """Let the next character begin a line, if it stands in this block."""
    state, text = page.state, page.text
    if page.stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_PREFORMATTED:
        if state[st.TEXT] > state[st.OPEN_START] and text[state[st.TEXT] - 1] != ab.NEWLINE:
            text[state[st.TEXT]] = ab.NEWLINE
            state[st.TEXT] += 1
    else:
        state[st.PENDING_SPACE] |= st.A_LINE
        state[st.INDENT] = 0


@inlined
def begin_word(page: Any) -> None:
    """Settle the white space before a character that is to be written."""
    state, text = page.state, page.text
    if state[st.TEXT] == state[st.OPEN_START]:
        _indent_line(page)
        if state[st.PENDING_BREAKS]:
            state[st.MARGIN] = max(state[st.MARGIN], min(state[st.PENDING_BREAKS], 2))
    elif state[st.PENDING_BREAKS] >= 2:
        links = state[st.PENDING_LINKS]
        end_block(page)
        state[st.PENDING_LINKS] = links
    elif state[st.PENDING_BREAKS] == 1 or state[st.PENDING_SPACE] & st.A_LINE:
        text[state[st.TEXT]] = ab.NEWLINE
        state[st.TEXT] += 1
        _indent_line(page)
    elif state[st.PENDING_SPACE]:
        text[state[st.TEXT]] = ab.SPACE
        state[st.TEXT] += 1
    state[st.PENDING_BREAKS] = 0
    state[st.PENDING_SPACE] = 0
    state[st.INDENT] = 0
    state[st.OPEN_LINKS] += state[st.PENDING_LINKS]
    state[st.PENDING_LINKS] = 0


@helper
def _indent_line(page: Any) -> None:
    """Begin a line with the no-break spaces that stand there."""
    state, text = page.state, page.text
    columns = state[st.INDENT]
    if columns:
        columns += state[st.PENDING_SPACE] & st.A_SPACE
    if columns >= LEAST_INDENT:
        for _ in range(columns):
            text[state[st.TEXT]] = ab.SPACE
            state[st.TEXT] += 1


@helper
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
    if not is_pre:
        begin_word(page)
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


@helper
def scan_reference(page: Any, position: int) -> int:
    """Read a character reference or a plain ampersand; where it ends."""
    html = page.html
    if position + 1 < len(html) and html[position + 1] == ab.NUMBER_SIGN:
        end, code = _numeric_reference(html, position + 2)
        if code >= 0:
            write_character(page, code)
            return end
    end, reference = _named_reference(html, position + 1)
    if reference == tables.NO_REFERENCE:
        write_character(page, ab.AMPERSAND)
        return position + 1
    write_character(page, tables.REFERENCE_CODES[reference, 0])
    if tables.REFERENCE_CODES[reference, 1]:
        write_character(page, tables.REFERENCE_CODES[reference, 1])
    return end


@helper
def _numeric_reference(html: Any, position: int) -> Any:
    """`(where it ends, code)` of what follows `&#`; code -1 without a digit."""
    stop = len(html)
    base = 10
    if position < stop and html[position] | ab.CASE == ab.LOWER_X:
        base = 16
        position += 1
    code, digits = 0, 0
    while position < stop:
        byte = html[position]
        if ab.is_digit(byte):
            digit = byte - ab.ZERO
        elif base == 16 and 97 <= byte | ab.CASE <= 102:  # a to f
            digit = (byte | ab.CASE) - ab.LOWER_A + 10
        else:
            break
        code = min(code * base + digit, 0x110000)
        digits += 1
        position += 1
    if not digits:
        return position, -1
    if position < stop and html[position] == ab.SEMICOLON:
        position += 1
    if 0x80 <= code < 0xA0:
        return position, int(tables.LATIN_CONTROLS[code - 0x80])
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return position, 0xFFFD
    return position, code


@helper
def _named_reference(html: Any, position: int) -> Any:
    """`(where it ends, number)` of the longest named reference here, or `NO_REFERENCE`."""
    value = 0
    best, end = tables.NO_REFERENCE, position
    first = position
    while position < len(html) and position - first < tables.MAX_REFERENCE_NAME:
        byte = html[position]
        if not (ab.is_digit(byte) or ab.is_letter(byte)):
            break
        value = name_hash_with(value, byte)
        position += 1
        has_semicolon = position < len(html) and html[position] == ab.SEMICOLON
        reference = int(tables.REFERENCE_VALUES[slot_of(tables.REFERENCE_KEYS, value)])
        if reference != tables.NO_REFERENCE and (
            has_semicolon or tables.REFERENCE_IS_LEGACY[reference]
        ):
            best, end = reference, position + has_semicolon
    return end, best
