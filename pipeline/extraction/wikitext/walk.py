"""The walk through a marked page that writes its text (compiled).

It stops where Python has to work out the value of a template, and where the output is full, and
goes on from its `State` when called again.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import kernel, lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext.names import code_of

# The state: one number each.
PLACE, WRITTEN, FRAMES_OPEN, ARGUMENTS, LINE_KIND, DROPPED_FROM, DROPPED_LEVEL = range(7)
CAPTION_BYTES, SHIFTED_FROM, VALUES_OPEN, CELL_FROM, ROW_FROM, LIST_DEPTH = range(7, 13)
EVENT, NEEDED, TABLES_OPEN, GALLERY_OPEN, LINE_START, MARKED = range(13, 19)
STATE_SIZE: Final = 19

DONE, VALUE_ASKED, FULL = range(3)
"""Events: the page is over; a template's value is asked for; the output must be made larger."""

# A frame: one row of the stack of what is open.
FRAME_KIND, FRAME_FROM, FRAME_CODE, FRAME_ARGUMENTS, FRAME_END = range(5)
FRAME_SIZE: Final = 5

_TEXT, _OTHER, _TABLE_CAPTION = range(3)
"""Kinds of lines: of a paragraph, the caption of a table, others."""

# Codes of namespaces, options of files, and what links of languages are.
FILE, CATEGORY, LANGUAGE = 1, 2, 3
THUMB, OPTION = 1, 2

MOST_VALUES: Final = 100
"""Templates with values within each other: Wikimedia's $wgMaxTemplateDepth."""

_ROOM: Final = 1 << 10
"""More than any step but raw text writes."""

_MOST_LIST_DEPTH: Final = 12
_NAME_BYTES: Final = 120
"""Our choice: longest name of a template, section or namespace that is looked up."""

_RAISED: Final = np.array(
    [0x2070, 0xB9, 0xB2, 0xB3, 0x2074, 0x2075, 0x2076, 0x2077, 0x2078, 0x2079, 0x207A, 0x207B],
    np.int64,
)
_LOWERED: Final = np.array([*range(0x2080, 0x208C)], np.int64)
"""Digits, plus and minus as Unicode raises and lowers them."""


@lean
def _put(out: Any, s: Any, byte: Any) -> Any:
    out[s[WRITTEN]] = byte
    s[WRITTEN] += 1


@lean
def _last(out: Any, s: Any) -> Any:
    return out[s[WRITTEN] - 1] if s[WRITTEN] else 10


@lean
def _space(out: Any, s: Any) -> Any:
    """Write a space, but not behind white space."""
    if _last(out, s) != 32 and _last(out, s) != 10:
        _put(out, s, 32)


@lean
def _lines(out: Any, s: Any, count: Any) -> Any:
    """End the line, and leave a blank one behind it if count is 2."""
    while s[WRITTEN] and out[s[WRITTEN] - 1] == 32:
        s[WRITTEN] -= 1
    have = 0
    while have < count and have < s[WRITTEN] and out[s[WRITTEN] - 1 - have] == 10:
        have += 1
    if s[WRITTEN] == 0:
        return
    while have < count:
        _put(out, s, 10)
        have += 1


@lean
def _copy(source: Any, start: Any, end: Any, out: Any, s: Any) -> Any:
    for place in range(start, end):
        _put(out, s, source[place])


@lean
def _close_gap(text: Any, place: Any, out: Any, s: Any) -> Any:
    """Take back a space before what was left out, if white space or a full stop follows it."""
    if place < len(text) and _last(out, s) == 32 and s[WRITTEN]:
        byte = text[place]
        if byte <= 32 or byte == 44 or byte == 46 or byte == 59 or byte == 58 or byte == 41:
            s[WRITTEN] -= 1


@lean
def _push(frames: Any, s: Any, kind: Any, end: Any) -> Any:
    depth = s[FRAMES_OPEN]
    frames[depth, FRAME_KIND] = kind
    frames[depth, FRAME_FROM] = s[WRITTEN]
    frames[depth, FRAME_CODE] = 0
    frames[depth, FRAME_ARGUMENTS] = s[ARGUMENTS]
    frames[depth, FRAME_END] = end
    s[FRAMES_OPEN] = depth + 1


