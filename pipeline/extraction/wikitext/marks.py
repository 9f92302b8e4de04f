"""Which brackets and tags of a page belong together, found in one pass (compiled).

Brackets are paired by a stack. What never ends must not swallow the rest of an article: a heading
ends what is open before it, a blank line ends links, a line ends links to other sites. What is left
unpaired has no mark. Extension tags end where their end tag stands, if no heading comes first.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import kernel, lean
from massivetext.pipeline.extraction.wikitext.names import code_of, name_table

MARK_TEMPLATE, MARK_TEMPLATE_END, MARK_PARAMETER, MARK_PARAMETER_END, MARK_LINK, MARK_LINK_END = (
    range(1, 7)
)
MARK_SITE_LINK, MARK_SITE_LINK_END, MARK_TABLE, MARK_TABLE_END, MARK_HEADING, MARK_APOSTROPHE = (
    range(7, 13)
)
MARK_SKIPPED, MARK_RAW, MARK_RAW_BLOCK, MARK_INLINE_TAG, MARK_BREAK, MARK_BLOCK_TAG = range(13, 19)
MARK_RAISED, MARK_LOWERED, MARK_SHIFT_END, MARK_ITEM, MARK_CELL, MARK_GALLERY = range(19, 25)
"""Marks. `mates` has where the other bracket begins, where a heading's text ends, or where a tag
ends; of raw text also, one byte further, where it ends, and two bytes further, what follows."""

_TAG_MARKS: Final = {
    MARK_SKIPPED: "ref references timeline score graph imagemap mapframe maplink templatedata "
    "hiero inputbox categorytree indicator templatestyles includeonly style script",
    MARK_RAW: "nowiki math chem ce",
    MARK_RAW_BLOCK: "pre syntaxhighlight source",
    MARK_INLINE_TAG: "b i u s del ins small big span font tt code var cite em strong strike abbr "
    "bdi bdo kbd samp q dfn mark time data wbr rp rt ruby rb rtc noinclude onlyinclude section "
    "nobr",
    MARK_BREAK: "br",
    MARK_BLOCK_TAG: "p div center blockquote poem ul ol dl dt dd hr table caption tr h1 h2 h3 h4 "
    "h5 h6 tbody thead tfoot",
    MARK_RAISED: "sup",
    MARK_LOWERED: "sub",
    MARK_ITEM: "li",
    MARK_CELL: "td th",
    MARK_GALLERY: "gallery",
}
"""Tags of HTML and of MediaWiki's extensions by what becomes of them; others are text."""

_TAGS: Final = name_table({n: m for m, names in _TAG_MARKS.items() for n in names.split()})
_TAG_HASHES, _TAG_CODES = _TAGS

_MOST_OPEN: Final = 1 << 20
"""Our choice: brackets that are open at once; deeper ones stay unpaired."""

_NAME_BYTES: Final = 16
"""Longer than the name of any tag above."""

_BRACES, _BRACKETS, _SITE, _WIKI_TABLE = range(4)


@lean
def _is_at(text: Any, place: Any, a: Any, b: Any) -> Any:
    return place + 1 < len(text) and text[place] == a and text[place + 1] == b


@lean
def end_of_line(text: Any, place: Any) -> Any:
    """Where the line of `place` ends, without its LF."""
    while place < len(text) and text[place] != 10:
        place += 1
    return place


@lean
def _find_end_tag(text: Any, start: Any, name: Any, name_bytes: Any) -> Any:
    """Where the next end tag of the name in text[name:] begins; the page's length for none."""
    size = len(text)
    for place in range(start, size - name_bytes - 2):
        if text[place] != 60 or text[place + 1] != 47:
            continue
        same = 0
        while same < name_bytes and (text[place + 2 + same] | 32) == (text[name + same] | 32):
            same += 1
        behind = place + 2 + name_bytes
        if same == name_bytes and (text[behind] == 62 or text[behind] <= 32):
            return place
    return size


