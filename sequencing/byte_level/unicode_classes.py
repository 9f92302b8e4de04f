r"""Classes of characters that patterns of tokenizers name, as bits: `\p{L}`, `\p{N}`, `\s`, ...

The table comes with the package, so that texts are split in the same way under every Python. To
write it anew: `python -m massivetext.sequencing.byte_level.unicode_classes`.
"""

from __future__ import annotations

import functools
import io
import sys
import unicodedata
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

IS_LETTER: Final = 1
IS_NUMBER: Final = 2
IS_SPACE: Final = 4
IS_CAPITAL: Final = 8  # Lu, Lt
IS_SMALL: Final = 16  # Ll
IS_CASELESS: Final = 32  # Lm, Lo, M: both sides of a change of case

# Of bytes only:
IS_SYMBOL: Final = 64  # an ASCII character that is nothing of the above
IS_BEYOND_ASCII: Final = 128

_FILE: Final = "unicode_classes.npz"
_CODE_POINTS: Final = 0x110000

# Property White_Space of the Unicode standard (PropList.txt): what `\\s` stands for.
_WHITE_SPACE: Final = (
    *range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
    0x205F, 0x3000,
)  # fmt: skip

_BITS: Final = {
    "Lu": IS_LETTER | IS_CAPITAL,
    "Lt": IS_LETTER | IS_CAPITAL,
    "Ll": IS_LETTER | IS_SMALL,
    "Lm": IS_LETTER | IS_CASELESS,
    "Lo": IS_LETTER | IS_CASELESS,
    "Mn": IS_CASELESS,
    "Mc": IS_CASELESS,
    "Me": IS_CASELESS,
    "Nd": IS_NUMBER,
    "Nl": IS_NUMBER,
    "No": IS_NUMBER,
}


@functools.cache
def class_table() -> NDArray[np.uint8]:
    """Returns the classes of every code point, shape (0x110000,), read-only."""
    content = resources.files("massivetext.sequencing.byte_level").joinpath(_FILE).read_bytes()
    with np.load(io.BytesIO(content)) as stored:
        first, classes = stored["first"], stored["classes"]
    table = np.repeat(classes, np.diff(first, append=_CODE_POINTS))
    table.setflags(write=False)
    return table


@functools.cache
def byte_class_table() -> NDArray[np.uint8]:
    """Returns the classes of every byte, shape (256,), read-only."""
    table = np.full(256, IS_BEYOND_ASCII, np.uint8)
    ascii_classes = class_table()[:128]
    table[:128] = np.where(ascii_classes == 0, IS_SYMBOL, ascii_classes)
    table.setflags(write=False)
    return table


def computed_table() -> NDArray[np.uint8]:
    """Returns the same by this Python's Unicode database."""
    table = np.zeros(_CODE_POINTS, np.uint8)
    for code_point in range(_CODE_POINTS):
        table[code_point] = _BITS.get(unicodedata.category(chr(code_point)), 0)
    table[list(_WHITE_SPACE)] |= IS_SPACE
    return table


def store_classes() -> None:
    """Writes the table of this Python's Unicode database into the package."""
    table = computed_table()
    first = np.flatnonzero(np.diff(table, prepend=table[0] ^ 1)).astype(np.int32)
    path = Path(str(resources.files("massivetext.sequencing.byte_level").joinpath(_FILE)))
    np.savez_compressed(path, first=first, classes=table[first])
    print(
        f"{path}: {len(first):,} ranges of Unicode {unicodedata.unidata_version}", file=sys.stderr
    )


if __name__ == "__main__":
    store_classes()