@lean
def _prefix_code(text: Any, start: Any, end: Any, hashes: Any, codes: Any) -> Any:
    """What the namespace before the first colon of a link's target is."""
    stop = start
    while stop < end and stop - start < _NAME_BYTES and text[stop] != 58:
        if text[stop] == 124 or text[stop] == 93 or text[stop] == 10:
            return 0
        stop += 1
    if stop >= end or text[stop] != 58 or stop == start:
        return 0
    code = code_of(text, start, stop, hashes, codes)
    if code:
        return code
    for place in range(start, stop):
        if not (97 <= text[place] <= 122):
            return 0
    return LANGUAGE if stop - start in (2, 3) else 0


@lean
def _is_option(out: Any, start: Any, end: Any, hashes: Any, codes: Any) -> Any:
    """What a parameter of a file is: an option (of them THUMB), or 0 for a caption."""
    while end > start and out[end - 1] <= 32:
        end -= 1
    while start < end and out[start] <= 32:
        start += 1
    if start == end:
        return OPTION
    if end - start > 2 and out[end - 1] == 120 and out[end - 2] == 112 and out[end - 3] <= 57:
        return OPTION  # 200px, x100px
    stop = start
    while stop < end and stop - start < _NAME_BYTES and out[stop] != 61:
        stop += 1
    return code_of(out, start, stop, hashes, codes)


@lean
def _end_parameter(out: Any, s: Any, frames: Any, captions: Any, hashes: Any, codes: Any) -> Any:
    """Keep the parameter of a file that ends here if it is its caption.

    The last parameter that is no option is; FRAME_END has where it ends, FRAME_ARGUMENTS whether
    the file is shown with it.
    """
    top = s[FRAMES_OPEN] - 1
    begin, kept = frames[top, FRAME_FROM], frames[top, FRAME_END]
    option = _is_option(out, kept, s[WRITTEN], hashes, codes)
    if option == THUMB:
        frames[top, FRAME_CODE] |= 256
    if option:
        s[WRITTEN] = kept
        return
    size = s[WRITTEN] - kept
    if kept > begin:
        for place in range(size):
            out[begin + place] = out[kept + place]
    s[WRITTEN] = begin + size
    frames[top, FRAME_END] = begin + size


@lean
def _flush_captions(out: Any, s: Any, captions: Any) -> Any:
    """Write the captions of the files of a line, behind its end."""
    if s[CAPTION_BYTES]:
        _lines(out, s, 2)
        _copy(captions, 0, s[CAPTION_BYTES], out, s)
        _lines(out, s, 2)
        s[CAPTION_BYTES] = 0


@lean
def _keep_caption(out: Any, s: Any, captions: Any, begin: Any) -> Any:
    """Put what stands from `begin` with the captions that wait for the end of their paragraph."""
    for _ in range(2 if s[CAPTION_BYTES] else 0):
        captions[s[CAPTION_BYTES]] = 10
        s[CAPTION_BYTES] += 1
    for source in range(begin, s[WRITTEN]):
        captions[s[CAPTION_BYTES]] = out[source]
        s[CAPTION_BYTES] += 1


@lean
def _end_link(
    text: Any,
    place: Any,
    out: Any,
    s: Any,
    frames: Any,
    captions: Any,
    option_hashes: Any,
    option_codes: Any,
) -> Any:
    top = s[FRAMES_OPEN] - 1
    if frames[top, FRAME_CODE] & 255 == FILE:
        _end_parameter(out, s, frames, captions, option_hashes, option_codes)
        begin = frames[top, FRAME_FROM]
        if frames[top, FRAME_CODE] & 256 and top == 0 and s[WRITTEN] > begin:
            _keep_caption(out, s, captions, begin)
        s[WRITTEN] = begin
    s[FRAMES_OPEN] = top