@lean
def _tag_end(text: Any, start: Any) -> Any:
    """The place behind the `>` of the tag at `start`, -1 if another tag begins before it."""
    for place in range(start + 1, len(text)):
        if text[place] == 62:
            return place + 1
        if text[place] == 60:
            return -1
    return -1


@lean
def _next_heading(text: Any, start: Any) -> Any:
    """Where the next line with two equals signs at its start begins."""
    for place in range(start, len(text) - 2):
        if text[place] == 10 and text[place + 1] == 61 and text[place + 2] == 61:
            return place + 1
    return len(text)


@lean
def _heading_end(text: Any, start: Any) -> Any:
    """Where the text of the heading line at `start` ends, 0 if it is no heading."""
    end = end_of_line(text, start)
    while True:
        while end > start and text[end - 1] <= 32:
            end -= 1
        if end - start < 7 or text[end - 1] != 62 or text[end - 2] != 45 or text[end - 3] != 45:
            break
        comment = end - 4  # a comment may stand behind a heading
        while comment > start and not (text[comment] == 60 and text[comment + 1] == 33):
            comment -= 1
        if comment == start:
            break
        end = comment
    if end - start < 3 or text[end - 1] != 61:
        return 0
    level = 0
    while level < 6 and 2 * level + 2 < end - start and text[start + level] == 61:
        if text[end - 1 - level] != 61:
            break
        level += 1
    return end - level if level else 0


@lean
def _close_braces(place: Any, count: Any, marks: Any, mates: Any, stack: Any, top: Any) -> Any:
    """Pair a run of closing braces with open ones; returns the new top of the stack."""
    while count >= 2:
        below = top
        while below > 0 and stack[below - 1, 0] in (_BRACKETS, _SITE):
            below -= 1
        if below == 0 or stack[below - 1, 0] != _BRACES:
            return top
        top = below
        opened, left = stack[top - 1, 1], stack[top - 1, 2]
        width = 3 if left >= 3 and count >= 3 else 2
        left -= width
        marks[opened + left] = MARK_PARAMETER if width == 3 else MARK_TEMPLATE
        marks[place] = MARK_PARAMETER_END if width == 3 else MARK_TEMPLATE_END
        mates[opened + left], mates[place] = place, opened + left
        place, count = place + width, count - width
        stack[top - 1, 2] = left
        if left < 2:
            top -= 1
    return top


@lean
def _close(kind: Any, place: Any, marks: Any, mates: Any, stack: Any, top: Any) -> Any:
    """Pair a closing bracket, through links but through no braces; returns the new top."""
    below = top
    while below > 0 and stack[below - 1, 0] != kind:
        through = stack[below - 1, 0]
        if kind == _WIKI_TABLE:
            if through == _BRACES:
                return top
        elif through != _SITE:
            return top
        below -= 1
    if below == 0:
        return top
    opened = stack[below - 1, 1]
    begin, end = MARK_LINK, MARK_LINK_END
    if kind == _SITE:
        begin, end = MARK_SITE_LINK, MARK_SITE_LINK_END
    elif kind == _WIKI_TABLE:
        begin, end = MARK_TABLE, MARK_TABLE_END
    marks[opened], marks[place] = begin, end
    mates[opened], mates[place] = place, opened
    return below - 1


