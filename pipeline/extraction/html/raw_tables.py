"""Look-up tables of the parser of raw bytes: tag names and character references."""

from __future__ import annotations

import html.entities
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.hashing import hash_table
from massivetext.pipeline.extraction.html import elements

_TAG_SLOTS: Final = 1 << 10
_REFERENCE_SLOTS: Final = 1 << 13
"""Our choice: about three slots in four stay free, so that most searches end where they begin."""

NO_REFERENCE: Final = -1

TAG_KEYS, TAG_VALUES = hash_table(
    {name.encode(): number for name, number in elements.TAG_NUMBER.items()},
    _TAG_SLOTS,
    elements.UNKNOWN_TAG,
)
"""Tag numbers by the hashes of their names in lower case."""

_WITH_SEMICOLON: Final = [name for name in html.entities.html5 if name.endswith(";")]
_WITHOUT_SEMICOLON: Final = frozenset(n for n in html.entities.html5 if not n.endswith(";"))

REFERENCE_KEYS, REFERENCE_VALUES = hash_table(
    {name[:-1].encode(): number for number, name in enumerate(_WITH_SEMICOLON)},
    _REFERENCE_SLOTS,
    NO_REFERENCE,
)
"""Numbers of the named references by the hashes of their names."""

REFERENCE_CODES: Final[NDArray[np.int32]] = np.array(
    [[*map(ord, html.entities.html5[name]), 0][:2] for name in _WITH_SEMICOLON], np.int32
)
"""The one or two characters of each named reference; 0 for no second one."""

REFERENCE_IS_LEGACY: Final[NDArray[np.bool_]] = np.array(
    [name[:-1] in _WITHOUT_SEMICOLON for name in _WITH_SEMICOLON], np.bool_
)
"""Whether the reference also counts without its semicolon."""

MAX_REFERENCE_NAME: Final = max(map(len, _WITH_SEMICOLON))


def _latin_controls() -> NDArray[np.int32]:
    """What the numeric references 0x80 to 0x9F mean (HTML standard: as in windows-1252)."""
    return np.array(
        [ord(bytes([b]).decode("windows-1252", "ignore") or " ") for b in range(0x80, 0xA0)],
        np.int32,
    )


LATIN_CONTROLS: Final = _latin_controls()
