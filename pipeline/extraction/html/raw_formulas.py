"""Formulas and images that stand for characters, in a page's raw bytes (compiled).

A formula comes out as its TeX where the page has it: the `alttext` of `math`, an annotation, the
source of MathJax, the `alt` of an image. MathML without TeX is read part by part, with signs.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements, images, name_words, styles
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.elements import tag as _tag
from massivetext.pipeline.extraction.html.raw_attributes import says
from massivetext.pipeline.extraction.html.raw_blocks import begin_line
from massivetext.pipeline.extraction.html.raw_characters import write_character
from massivetext.pipeline.extraction.html.raw_ends import drop_text
from massivetext.pipeline.extraction.html.raw_references import scan_reference
from massivetext.pipeline.extraction.html.raw_spans import note_formula
from massivetext.utf8 import LEAD_2, character_at, character_size

_MATH: Final = _tag("math")
_EMOJI: Final = name_words.EMOJI
_FORMULA_IMAGE: Final = name_words.FORMULA_IMAGE
_DISPLAY_STYLE: Final = elements.as_bytes(images.DISPLAY_STYLE)
_TEX: Final = elements.as_bytes("tex")
_MATH_TEX: Final = elements.as_bytes("math/tex")
_MODE_DISPLAY: Final = elements.as_bytes("mode=display")


def _signs() -> NDArray[np.uint8]:
    signs = np.zeros((2, len(elements.TAGS) + 1), np.uint8)
    for name, text in elements.FORMULA_SIGNS.items():
        for place, sign in enumerate(text):
            signs[place, _tag(name)] = ord(sign)
    return signs


SIGNS: Final = _signs()
"""Shape (2, tags): what stands before the second and the third part of a formula's element."""


@helper
def begin_part(page: Any) -> None:
    """Write the sign between two parts of a formula, as another one begins."""
    state, stack = page.state, page.stack
    depth = state[st.DEPTH]
    part = stack[st.STACK_PARTS, depth]
    stack[st.STACK_PARTS, depth] = part + 1
    if 1 <= part <= 2:
        sign = SIGNS[part - 1, stack[st.STACK_TAG, depth]]
        if sign:
            write_character(page, sign)


@helper
def write_value(page: Any, start: Any, stop: Any) -> None:
    """Write the value of an attribute as text."""
    html = page.html
    position = start
    while position < stop:
        byte = html[position]
        if byte == ab.AMPERSAND:
            position = scan_reference(page, position)
        elif byte < LEAD_2 or position + character_size(byte) > stop:
            write_character(page, byte if byte < ab.DELETE else ab.SPACE)
            position += 1
        else:
            write_character(page, character_at(html, position)[0])
            position += character_size(byte)


@helper
def write_formula(page: Any, start: Any, stop: Any, is_display: Any) -> None:
    """Write the TeX of a formula that stands at these bytes."""
    html = page.html
    while start < stop and html[start] <= ab.SPACE:
        start += 1
    while stop > start and html[stop - 1] <= ab.SPACE:
        stop -= 1
    inner = start + len(_DISPLAY_STYLE)
    is_styled = inner < stop and says(html, start, inner, _DISPLAY_STYLE)
    if is_styled and html[stop - 1] == ab.CLOSING_BRACE:
        start, stop = inner, stop - 1
    while start < stop and html[start] <= ab.SPACE:
        start += 1
    before, block = page.state[st.TEXT], page.state[st.BLOCK_COUNT]
    write_value(page, start, stop)
    note_formula(page, before, block, is_display)
    page.state[st.FORMULA_STOP] = page.state[st.TEXT]


@helper
def write_script(page: Any, start: Any, stop: Any) -> None:
    """Write what stands in a `script`, if it is the source of a formula (MathJax 2)."""
    html, attributes = page.html, page.attributes
    first, last = attributes[st.TYPE, 0], attributes[st.TYPE, 1]
    if first < 0 or not says(html, first, last, _MATH_TEX):
        return
    is_display = _find(html, first, last, _MODE_DISPLAY)
    if is_display:
        begin_line(page)
    before, block = page.state[st.TEXT], page.state[st.BLOCK_COUNT]
    for position in range(start, stop):  # a script has no references
        byte = html[position]
        if byte < ab.DELETE:
            write_character(page, byte)
        elif byte >= LEAD_2 and position + character_size(byte) <= stop:
            write_character(page, character_at(html, position)[0])
    note_formula(page, before, block, is_display)
    page.state[st.FORMULA_STOP] = page.state[st.TEXT]
    if is_display:
        begin_line(page)