@lean
def _shift(out: Any, s: Any) -> Any:
    """Raise or lower the digits since a `sup` or `sub`, if there is nothing else."""
    begin, is_lowered = s[SHIFTED_FROM] >> 1, s[SHIFTED_FROM] & 1
    s[SHIFTED_FROM] = -1
    end = s[WRITTEN]
    size = end - begin
    if size < 1 or size > 8:
        return
    digits = 0
    for place in range(begin, end):
        byte = out[place]
        if 48 <= byte <= 57:
            digits += 1
        elif byte != 43 and byte != 45:
            return
    if not digits:
        return
    s[WRITTEN] = begin + 3 * size  # room for the longest form, taken from its end
    for back in range(size):
        out[begin + 3 * size - 1 - back] = out[end - 1 - back]
    s[WRITTEN] = begin
    for place in range(size):
        byte = np.int64(out[begin + 2 * size + place])
        index = byte - 48 if byte >= 48 else (10 if byte == 43 else 11)
        character = _LOWERED[index] if is_lowered else _RAISED[index]
        if character >= 0x800:
            _put(out, s, 0xE0 | character >> 12)
            _put(out, s, 0x80 | (character >> 6 & 0x3F))
        else:
            _put(out, s, 0xC0 | character >> 6)
        _put(out, s, 0x80 | (character & 0x3F))


@lean
def _begin_cell(out: Any, s: Any, is_row: Any) -> Any:
    """Begin a cell, or a row; within an inner table both are white space."""
    if s[TABLES_OPEN] > 1:
        _space(out, s)
    elif is_row:
        _end_row(out, s)
    elif s[ROW_FROM] < 0:
        _lines(out, s, 1)
        s[ROW_FROM] = s[WRITTEN]
    else:
        while _last(out, s) == 32 and s[WRITTEN] > s[ROW_FROM]:
            s[WRITTEN] -= 1
        if s[WRITTEN] > s[ROW_FROM]:
            _put(out, s, 32)
        _put(out, s, 124)
        _put(out, s, 32)
    s[CELL_FROM] = s[WRITTEN]


@lean
def _end_row(out: Any, s: Any) -> Any:
    """End a row: without the bars behind its last cell that holds something."""
    if s[ROW_FROM] >= 0:
        while s[WRITTEN] > s[ROW_FROM] and out[s[WRITTEN] - 1] in (32, 124):
            s[WRITTEN] -= 1
        _lines(out, s, 1)
    s[ROW_FROM] = -1


@lean
def _end_of_line(text: Any, place: Any) -> Any:
    while place < len(text) and text[place] != 10:
        place += 1
    return place


@lean
def _has_word(text: Any, start: Any, end: Any, word: Any) -> Any:
    for place in range(start, end - len(word) + 1):
        same = 0
        while same < len(word) and (text[place + same] | 32) == word[same]:
            same += 1
        if same == len(word):
            return True
    return False


_INFOBOX: Final = np.frombuffer(b"infobox", np.uint8)
_NAVBOX: Final = np.frombuffer(b"navbox", np.uint8)
_METADATA: Final = np.frombuffer(b"metadata", np.uint8)
"""Classes of tables that stand beside the text of an article, or below it."""


@lean
def _open_table(text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any) -> Any:
    """Enter a table, or go behind one that is no part of the text; returns where to go on."""
    end = _end_of_line(text, place)
    for_readers = not (
        _has_word(text, place, end, _INFOBOX)
        or _has_word(text, place, end, _NAVBOX)
        or _has_word(text, place, end, _METADATA)
    )
    if not for_readers:
        return mates[place] + 2
    if s[TABLES_OPEN] == 0:
        _lines(out, s, 2)
        s[ROW_FROM] = -1
    _push(frames, s, mk.MARK_TABLE, mates[place])
    s[TABLES_OPEN] += 1
    s[CELL_FROM] = -1
    return min(end, mates[place])


