"""Texts to tokens of a byte-level vocabulary."""

from __future__ import annotations

import os.path
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level.gigatoken_encoder import gigatoken_encoder
from massivetext.sequencing.byte_level.kernel_encoder import KernelEncoder
from massivetext.sequencing.byte_level.reference import ReferenceEncoder
from massivetext.sequencing.byte_level.vocabulary import Vocabulary


class ByteLevelEncoder:
    """Encodes text; usable from several threads at once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Derives the tables.

        Raises:
            ValueError: if a byte has no token, or the pattern cannot be read.
        """
        self._normalization: Final = vocabulary.normalization
        self._added: Final = vocabulary.added
        self._literals: Final = _literals(vocabulary.added)
        self._prefix: Final = os.path.commonprefix([*vocabulary.added]).encode()
        kernels = KernelEncoder(vocabulary)
        self._by_kernels: Final = kernels.encode
        self._by_reference: Final = ReferenceEncoder(vocabulary).encode
        self._by_library: Final = gigatoken_encoder(vocabulary, kernels.merges, kernels.encode)

    @property
    def uses_library(self) -> bool:
        """Whether gigatoken encodes."""
        return self._by_library is not None

    def encode(self, text: bytes) -> NDArray[np.uint32]:
        """Returns the tokens of valid UTF-8 text; names of special tokens in it are text."""
        return self._encode(text, self._by_library or self._by_kernels)

    def encode_by_kernels(self, text: bytes) -> NDArray[np.uint32]:
        """Returns what `encode` returns, by our own kernels."""
        return self._encode(text, self._by_kernels)

    def encode_by_reference(self, text: bytes) -> NDArray[np.uint32]:
        """Returns what `encode` returns, by its definition."""
        return self._encode(text, self._by_reference)

    def _encode(
        self, text: bytes, encode: Callable[[bytes], NDArray[np.uint32]]
    ) -> NDArray[np.uint32]:
        if self._literals is None or self._prefix not in text:
            return encode(self._normalized(text))
        parts = []
        for part in self._literals.split(text.decode()):
            if part in self._added:
                parts.append(np.array([self._added[part]], np.uint32))
            elif part:
                parts.append(encode(self._normalized(part.encode())))
        return np.concatenate([np.empty(0, np.uint32), *parts])

    def _normalized(self, text: bytes) -> bytes:
        if not self._normalization or text.isascii():
            return text
        return unicodedata.normalize(self._normalization, text.decode()).encode()


def _literals(added: Mapping[str, int]) -> re.Pattern[str] | None:
    """Returns what finds the texts of added tokens, the longest first; None without any."""
    names = sorted(added, key=lambda name: (-len(name), name))
    return re.compile("(" + "|".join(map(re.escape, names)) + ")") if names else None
