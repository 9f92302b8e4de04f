"""Texts to tokens of a byte-level vocabulary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level.gigatoken_encoder import Encode, gigatoken_encoder
from massivetext.sequencing.byte_level.kernel_encoder import KernelEncoder, merges_of
from massivetext.sequencing.byte_level.reference import ReferenceEncoder
from massivetext.sequencing.byte_level.vocabulary import Vocabulary


class ByteLevelEncoder:
    """Encodes text; usable from several threads at once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Derives the tables.

        Raises:
            ValueError: if a byte has no token, or the pattern cannot be read.
        """
        self._vocabulary: Final = vocabulary
        self._added: Final = {name.encode(): token for name, token in vocabulary.added.items()}
        self._literals: Final = _literals(self._added)
        merges = merges_of(vocabulary)
        self._by_kernels: Final = KernelEncoder(vocabulary, merges).encode
        self._by_library: Final = gigatoken_encoder(vocabulary, merges, self._by_kernels)

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

    def _encode(self, text: bytes, encode: Encode) -> NDArray[np.uint32]:
        if self._literals is None or not self._literals.search(text):
            return encode(self._normalized(text))
        parts = []
        for part in self._literals.split(text):
            if part in self._added:
                parts.append(np.array([self._added[part]], np.uint32))
            elif part:
                parts.append(encode(self._normalized(part)))
        return np.concatenate(parts)

    def _normalized(self, text: bytes) -> bytes:
        form = self._vocabulary.normalization
        if not form or text.isascii():
            return text
        return unicodedata.normalize(form, text.decode()).encode()

    @cached_property
    def _by_reference(self) -> Encode:
        return ReferenceEncoder(self._vocabulary).encode


def _literals(added: Iterable[bytes]) -> re.Pattern[bytes] | None:
    """Returns what finds the texts of added tokens, the longest first; None without any."""
    names = sorted(added, key=lambda name: (-len(name), name))
    return re.compile(b"(" + b"|".join(map(re.escape, names)) + b")") if names else None
