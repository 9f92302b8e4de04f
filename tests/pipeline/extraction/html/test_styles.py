"""What a `style` attribute says: the compiled reading held equal to the one in Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

from massivetext.kernels import kernel
from massivetext.pipeline.extraction.html import styles
from massivetext.pipeline.extraction.html.styles import style_bits, style_bits_of

PIECES = (
    *("display", "white-space", "list-style", "visibility", "left", "clip", "colour", "Display"),
    *(":", ";", " ", "!", "none", "block", "pre", "pre-line", "hidden", "-9999px", "upper-roman"),
    *("!important", "rect(0, 0, 0, 0)", "NONE", "vertical-align:super", "\t"),
)


@kernel(types.int64(types.uint8[::1]))
def _compiled_bits(style):
    return style_bits_of(style, 0, len(style))


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_compiled_styles_are_the_same(style: str) -> None:
    assert _compiled_bits(np.array(list(style.encode()), np.uint8)) == style_bits(style)


@pytest.mark.parametrize(
    ("style", "bits"),
    [
        ("", 0),
        ("color: red; DISPLAY : none !important", styles.NOT_DISPLAYED),
        ("display:none;display:block", styles.LINE),
        ("display:none-such", 0),
        ("content: display:none", 0),
        ("visibility:hidden", styles.INVISIBLE),
        ("white-space: pre-wrap", styles.PRE),
        ("white-space:pre-line", styles.PRE | styles.PRE_LINE),
        ("white-space:pre; white-space:nowrap", styles.NOT_PRE),
        ("list-style: inside lower-roman", ord("i") << styles.MARKER_SHIFT),
        ("position:absolute; clip: rect(0, 0, 0, 0)", styles.OFF_SCREEN),
        ("vertical-align: sub", styles.LOWERED),
    ],
)
def test_what_styles_say(style: str, bits: int) -> None:
    assert style_bits(style) == bits
