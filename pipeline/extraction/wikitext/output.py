"""The output of the walk: bytes and the ends of lines, written at `s[WRITTEN]` (compiled)."""

from __future__ import annotations

from typing import Any

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import state as st


@lean
def write_byte(out: Any, s: Any, byte: Any) -> Any:
    """Write a byte."""
    out[s[st.WRITTEN]] = byte
    s[st.WRITTEN] += 1


@lean
def last(out: Any, s: Any) -> Any:
    """The last byte; LF where nothing is written yet."""
    return out[s[st.WRITTEN] - 1] if s[st.WRITTEN] else 10


@lean
def space(out: Any, s: Any) -> Any:
    """Write a space, but not behind white space."""
    if last(out, s) != 32 and last(out, s) != 10:
        write_byte(out, s, 32)


@lean
def end_lines(out: Any, s: Any, count: Any) -> Any:
    """End the line, and leave a blank one behind it if count is 2."""
    while s[st.WRITTEN] and out[s[st.WRITTEN] - 1] == 32:
        s[st.WRITTEN] -= 1
    have = 0
    while have < count and have < s[st.WRITTEN] and out[s[st.WRITTEN] - 1 - have] == 10:
        have += 1
    if s[st.WRITTEN] == 0:
        return
    while have < count:
        write_byte(out, s, 10)
        have += 1


@lean
def copy(source: Any, start: Any, end: Any, out: Any, s: Any) -> Any:
    """Write source[start:end]."""
    for place in range(start, end):
        write_byte(out, s, source[place])


@lean
def close_gap(text: Any, place: Any, out: Any, s: Any) -> Any:
    """Take back a space before what was left out, if white space or a full stop follows it."""
    if place < len(text) and last(out, s) == 32 and s[st.WRITTEN]:
        byte = text[place]
        if byte <= 32 or byte == 44 or byte == 46 or byte == 59 or byte == 58 or byte == 41:
            s[st.WRITTEN] -= 1


@lean
def put_number(out: Any, s: Any, number: Any) -> Any:
    """Write a positive number in digits."""
    scale = 1
    while scale * 10 <= number:
        scale *= 10
    while scale:
        write_byte(out, s, 48 + number // scale % 10)
        scale //= 10
