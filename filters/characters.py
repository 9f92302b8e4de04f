"""What Python's own Unicode tables say about every character, as one array for the kernels.

Built from the running Python, so `str.isspace`, `str.isalpha`, `str.isalnum` and the kernels agree
whatever the version of Unicode.
"""

from __future__ import annotations

import functools
import sys
from typing import Final

import numpy as np

BULLETS: Final = "•‣⁃●○▪■◦·"
"""Our choice, as the paper lists none: the characters that Unicode and HTML renderers use."""

BULLETS_BEFORE_SPACE: Final = "-–*+"
"""Our choice: Markdown's bullets and the dash. They also open words and numbers (-1, *args)."""


@functools.cache
def character_classes() -> np.ndarray:
    """Returns the classes of each code point, uint8[0x110000]: a sum of the kernel's constants."""
    # Imported here: it brings numba, which users of the bullets need not wait for.
    from massivetext.filters.text_kernel import (
        ALPHANUMERIC,
        BULLET,
        BULLET_BEFORE_SPACE,
        LETTER,
        WHITE_SPACE,
    )

    code_points = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    characters = code_points.view("<U1" if sys.byteorder == "little" else ">U1")
    classes = np.zeros(len(code_points), dtype=np.uint8)
    for mark, member in (
        (WHITE_SPACE, np.strings.isspace),
        (LETTER, np.strings.isalpha),
        (ALPHANUMERIC, np.strings.isalnum),
    ):
        classes[member(characters)] |= mark
    for mark, members in ((BULLET, BULLETS), (BULLET_BEFORE_SPACE, BULLETS_BEFORE_SPACE)):
        classes[[ord(character) for character in members]] |= mark
    classes.flags.writeable = False
    return classes
