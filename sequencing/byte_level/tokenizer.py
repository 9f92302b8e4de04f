"""A byte-level tokenizer, as sequences need it."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level.vocabulary import Vocabulary, parse_vocabulary
from massivetext.sequencing.token_type import Tokens, token_type_of

if TYPE_CHECKING:
    from massivetext.sequencing.byte_level.encoder import ByteLevelEncoder

_END_OF_TEXT: Final = "<|endoftext|>"
"""Our choice for both ends where a file names none: GPT-2 and its heirs have no other."""

_NAMED: Final = 8
"""Our choice: special tokens that an error names; some files have thousands."""


class ByteLevelTokenizer:
    """A tokenizer.json or a file of ranks, checked to be one that sequences can be made with."""

    def __init__(self, model: bytes, bos: str = "", eos: str = "") -> None:
        """Reads a file.

        Args:
            model: its content.
            bos: name of the token before each crop; "" for what the file puts before a text, and
                if it puts nothing there, for <|endoftext|>.
            eos: the same for the token after each crop.

        Raises:
            ValueError: if it is no byte-level vocabulary.
        """
        self.model: Final = model
        self._names: Final = bos, eos
        self._vocabulary: Final[Vocabulary] = parse_vocabulary(model)
        self.sha256: Final = hashlib.sha256(model).hexdigest()
        kind = "tiktoken" if self._vocabulary.is_ranked else "json"
        self.file_name: Final = f"tokenizer.{kind}"
        self.vocab_size: Final = len(self._vocabulary.tokens)

    def __reduce__(self) -> tuple[type[ByteLevelTokenizer], tuple[bytes, str, str]]:
        return ByteLevelTokenizer, (self.model, *self._names)

    def encode(self, text: bytes) -> Tokens:
        """See `Tokenizer`. Names of special tokens in the text stay text."""
        if not text.isascii():
            text.decode()
        return self._encoder.encode(text).astype(token_type_of(self.vocab_size), copy=False)

    def encode_by_reference(self, text: bytes) -> Tokens:
        """See `Tokenizer`."""
        tokens = self._encoder.encode_by_reference(text)
        return tokens.astype(token_type_of(self.vocab_size), copy=False)

    def decode(self, tokens: NDArray[np.integer]) -> str:
        """See `Tokenizer`."""
        known = self._vocabulary.tokens
        return b"".join(known[int(token)] for token in tokens).decode("utf-8", "replace")

    @property
    def bos(self) -> int:
        """See `Tokenizer`."""
        return self._special_token(self._names[0] or self._vocabulary.begin, "bos")

    @property
    def eos(self) -> int:
        """See `Tokenizer`."""
        return self._special_token(self._names[1] or self._vocabulary.end, "eos")

    @property
    def token_bytes(self) -> NDArray[np.int32]:
        """See `Tokenizer`."""
        return self._token_bytes

    @cached_property
    def _token_bytes(self) -> NDArray[np.int32]:
        return np.array([len(token) for token in self._vocabulary.tokens], np.int32)

    @cached_property
    def _encoder(self) -> ByteLevelEncoder:
        from massivetext.sequencing.byte_level.encoder import ByteLevelEncoder  # compiled

        return ByteLevelEncoder(self._vocabulary)

    def _special_token(self, name: str, key: str) -> int:
        special, name = self._vocabulary.special, name or _END_OF_TEXT
        if name not in special:
            named = ", ".join(
                [
                    *sorted(special, key=special.__getitem__)[:_NAMED],
                    *["..."][: len(special) - _NAMED],
                ]
            )
            raise ValueError(
                f"it has no special token {name!r}; set tokenizer.{key} to one of its special "
                f"tokens: {named or 'none'}"
            )
        return special[name]
