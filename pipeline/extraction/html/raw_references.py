"""Character references in a page's raw bytes, as the HTML standard resolves them (compiled)."""

from __future__ import annotations

from typing import Any

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper
from massivetext.pipeline.extraction.hashing import name_hash_with, slot_of
from massivetext.pipeline.extraction.html import raw_tables as tables
from massivetext.pipeline.extraction.html.raw_characters import write_character


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
