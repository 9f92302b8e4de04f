"""A SentencePiece BPE model with byte fallback (A.1.2, section 2), as sequences need it."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from massivetext.sequencing.dataset import TOKENIZER_FILE
from massivetext.sequencing.sentencepiece_file import PieceType, parse_sentencepiece
from massivetext.sequencing.token_type import Tokens, token_type_of

if TYPE_CHECKING:
    from massivetext.sequencing.character_map import CharacterMap
    from massivetext.sequencing.fast_encoder import FastEncoder

_SPACE: Final = "\u2581"
"""SentencePiece's sign for a space inside a piece."""


class SentencePieceTokenizer:
    """A SentencePiece model, checked to be one that sequences can be made with.

    Crops of arbitrary text are encoded without loss by a model of normalisation `identity` (but
    for U+2581, which SentencePiece itself uses for the space); `nfkc` folds compatibility
    characters.

    Attributes:
        model: bytes of the `.model` file.
        sha256: hash of the model, in hex; shards name it.
        vocab_size: number of token ids.
        bos: id before each crop.
        eos: id after each crop.
    """

    file_name = TOKENIZER_FILE

    def __init__(self, model: bytes, bos: str = "", eos: str = "") -> None:
        """Loads a model.

        Args:
            model: content of the `.model` file.
            bos: name of the token before each crop; "" for the model's own.
            eos: the same for the token after each crop.

        Raises:
            ValueError: if the bytes are not such a model, or it has no BOS, EOS or byte pieces.
        """
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise ValueError(f"not a SentencePiece model: {error}") from None
        self.model: Final = model
        self.sha256: Final = hashlib.sha256(model).hexdigest()
        self.vocab_size: Final = int(self._processor.get_piece_size())
        self._names: Final = bos, eos
        self.bos: Final = self._control(bos) if bos else int(self._processor.bos_id())
        self.eos: Final = self._control(eos) if eos else int(self._processor.eos_id())
        self._check()

    def __reduce__(self) -> tuple[type[SentencePieceTokenizer], tuple[bytes, str, str]]:
        return SentencePieceTokenizer, (self.model, *self._names)

    def encode(self, text: bytes) -> Tokens:
        """Returns the tokens of UTF-8 text, without BOS and EOS.

        They are those of SentencePiece, computed many times faster where the model allows it.

        Raises:
            UnicodeDecodeError: if the text is not UTF-8.
        """
        if not text.isascii():
            text.decode()  # SentencePiece would make three tokens of a bad byte, and lose it
        fast, character_map, prefix = self._fast
        if fast is None or self._has_symbol(text):
            return self.encode_by_reference(text)
        normal = character_map.normalize(text) if character_map else text
        if normal is not text and self._has_symbol(normal):
            return self.encode_by_reference(text)
        return fast.encode(prefix + normal if text else normal)

    def encode_by_reference(self, text: bytes) -> Tokens:
        """See `Tokenizer`: by the library itself, which is the fallback, too."""
        return np.array(self._processor.encode(text), token_type_of(self.vocab_size))

    def _has_symbol(self, text: bytes) -> bool:
        """Whether a text holds one of the symbols that are tokens wherever they stand."""
        return self._symbols is not None and self._symbols.search(text) is not None

    @cached_property
    def _symbols(self) -> re.Pattern[bytes] | None:
        pieces = parse_sentencepiece(self.model).pieces
        symbols = [p.text for p in pieces if p.type == PieceType.USER_DEFINED]
        spellings = {s.encode() for text in symbols for s in (text, text.replace(_SPACE, " "))}
        return re.compile(b"|".join(map(re.escape, sorted(spellings)))) if spellings else None

    @cached_property
    def _fast(self) -> tuple[FastEncoder | None, CharacterMap | None, bytes]:
        """The fast encoder, if it can take the model, its normalisation, and its prefix."""
        from massivetext.sequencing import character_map, fast_encoder  # compiled when first needed

        parsed = parse_sentencepiece(self.model)
        prefix = b" " if parsed.adds_space else b""
        rule = parsed.character_map
        try:
            encoder = fast_encoder.FastEncoder(parsed)
            return encoder, character_map.CharacterMap(rule) if rule else None, prefix
        except ValueError:  # the model is not one that can be encoded with here
            return None, None, prefix

    def decode(self, tokens: NDArray[np.integer]) -> str:
        """Returns the text of tokens; BOS and EOS vanish, cut characters become U+FFFD."""
        return str(self._processor.decode([int(token) for token in tokens]))

    @property
    def token_bytes(self) -> NDArray[np.int32]:
        """See `Tokenizer`."""
        return self._token_bytes

    @cached_property
    def _token_bytes(self) -> NDArray[np.int32]:
        """UTF-8 bytes that each token stands for, shape (vocab_size,); BOS, EOS and unknown: 0."""
        sizes = [self._bytes_of(token) for token in range(self.vocab_size)]
        return np.array(sizes, np.int32)

    def _bytes_of(self, token: int) -> int:
        processor = self._processor
        if processor.is_byte(token):
            return 1
        if processor.is_control(token) or processor.is_unknown(token):
            return 0
        return len(processor.id_to_piece(token).replace(_SPACE, " ").encode())

    def _control(self, name: str) -> int:
        token = int(self._processor.piece_to_id(name))
        if not self._processor.is_control(token):
            raise ValueError(f"it has no control piece {name!r} for tokenizer.bos or tokenizer.eos")
        return token

    def _check(self) -> None:
        if self.bos < 0 or self.eos < 0:
            raise ValueError(
                f"the tokenizer has BOS id {self.bos} and EOS id {self.eos}; both must exist, as "
                "they stand round every crop: train it with bos_id and eos_id"
            )
        if not any(self._processor.is_byte(token) for token in range(self.vocab_size)):
            raise ValueError(
                "the tokenizer has no byte pieces, so unknown characters would be lost: "
                "train it with byte_fallback"
            )