@lean
def _mark_tag(text: Any, place: Any, marks: Any, mates: Any, ends: Any, heading: Any) -> Any:
    """Mark the tag or comment at `place`; returns where to go on.

    `ends` has, by mark and length of the name, the last end tag found: searches never go over the
    same bytes twice.
    """
    size = len(text)
    if (
        place + 3 < size
        and text[place + 1] == 33
        and text[place + 2] == 45
        and text[place + 3] == 45
    ):
        return _mark_comment(text, place, marks, mates, ends)
    name = place + 1
    is_end = name < size and text[name] == 47
    if is_end:
        name += 1
    stop = name
    while stop < size and stop - name < _NAME_BYTES:
        letter = text[stop] | 32
        if not (97 <= letter <= 122 or (stop > name and 49 <= text[stop] <= 54)):
            break
        stop += 1
    mark = code_of(text, name, stop, _TAG_HASHES, _TAG_CODES) if stop > name else 0
    end = _tag_end(text, place) if mark else -1
    if end < 0:
        return place + 1
    marks[place], mates[place] = mark, end
    is_whole = text[end - 2] == 47
    if is_end:
        if mark in (MARK_SKIPPED, MARK_RAW, MARK_RAW_BLOCK):
            marks[place] = MARK_INLINE_TAG
        elif mark in (MARK_RAISED, MARK_LOWERED):
            marks[place] = MARK_SHIFT_END
        elif mark in (MARK_GALLERY, MARK_ITEM):
            marks[place] = MARK_BLOCK_TAG
        return end
    if mark == MARK_GALLERY or mark not in (MARK_SKIPPED, MARK_RAW, MARK_RAW_BLOCK):
        return end
    if is_whole:
        marks[place] = MARK_INLINE_TAG
        return end
    slot = _slot(text, name, stop)
    if ends[slot] < end or ends[slot] == 0:
        ends[slot] = _find_end_tag(text, end, name, stop - name)
    close = ends[slot]
    if close >= size or (mark != MARK_RAW_BLOCK and heading < close):
        marks[place] = MARK_INLINE_TAG
        return end
    behind = _tag_end(text, close)
    behind = close + 2 + stop - name if behind < 0 else behind
    if mark == MARK_SKIPPED:
        mates[place] = behind
    else:
        mates[place + 1], mates[place + 2] = close, behind
    return behind


@lean
def _slot(text: Any, name: Any, stop: Any) -> Any:
    """A number for each of the tags that have an end tag to be searched."""
    value = np.int64(0)
    for place in range(name, stop):
        value = value * 31 + (np.int64(text[place]) | 32)
    return value % 1021 + 1


@lean
def _mark_comment(text: Any, place: Any, marks: Any, mates: Any, ends: Any) -> Any:
    size = len(text)
    if ends[0] < place + 4:
        ends[0] = size
        for end in range(place + 4, size - 2):
            if text[end] == 45 and text[end + 1] == 45 and text[end + 2] == 62:
                ends[0] = end
                break
    marks[place] = MARK_SKIPPED
    behind = place + 4 if ends[0] >= size else ends[0] + 3
    mates[place] = behind
    starts_line = place == 0 or text[place - 1] == 10
    if starts_line and behind < size and text[behind] == 10:
        mates[place] = behind + 1  # MediaWiki drops the whole line
    return behind


@lean
def _begins_address(text: Any, place: Any) -> Any:
    """Whether what follows a bracket is an address: letters and `://`, `//` or `mailto:`."""
    size = len(text)
    if _is_at(text, place, 47, 47):
        return True
    stop = place
    while stop < size and stop - place < 8 and 97 <= (text[stop] | 32) <= 122:
        stop += 1
    if stop == place or stop >= size or text[stop] != 58:
        return False
    return _is_at(text, stop + 1, 47, 47) or (stop - place == 6 and (text[place] | 32) == 109)


@lean
def _drop_links(stack: Any, top: Any, lowest: Any) -> Any:
    while top > 0 and stack[top - 1, 0] >= lowest and stack[top - 1, 0] <= _SITE:
        top -= 1
    return top