@helper
def _find(html: Any, start: Any, stop: Any, wanted: Any) -> bool:
    """Whether `wanted` (lower case) stands in a value, white space left out."""
    for position in range(start, stop):
        if ab.lowered(html[position]) == wanted[0] and says(html, position, stop, wanted):
            return True
    return False


@helper
def is_tex(page: Any) -> bool:
    """Whether the tag's `encoding` names TeX."""
    attributes = page.attributes
    start, stop = attributes[st.ENCODING, 0], attributes[st.ENCODING, 1]
    return _find(page.html, start, stop, _TEX)


@helper
def take_annotation(page: Any) -> None:
    """Make room for a formula's TeX: what was read of its parts goes, and the rest is not read."""
    state, stack = page.state, page.stack
    depth = state[st.DEPTH]
    while depth > 1 and stack[st.STACK_TAG, depth] != _MATH:
        depth -= 1
    drop_text(page, max(stack[st.STACK_TEXT, depth], state[st.OPEN_START]))
    for inner in range(depth, state[st.DEPTH] + 1):
        stack[st.STACK_FLAGS, inner] |= st.IN_HIDDEN
        if inner > depth:
            stack[st.STACK_FLAGS, inner] &= ~st.ENDING


@helper
def write_image(page: Any, groups: Any, style: Any) -> None:
    """Write the `alt` of an image that stands for a formula or a character."""
    html, state, attributes = page.html, page.state, page.attributes
    start, stop = attributes[st.ALT, 0], attributes[st.ALT, 1]
    if start >= stop or style & styles.HIDES or attributes[st.HIDDEN, 0] >= 0:
        return
    is_named = groups & _FORMULA_IMAGE != 0
    if groups & _EMOJI and stop - start <= images.LONGEST_EMOJI:
        write_value(page, start, stop)
    elif _is_formula(html, start, stop, is_named):
        is_twin = state[st.TEXT] == state[st.FORMULA_STOP]
        if not is_twin or state[st.TEXT] == state[st.OPEN_START]:
            write_formula(page, start, stop, False)
    elif _is_emoji(html, start, stop):
        write_value(page, start, stop)


@helper
def _is_formula(html: Any, start: Any, stop: Any, is_named: Any) -> bool:
    """`images.is_formula` of the text in `html[start:stop]`."""
    spaces, signs, is_tex = 0, 0, False
    for position in range(start, stop):
        byte = html[position]
        following = html[position + 1] if position + 1 < stop else ab.SPACE
        is_begun = ab.is_letter(following)
        if byte == ab.COLON and following == ab.BACKSLASH:
            return False  # a path
        is_tex |= byte == ab.BACKSLASH and is_begun
        is_tex |= byte == ab.CARET and (is_begun or ab.is_digit(following) or following == 123)
        spaces += byte <= ab.SPACE
        signs += byte in (ab.EQUALS, ab.UNDERSCORE, ab.OPENING_BRACE)
    return is_tex or (
        is_named and (signs > 0 or (spaces == 0 and stop - start <= images.LONGEST_SYMBOL))
    )


@helper
def _is_emoji(html: Any, start: Any, stop: Any) -> bool:
    """`marks.is_emoji` of the text in `html[start:stop]`."""
    position = start
    if stop - start > images.LONGEST_EMOJI:
        return False
    while position < stop:
        if html[position] < 0xE2 or position + character_size(html[position]) > stop:
            return False
        code = character_at(html, position)[0]
        position += character_size(html[position])
        is_sign = 0x2600 <= code <= 0x27BF or 0x2B00 <= code <= 0x2BFF
        is_joined = code in (0x200D, 0xFE0E, 0xFE0F, 0x20E3) or 0xE0020 <= code <= 0xE007F
        if not (is_sign or is_joined or 0x1F000 <= code <= 0x1FAFF):
            return False
    return True
