"""Text to words, as docs/paper.md (section 6) decides.

NFC; a word is a maximal run of characters for which `str.isalnum()` is true, so every other
character, punctuation included, is a separator ("white space normalised, punctuation ignored",
A.1.1). Case is kept unless `fold_case` is set. The tables are those of the running Python's Unicode
version.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WORD: Final = re.compile(r"[^\W_]+")
"""Runs of `str.isalnum()` characters: `\\w` is these and the underscore."""


def normal_form(text: str, fold_case: bool = False) -> str:
    """Returns the text in NFC; case-folded and in NFC again, which folding may undo, if asked."""
    composed = unicodedata.normalize("NFC", text)
    if not fold_case:
        return composed
    return unicodedata.normalize("NFC", composed.casefold())


def split_words(text: str, fold_case: bool = False) -> list[str]:
    """Returns the words of a text in their order."""
    return _WORD.findall(normal_form(text, fold_case))


def normalised_text(text: str, fold_case: bool = False) -> str:
    """Returns the words joined by one space: texts that differ in nothing else are duplicates."""
    return " ".join(split_words(text, fold_case))


@dataclass(frozen=True)
class WordBatch:
    """The words of some documents, one document after the other.

    Attributes:
        hashes: uint64 (words,), the hash of every word, as `kernels.split_words` makes it.
        offsets: int64 (documents + 1,), where each document's words begin in `hashes`.
        normalised: uint32 (characters,), code points of every document's `normalised_text`.
        normalised_offsets: int64 (documents + 1,), where each begins in `normalised`.
    """

    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    normalised: NDArray[np.uint32]
    normalised_offsets: NDArray[np.int64]

    def normalised_bytes(self) -> Iterator[memoryview]:
        """Yields each document's `normalised_text` as UTF-32-LE."""
        whole = self.normalised.data.cast("B") if self.normalised.size else memoryview(b"")
        for start, stop in itertools.pairwise((4 * self.normalised_offsets).tolist()):
            yield whole[start:stop]


def split_batch(texts: Sequence[str], fold_case: bool = False) -> WordBatch:
    """Returns the words of a batch of texts: those of `split_words`, found by a kernel."""
    from massivetext.dedup import kernels  # here: numba takes most of a second to import

    code_points, offsets = _code_points([normal_form(text, fold_case) for text in texts])
    hashes = np.empty(code_points.size // 2 + len(texts) + 1, np.uint64)
    normalised = np.empty(code_points.size + len(texts), np.uint32)
    word_offsets = np.empty(len(texts) + 1, np.int64)
    normalised_offsets = np.empty(len(texts) + 1, np.int64)
    kernels.hash_words(
        code_points,
        offsets,
        _alphanumeric_table(),
        hashes,
        word_offsets,
        normalised,
        normalised_offsets,
    )
    return WordBatch(
        hashes[: word_offsets[-1]],
        word_offsets,
        normalised[: normalised_offsets[-1]],
        normalised_offsets,
    )


def offsets_of(parts: Sequence[Sequence[object]]) -> NDArray[np.int64]:
    """Returns int64 (parts + 1,): where each part begins when they stand one after the other."""
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return offsets


def _code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    encoded = "".join(texts).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(encoded, "<u4"), offsets_of(texts)


@functools.cache
def _alphanumeric_table() -> NDArray[np.uint8]:
    """uint8 (0x110000,): 1 for code points that `str.isalnum()` accepts."""
    return np.frombuffer(bytes(chr(point).isalnum() for point in range(0x110000)), np.uint8)