@lean
def _mark_quotes(text: Any, marks: Any, mates: Any) -> Any:
    """Mark where three apostrophes are one and the sign of italics, line by line."""
    place, size = 0, len(text)
    bold, italic = 0, 0
    first_word, first_letter, first_space = -1, -1, -1
    while place <= size:
        if place == size or text[place] == 10:
            if bold % 2 and italic % 2:
                best = first_letter if first_letter >= 0 else first_word
                best = first_space if best < 0 else best
                if best >= 0:
                    marks[best] = MARK_APOSTROPHE
            bold, italic = 0, 0
            first_word, first_letter, first_space = -1, -1, -1
            place += 1
        elif marks[place] in (MARK_SKIPPED, MARK_RAW, MARK_RAW_BLOCK):
            place = mates[place] if marks[place] == MARK_SKIPPED else mates[place + 2]
        elif text[place] == 39:
            run = place
            while run < size and text[run] == 39:
                run += 1
            count = run - place
            if count == 2 or count >= 5:
                italic += 1
            if count >= 3:
                bold += 1
                begin = run - 3
                before = text[begin - 1] if begin > 0 else 32
                second = text[begin - 2] if begin > 1 else 32
                if count >= 5:
                    pass
                elif before == 32:
                    first_space = begin if first_space < 0 else first_space
                elif second == 32:
                    first_letter = begin if first_letter < 0 else first_letter
                else:
                    first_word = begin if first_word < 0 else first_word
            place = run
        else:
            place += 1


@kernel("void(Array(uint8, 1, 'C', True), uint8[::1], int32[::1])")
def mark_page(text: Any, marks: Any, mates: Any) -> Any:
    """Fill the marks and mates (zeros) of a page, one a byte."""
    size = len(text)
    stack = np.empty((64, 3), np.int64)
    ends = np.zeros(1024, np.int64)
    top, place, heading = 0, 0, -1
    while place < size:
        byte = text[place]
        if heading < place:
            heading = _next_heading(text, place)
        if top + 1 >= len(stack) and len(stack) < _MOST_OPEN:
            wider = np.empty((2 * len(stack), 3), np.int64)
            for row in range(top):  # numba compiles this in a tenth of the time of a slice
                for column in range(3):
                    wider[row, column] = stack[row, column]
            stack = wider
        starts_line = place == 0 or text[place - 1] == 10
        if starts_line:
            end = _heading_end(text, place) if byte == 61 else 0
            if end:
                top = 0
                marks[place], mates[place] = MARK_HEADING, end
            first = place
            while first < size and (text[first] == 32 or text[first] == 58):
                first += 1
            if _is_at(text, first, 123, 124) and top < len(stack) - 1:
                stack[top, 0], stack[top, 1] = _WIKI_TABLE, first
                top, place = top + 1, first + 2
                continue
            if _is_at(text, first, 124, 125) and not _is_at(text, first + 1, 125, 125):
                top = _close(_WIKI_TABLE, first, marks, mates, stack, top)
                place = first + 2
                continue
        if byte == 123 or byte == 125:
            run = place
            while run < size and text[run] == byte:
                run += 1
            if byte == 125:
                top = _close_braces(place, run - place, marks, mates, stack, top)
            elif run - place >= 2 and top < len(stack) - 1:
                stack[top, 0], stack[top, 1], stack[top, 2] = _BRACES, place, run - place
                top += 1
            place = run
        elif byte == 91 and _is_at(text, place, 91, 91):
            if top < len(stack) - 1:
                stack[top, 0], stack[top, 1] = _BRACKETS, place
                top += 1
            place += 2
        elif byte == 93 and _is_at(text, place, 93, 93) and top and stack[top - 1, 0] != _SITE:
            top = _close(_BRACKETS, place, marks, mates, stack, top)
            place += 2
        elif byte == 91 and _begins_address(text, place + 1):
            if top < len(stack) - 1:
                stack[top, 0], stack[top, 1] = _SITE, place
                top += 1
            place += 1
        elif byte == 93:
            top = _close(_SITE, place, marks, mates, stack, top)
            place += 1
        elif byte == 60:
            place = _mark_tag(text, place, marks, mates, ends, heading)
        elif byte == 10:
            top = _drop_links(stack, top, _SITE)
            if _is_at(text, place, 10, 10):
                top = _drop_links(stack, top, _BRACKETS)
            place += 1
        else:
            place += 1
    _mark_quotes(text, marks, mates)
