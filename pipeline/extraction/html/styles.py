"""What an element's own `style` says about its text: shared by every parser.

Only what is written at the element counts; style sheets are not read.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper
from massivetext.pipeline.extraction.hashing import hash_table, name_hash_with, slot_of

# Bits of a style.
NOT_DISPLAYED: Final = 1
INVISIBLE: Final = 2
LINE: Final = 4  # an element that begins and ends a line
PRE: Final = 8
PRE_LINE: Final = 16  # with PRE: runs of spaces are one space; alone: NOT_PRE
NOT_PRE: Final = PRE_LINE
OFF_SCREEN: Final = 32  # moved or clipped out of sight
RAISED: Final = 64
LOWERED: Final = 128
MARKER_SHIFT: Final = 8
"""The byte of `page_tree.MARKERS` stands above the bits."""
HIDES: Final = NOT_DISPLAYED | INVISIBLE

_MASK_SHIFT: Final = 16
_BITS: Final = (1 << _MASK_SHIFT) - 1
_MARKER: Final = 0x7F << MARKER_SHIFT
_DISPLAY: Final = NOT_DISPLAYED | LINE
_WHITE_SPACE: Final = PRE | PRE_LINE
_HEIGHT: Final = RAISED | LOWERED

_FAR: Final = ("999px", "1000px", "5000px", "9999px", "10000px", "99999px", "999em", "9999em")
_CLIPPED: Final = (
    *(f"clip:rect({edge}{more}" for edge in ("0", "0px", "1px") for more in ("", ",")),
    *("clip:rect(0,0,0,0)", "clip:rect(1px,1px,1px,1px)", "clip-path:inset(50%)"),
    *(f"{side}:-{far}" for side in ("left", "text-indent") for far in _FAR),
    *("font-size:0", "font-size:0px"),
)
"""How text is moved out of sight but left to screen readers: the declarations that WebAIM and the
WordPress handbook tell, as far as one word of the value shows them."""

_MARKERS: Final = {
    "decimal": "1",
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
    "lower-greek": "g",
    "disc": "*",
    "circle": "*",
    "square": "*",
    "none": "-",
}
"""CSS Counter Styles, section 6: the styles that most lists have."""


def _declarations() -> dict[bytes, int]:
    """What a property's value sets, by `property:value`; above it the bits that it clears."""
    found: dict[str, int] = {}
    for value in ("inline", "inline-block", "inline-flex", "inline-table", "contents"):
        found[f"display:{value}"] = _DISPLAY << _MASK_SHIFT
    for value in ("block", "flex", "grid", "list-item", "table", "table-row", "flow-root"):
        found[f"display:{value}"] = LINE | _DISPLAY << _MASK_SHIFT
    found["display:none"] = NOT_DISPLAYED | _DISPLAY << _MASK_SHIFT
    found["visibility:hidden"] = INVISIBLE | INVISIBLE << _MASK_SHIFT
    found["visibility:visible"] = INVISIBLE << _MASK_SHIFT
    for value, bits in (
        *(("pre", PRE), ("pre-wrap", PRE), ("break-spaces", PRE), ("pre-line", PRE | PRE_LINE)),
        *(("normal", NOT_PRE), ("nowrap", NOT_PRE)),
    ):
        found[f"white-space:{value}"] = bits | _WHITE_SPACE << _MASK_SHIFT
    for declaration in _CLIPPED:
        found[declaration] = OFF_SCREEN
    for value, bits in (("super", RAISED), ("sub", LOWERED), ("baseline", 0)):
        found[f"vertical-align:{value}"] = bits | _HEIGHT << _MASK_SHIFT
    for value, marker in _MARKERS.items():
        for name in ("list-style", "list-style-type"):
            found[f"{name}:{value}"] = ord(marker) << MARKER_SHIFT | _MARKER << _MASK_SHIFT
    return {name.encode(): bits for name, bits in found.items()}


_DECLARATIONS: Final = _declarations()
_PROPERTY_KEYS, _PROPERTY_VALUES = hash_table(
    {name.partition(b":")[0] + b":": 1 for name in _DECLARATIONS}, 1 << 6, 0
)
_KEYS, _VALUES = hash_table(_DECLARATIONS, 1 << 9, 0)


def style_bits(style: str) -> int:
    """The bits of a `style` attribute; of two declarations of one property the last one counts."""
    bits = 0
    for declaration in style.lower().split(";"):
        name, _, value = declaration.partition(":")
        for word in value.replace("!", " ").split():
            found = _DECLARATIONS.get(f"{''.join(name.split())}:{word}".encode(), 0)
            bits = bits & ~(found >> _MASK_SHIFT) | found & _BITS
    return bits


@helper
def style_bits_of(html: Any, start: Any, stop: Any) -> Any:
    """`style_bits` of the attribute's value `html[start:stop]` (compiled)."""
    bits, name, word = 0, 0, 0
    in_value, is_other = False, False
    for position in range(start, stop + 1):
        byte = html[position] if position < stop else ab.SEMICOLON
        if is_other and byte != ab.SEMICOLON:
            continue
        is_other = False
        if byte == ab.SEMICOLON or (in_value and (byte <= ab.SPACE or byte == ab.EXCLAMATION)):
            if in_value and word != name:
                found = int(_VALUES[slot_of(_KEYS, word)])
                bits = bits & ~(found >> _MASK_SHIFT) | found & _BITS
            if byte == ab.SEMICOLON:
                in_value = False
                name = 0
            word = name
        elif in_value:
            word = name_hash_with(word, ab.lowered(byte))
        elif byte > ab.SPACE:
            name = name_hash_with(name, ab.lowered(byte))
            if byte == ab.COLON:
                is_other = _PROPERTY_VALUES[slot_of(_PROPERTY_KEYS, name)] == 0
                in_value = not is_other
                word = name
    return bits
