"""The models by which an undeclared encoding is known: the data file beside this one.

`massivetext.pipeline.extraction.training.charset` makes it and says from what.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MODELS_FILE: Final = "models.npz"

COST_UNIT: Final = 16
"""Our choice: costs are whole sixteenths of a nat, so that sums are exact everywhere."""

MAX_COST: Final = 255
"""The greatest cost that a byte holds; of double bytes it is the cost of what is no character."""

DOUBLE_BYTE: Final = ("gb18030", "big5", "shift_jis", "euc-jp", "euc-kr")
"""The encodings of two bytes a character, in the order of their models."""

_LETTERS: Final = 26
CLASSES: Final = 128 + _LETTERS + 1
OTHER_CLASS: Final = CLASSES - 1
"""Classes of bytes: each beyond ASCII, each ASCII letter in both its cases, all others."""


def _byte_classes() -> NDArray[np.int64]:
    classes = np.full(256, OTHER_CLASS, np.int64)
    classes[0x80:] = np.arange(128)
    for letter in range(_LETTERS):
        classes[ord("a") + letter] = classes[ord("A") + letter] = 128 + letter
    return classes


BYTE_CLASSES: Final = _byte_classes()
"""The class of every byte."""


class Models(NamedTuple):
    """All models.

    Attributes:
        names: of the encoding of each model of single bytes; a language each.
        costs: shape (names, CLASSES, CLASSES), uint8: -ln P(class | class before) in COST_UNIT.
        penalties: -ln of how rare each encoding is, in COST_UNIT (int32).
        latin_costs: what each doubling of the ASCII letters for a byte beyond ASCII costs (int32).
        double_costs: shape (DOUBLE_BYTE, 128, 256), uint8: -ln P(character) by first byte less
            0x80 and second byte.
        double_penalties: as `penalties`.
        double_latin_costs: as `latin_costs`.
    """

    names: tuple[str, ...]
    costs: NDArray[np.uint8]
    penalties: NDArray[np.int32]
    latin_costs: NDArray[np.int32]
    double_costs: NDArray[np.uint8]
    double_penalties: NDArray[np.int32]
    double_latin_costs: NDArray[np.int32]


def save_detection_models(file: Path, models: Models) -> None:
    """Writes models so that `detection_models` reads them."""
    arrays = models._asdict()
    arrays["names"] = np.array(models.names)
    np.savez_compressed(file, **arrays)


@lru_cache(maxsize=1)
def detection_models() -> Models:
    """Returns the models that come with the package, read once a process."""
    file = resources.files("massivetext.pipeline.extraction.charset") / MODELS_FILE
    with file.open("rb") as opened, np.load(opened) as arrays:
        return Models(
            tuple(arrays["names"].tolist()),
            arrays["costs"],
            arrays["penalties"],
            arrays["latin_costs"],
            arrays["double_costs"],
            arrays["double_penalties"],
            arrays["double_latin_costs"],
        )