@lean
def _list_line(text: Any, place: Any, out: Any, s: Any, numbers: Any) -> Any:
    """Write the bullets of a line of a list; returns where its text begins."""
    depth = place
    while depth < len(text) and text[depth] in (42, 35, 58, 59):
        depth += 1
    levels = min(depth - place, _MOST_LIST_DEPTH)
    last = text[depth - 1]
    if s[LIST_DEPTH] == 0:
        numbers[:] = 0
    for level in range(levels, len(numbers)):
        numbers[level] = 0
    steps = 0
    for level in range(place, place + levels - 1):
        steps += 1 if text[level] != 58 else 0
    for _ in range(steps):
        _put(out, s, 32)
        _put(out, s, 32)
    if last == 42:
        _put(out, s, 45)
        _put(out, s, 32)
    elif last == 35:
        numbers[levels - 1] += 1
        _put_number(out, s, numbers[levels - 1])
        _put(out, s, 46)
        _put(out, s, 32)
    s[LIST_DEPTH] = levels
    while depth < len(text) and text[depth] == 32:
        depth += 1
    return depth


@lean
def _put_number(out: Any, s: Any, number: Any) -> Any:
    scale = 1
    while scale * 10 <= number:
        scale *= 10
    while scale:
        _put(out, s, 48 + number // scale % 10)
        scale //= 10


@lean
def _open_heading(text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any) -> Any:
    """Begin a heading, and end the dropped section before it; returns where its text begins."""
    end, line_end = mates[place], place
    level = 0
    while text[end + level] == 61 and level < 6 and text[place + level] == 61:
        level += 1
        if end + level >= len(text):
            break
    if s[DROPPED_LEVEL] and level <= s[DROPPED_LEVEL]:
        s[WRITTEN], s[DROPPED_LEVEL] = s[DROPPED_FROM], 0
    s[FRAMES_OPEN], s[VALUES_OPEN], s[TABLES_OPEN], s[ARGUMENTS] = 0, 0, 0, 0
    s[LIST_DEPTH], s[GALLERY_OPEN] = 0, 0
    _lines(out, s, 2)
    _push(frames, s, mk.MARK_HEADING, end)
    frames[s[FRAMES_OPEN] - 1, FRAME_CODE] = level
    line_end = place + level
    while line_end < end and text[line_end] <= 32:
        line_end += 1
    return line_end


@lean
def _end_heading(text: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any) -> Any:
    """End a heading; begin to drop if its section is dropped. Returns the end of its line."""
    top = s[FRAMES_OPEN] - 1
    begin, level = frames[top, FRAME_FROM], frames[top, FRAME_CODE]
    is_short = s[WRITTEN] - begin < _NAME_BYTES
    code = code_of(out, begin, s[WRITTEN], hashes, codes) if is_short else 0
    if code != 0 and s[DROPPED_LEVEL] == 0:
        s[DROPPED_FROM], s[DROPPED_LEVEL] = begin, level
    s[FRAMES_OPEN] = 0
    _lines(out, s, 2)
    s[LINE_KIND] = _OTHER
    return _end_of_line(text, frames[top, FRAME_END])


@lean
def _open_template(
    text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Enter a template that has a value, or go behind it; returns where to go on."""
    end = mates[place]
    stop = place + 2
    limit = min(end, stop + _NAME_BYTES)
    while stop < limit and text[stop] != 124 and text[stop] != 58 and text[stop] != 123:
        stop += 1
    name = place + 2
    code = 0
    if stop == end or text[stop] == 124:
        code = code_of(text, name, stop, hashes, codes)
    elif text[stop] == 58:
        code = -code_of(text, name, stop + 1, hashes, codes)
        if not code:  # a template whose name has a colon
            while stop < limit and text[stop] != 124 and text[stop] != 123:
                stop += 1
    if code and s[VALUES_OPEN] < MOST_VALUES:
        _push(frames, s, mk.MARK_TEMPLATE, end)
        frames[s[FRAMES_OPEN] - 1, FRAME_CODE] = abs(code)
        s[VALUES_OPEN] += 1
        if code < 0:
            frames[s[FRAMES_OPEN] - 1, FRAME_CODE] = -code
            s[MARKED] = 1  # its argument begins behind the colon
            return stop + 1
        return stop
    _close_gap(text, end + 2, out, s)
    return end + 2


@lean
def _open_link(
    text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Enter a link, or go behind one that is not shown; returns where to go on."""
    end, start = mates[place], place + 2
    while start < end and text[start] == 32:
        start += 1
    is_shown = start < end and text[start] == 58
    code = 0 if is_shown else _prefix_code(text, start, end, hashes, codes)
    if code in (CATEGORY, LANGUAGE):
        _close_gap(text, end + 2, out, s)
        return end + 2
    _push(frames, s, mk.MARK_LINK, 0)
    frames[s[FRAMES_OPEN] - 1, FRAME_CODE] = code
    if code == FILE:
        frames[s[FRAMES_OPEN] - 1, FRAME_END] = s[WRITTEN]
        while start < end and text[start] != 124 and text[start] != 10:
            start += 1
        return start
    return start + 1 if is_shown else start


@lean
def _pipe(
    text: Any,
    place: Any,
    out: Any,
    s: Any,
    frames: Any,
    arguments: Any,
    captions: Any,
    hashes: Any,
    codes: Any,
) -> Any:
    """What a bar means depends on what is open; returns where to go on."""
    if s[FRAMES_OPEN] == 0:
        _put(out, s, 124)
        return place + 1
    top = s[FRAMES_OPEN] - 1
    kind = frames[top, FRAME_KIND]
    if kind == mk.MARK_TEMPLATE:
        if s[ARGUMENTS] < len(arguments):
            arguments[s[ARGUMENTS]] = s[WRITTEN]
            s[ARGUMENTS] += 1
    elif kind == mk.MARK_LINK and frames[top, FRAME_CODE] & 255 == FILE:
        _end_parameter(out, s, frames, captions, hashes, codes)
    elif kind == mk.MARK_LINK and frames[top, FRAME_CODE] == 0:
        s[WRITTEN] = frames[top, FRAME_FROM]
        frames[top, FRAME_CODE] = 512
    elif kind == mk.MARK_PARAMETER and frames[top, FRAME_CODE] == 0:
        s[WRITTEN] = frames[top, FRAME_FROM]
        frames[top, FRAME_CODE] = 1
    elif kind == mk.MARK_TABLE:
        if place + 1 < len(text) and text[place + 1] == 124:
            _begin_cell(out, s, False)
            return place + 2
        if s[CELL_FROM] >= 0:
            s[WRITTEN] = s[CELL_FROM]
            s[CELL_FROM] = -1
        else:
            _put(out, s, 124)
    else:
        _put(out, s, 124)
    return place + 1


@lean
def _table_line(text: Any, place: Any, out: Any, s: Any) -> Any:
    """What begins a line of a table; returns where to go on."""
    while place < len(text) and text[place] == 32:
        place += 1
    if place >= len(text):
        return place
    byte = text[place]
    following = text[place + 1] if place + 1 < len(text) else 10
    if byte == 124 and following == 125:
        return place
    if byte == 124 and following == 45:
        _begin_cell(out, s, True)
        return _end_of_line(text, place)
    if byte == 124 and following == 43:
        _begin_cell(out, s, True)
        _begin_cell(out, s, False)
        s[LINE_KIND] = _TABLE_CAPTION
        return place + 2
    if byte == 124 or byte == 33:
        if s[LINE_KIND] == _TABLE_CAPTION:
            _begin_cell(out, s, True)
        s[LINE_KIND] = _OTHER
        _begin_cell(out, s, False)
        return place + 1
    while place < len(text) and text[place] in (42, 35, 58, 59):
        place += 1
    return place


@lean
def _newline(text: Any, place: Any, out: Any, s: Any, frames: Any, captions: Any) -> Any:
    """What the end of a line of the source is in the text."""
    kind = frames[s[FRAMES_OPEN] - 1, FRAME_KIND] if s[FRAMES_OPEN] else 0
    following = text[place + 1] if place + 1 < len(text) else 10
    if kind == mk.MARK_LINK or kind == mk.MARK_SITE_LINK or s[TABLES_OPEN]:
        _space(out, s)
        return
    is_text = not (following <= 32 or following in (42, 35, 58, 59, 61, 123, 124, 33, 60, 45))
    is_joined = s[LINE_KIND] == _TEXT and is_text and _last(out, s) != 10
    if following not in (42, 35, 58, 59):
        s[LIST_DEPTH] = 0
    if is_joined:
        _space(out, s)
    else:
        while _last(out, s) == 32 and s[WRITTEN]:
            s[WRITTEN] -= 1
        if s[WRITTEN] < 2 or out[s[WRITTEN] - 1] != 10 or out[s[WRITTEN] - 2] != 10:
            _put(out, s, 10)
        _flush_captions(out, s, captions)


@lean
def _gallery_line(text: Any, place: Any, limit: Any) -> Any:
    """Where the caption of a line of a gallery begins."""
    while place < limit and text[place] != 10 and text[place] != 124:
        place += 1
    return place + 1 if place < limit and text[place] == 124 else place


@lean
def _begin_line(
    text: Any, place: Any, marks: Any, mates: Any, out: Any, s: Any, frames: Any, numbers: Any
) -> Any:
    """What begins a line; returns where its text begins."""
    s[LINE_START] = 0
    kind = frames[s[FRAMES_OPEN] - 1, FRAME_KIND] if s[FRAMES_OPEN] else 0
    if kind == mk.MARK_TABLE:
        return _table_line(text, place, out, s)
    if kind == mk.MARK_LINK or kind == mk.MARK_SITE_LINK or s[TABLES_OPEN]:
        return place
    if s[GALLERY_OPEN] and place < s[GALLERY_OPEN]:
        _lines(out, s, 1)
        s[LINE_KIND] = _OTHER
        return _gallery_line(text, place, s[GALLERY_OPEN])
    s[LINE_KIND] = _TEXT
    byte = text[place]
    first = place
    while first < len(text) and (text[first] == 32 or text[first] == 58):
        first += 1
    if first < len(text) and marks[first] in (mk.MARK_TABLE, mk.MARK_TABLE_END):
        return first
    if first + 1 < len(text) and text[first] == 123 and text[first + 1] == 124:
        return _end_of_line(text, first)  # a table that never ends: its lines are text
    if byte in (42, 35, 58, 59):
        s[LINE_KIND] = _OTHER
        _lines(out, s, 1)
        return _list_line(text, place, out, s, numbers)
    if byte == 32 and first < len(text) and text[first] > 32 and s[FRAMES_OPEN] == 0:
        mark = marks[first]
        if mark != mk.MARK_TEMPLATE and mark != mk.MARK_LINK and mark != mk.MARK_SKIPPED:
            s[LINE_KIND] = _OTHER  # preformatted
            for _ in range(place + 1, first):
                _put(out, s, 32)
        return first
    if byte == 45 and place + 3 < len(text):
        rule = place
        while rule < len(text) and text[rule] == 45:
            rule += 1
        return rule if rule - place >= 4 else place
    if (
        byte in (124, 33) and s[FRAMES_OPEN] == 0
    ):  # of a table or template that never began or ended
        rest = place + 1
        while rest < len(text) and text[rest] in (45, 43, 125):
            rest += 1
        return rest if byte == 124 else place
    return place


@lean
def _tag(text: Any, place: Any, marks: Any, mates: Any, out: Any, s: Any, frames: Any) -> Any:
    """Write what a tag stands for; returns where to go on, -1 if the output is full."""
    mark = marks[place]
    end = mates[place]
    if mark == mk.MARK_RAW or mark == mk.MARK_RAW_BLOCK:
        stop, behind = mates[place + 1], mates[place + 2]
        if s[WRITTEN] + stop - end + _ROOM > len(out):
            s[NEEDED] = s[WRITTEN] + stop - end + _ROOM
            return -1
        if mark == mk.MARK_RAW_BLOCK:
            _lines(out, s, 2)
            while end < stop and text[end] == 10:
                end += 1
        _copy(text, end, stop, out, s)
        if mark == mk.MARK_RAW_BLOCK:
            _lines(out, s, 2)
        return behind
    in_line = s[TABLES_OPEN] > 0
    if s[FRAMES_OPEN] > 0 and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_LINK:
        in_line = True
    if mark == mk.MARK_SKIPPED:
        _close_gap(text, end, out, s)
        if end > place and end < len(text) and text[end - 1] == 10:
            s[LINE_START] = 1
    elif mark == mk.MARK_CELL or (
        in_line and mark in (mk.MARK_BREAK, mk.MARK_BLOCK_TAG, mk.MARK_ITEM)
    ):
        _space(out, s)
    elif mark == mk.MARK_BREAK or mark == mk.MARK_BLOCK_TAG:
        _lines(out, s, 1)
    elif mark == mk.MARK_ITEM:
        _lines(out, s, 1)
        _put(out, s, 45)
        _put(out, s, 32)
    elif mark == mk.MARK_GALLERY and s[GALLERY_OPEN] <= place:
        _lines(out, s, 2)
        stop = end
        while stop + 9 < len(text) and not (
            text[stop] == 60 and text[stop + 1] == 47 and (text[stop + 2] | 32) == 103
        ):
            if text[stop] == 10 and text[stop + 1] == 61:
                break
            stop += 1
        s[GALLERY_OPEN] = stop
    elif mark == mk.MARK_RAISED:
        s[SHIFTED_FROM] = s[WRITTEN] * 2
    elif mark == mk.MARK_LOWERED:
        s[SHIFTED_FROM] = s[WRITTEN] * 2 + 1
    elif mark == mk.MARK_SHIFT_END and s[SHIFTED_FROM] >= 0:
        if s[SHIFTED_FROM] >> 1 <= s[WRITTEN]:
            _shift(out, s)
        s[SHIFTED_FROM] = -1
    return end


@lean
def _character(
    text: Any, place: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Write what has no mark; returns where to go on."""
    byte, size = text[place], len(text)
    if byte == 32 or byte == 9 or byte == 13:
        _space(out, s)
        return place + 1
    if byte in (91, 93, 123, 125) and place + 1 < size and text[place + 1] == byte:
        while place < size and text[place] == byte:
            place += 1  # of what never began or ended
        return place
    if byte == 39 and place + 1 < size and text[place + 1] == 39:
        run = place
        while run < size and text[run] == 39:
            run += 1
        count = run - place
        for _ in range(1 if count == 4 else count - 5):
            _put(out, s, 39)
        return run
    if byte == 95 and place + 4 < size and text[place + 1] == 95:
        stop = place + 2
        while stop < size and stop - place < _NAME_BYTES and text[stop] > 64 and text[stop] != 95:
            stop += 1
        is_word = stop + 1 < size and text[stop] == 95 and text[stop + 1] == 95
        if is_word and code_of(text, place + 2, stop, hashes, codes):
            return stop + 2
    if (
        byte == 33
        and s[FRAMES_OPEN]
        and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_TABLE
        and place + 1 < size
        and text[place + 1] == 33
    ):
        _begin_cell(out, s, False)
        return place + 2
    _put(out, s, byte)
    return place + 1


@kernel(
    "void(Array(uint8, 1, 'C', True), uint8[::1], int32[::1], uint8[::1], uint8[::1], int64[::1],"
    "int64[:, ::1], int64[::1], int64[::1],"
    "Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True),"
    "Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True), Array(uint64, 1, 'C', True),"
    "Array(int32, 1, 'C', True), Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True),"
    "Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True))",
    lean=True,
)
def walk(
    text: Any,
    marks: Any,
    mates: Any,
    out: Any,
    captions: Any,
    s: Any,
    frames: Any,
    arguments: Any,
    numbers: Any,
    template_hashes: Any,
    template_codes: Any,
    prefix_hashes: Any,
    prefix_codes: Any,
    option_hashes: Any,
    option_codes: Any,
    section_hashes: Any,
    section_codes: Any,
    word_hashes: Any,
    word_codes: Any,
) -> Any:
    """Go on with the page, to its end or to the next event (`s[EVENT]`)."""
    size = len(text)
    place = s[PLACE]
    while place < size or (
        s[FRAMES_OPEN] and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_HEADING
    ):
        if s[WRITTEN] + s[CAPTION_BYTES] + _ROOM > len(out) or s[FRAMES_OPEN] + 2 > len(frames):
            s[PLACE], s[EVENT] = place, FULL
            s[NEEDED] = s[WRITTEN] + s[CAPTION_BYTES] + _ROOM
            return
        if s[FRAMES_OPEN]:
            top = s[FRAMES_OPEN] - 1
            if frames[top, FRAME_KIND] == mk.MARK_HEADING and place >= frames[top, FRAME_END]:
                place = _end_heading(text, out, s, frames, section_hashes, section_codes)
                continue
        if s[MARKED]:
            s[MARKED] = 0
            if s[ARGUMENTS] < len(arguments):
                arguments[s[ARGUMENTS]] = s[WRITTEN]
                s[ARGUMENTS] += 1
        if s[LINE_START]:
            place = _begin_line(text, place, marks, mates, out, s, frames, numbers)
            continue
        mark = marks[place]
        if mark == 0:
            byte = text[place]
            if byte == 10:
                _newline(text, place, out, s, frames, captions)
                place, s[LINE_START] = place + 1, 1
            elif byte == 124:
                place = _pipe(
                    text, place, out, s, frames, arguments, captions, option_hashes, option_codes
                )
            elif (byte > 95 and byte != 123 and byte != 125) or (47 < byte < 91):
                out[s[WRITTEN]] = byte
                s[WRITTEN] += 1
                place += 1
            else:
                place = _character(text, place, out, s, frames, word_hashes, word_codes)
        elif mark >= mk.MARK_SKIPPED:
            behind = _tag(text, place, marks, mates, out, s, frames)
            if behind < 0:
                s[PLACE], s[EVENT] = place, FULL
                return
            place = behind
        elif mark == mk.MARK_TEMPLATE:
            place = _open_template(
                text, place, mates, out, s, frames, template_hashes, template_codes
            )
        elif mark == mk.MARK_LINK:
            place = _open_link(text, place, mates, out, s, frames, prefix_hashes, prefix_codes)
        elif mark == mk.MARK_LINK_END:
            place += 2
            if s[FRAMES_OPEN] and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_LINK:
                _end_link(text, place, out, s, frames, captions, option_hashes, option_codes)
        elif mark == mk.MARK_TEMPLATE_END:
            place += 2
            if s[FRAMES_OPEN] and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_TEMPLATE:
                s[PLACE], s[EVENT] = place, VALUE_ASKED
                return
        elif mark == mk.MARK_PARAMETER:
            _push(frames, s, mk.MARK_PARAMETER, 0)
            place += 3
        elif mark == mk.MARK_PARAMETER_END:
            place += 3
            if s[FRAMES_OPEN] and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_PARAMETER:
                s[FRAMES_OPEN] -= 1
                if not frames[s[FRAMES_OPEN], FRAME_CODE]:
                    s[WRITTEN] = frames[s[FRAMES_OPEN], FRAME_FROM]
                    _close_gap(text, place, out, s)
        elif mark == mk.MARK_SITE_LINK:
            end = mates[place]
            place += 1
            while place < end and text[place] > 32:
                place += 1
            while place < end and text[place] == 32:
                place += 1
        elif mark == mk.MARK_SITE_LINK_END:
            place += 1
        elif mark == mk.MARK_TABLE:
            place = _open_table(text, place, mates, out, s, frames)
        elif mark == mk.MARK_TABLE_END:
            place += 2
            if s[FRAMES_OPEN] and frames[s[FRAMES_OPEN] - 1, FRAME_KIND] == mk.MARK_TABLE:
                s[FRAMES_OPEN] -= 1
                s[TABLES_OPEN] -= 1
                if s[TABLES_OPEN] == 0:
                    _end_row(out, s)
                    _lines(out, s, 2)
        elif mark == mk.MARK_HEADING:
            place = _open_heading(text, place, mates, out, s, frames)
        elif mark == mk.MARK_APOSTROPHE:
            _put(out, s, 39)
            place += 3
        else:
            place += 1
    if s[WRITTEN] + s[CAPTION_BYTES] + _ROOM > len(out):
        s[PLACE], s[EVENT] = place, FULL
        s[NEEDED] = s[WRITTEN] + s[CAPTION_BYTES] + _ROOM
        return
    _flush_captions(out, s, captions)
    if s[DROPPED_LEVEL]:
        s[WRITTEN] = s[DROPPED_FROM]
    s[PLACE], s[EVENT] = place, DONE
