"""Text to tokens and back, whatever made the vocabulary: what sequences need of a tokenizer."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.token_type import Tokens

WHITE_SPACE_SAMPLE: Final = "def two(x):\n    return x  # 2\n\n\tThe end.\n"
"""A text that comes back as it was from a tokenizer that keeps line feeds, tabs and indents."""


class Tokenizer(Protocol):
    """A vocabulary that sequences can be made with."""

    @property
    def model(self) -> bytes:
        """The content of the tokenizer's file."""
        ...

    @property
    def sha256(self) -> str:
        """Hash of the file, in hex; shards name it."""
        ...

    @property
    def file_name(self) -> str:
        """How the file is called beside the shards."""
        ...

    @property
    def vocab_size(self) -> int:
        """Number of token ids."""
        ...

    @property
    def bos(self) -> int:
        """The id before each crop.

        Raises:
            ValueError: if the vocabulary has no such token.
        """
        ...

    @property
    def eos(self) -> int:
        """The id after each crop; raises as `bos`."""
        ...

    @property
    def token_bytes(self) -> NDArray[np.int32]:
        """UTF-8 bytes that each token stands for, shape (vocab_size,); of special tokens: 0."""
        ...

    def encode(self, text: bytes) -> Tokens:
        """Returns the tokens of UTF-8 text, without BOS and EOS.

        Raises:
            UnicodeDecodeError: if the text is not UTF-8.
        """
        ...

    def encode_by_reference(self, text: bytes) -> Tokens:
        """Returns what `encode` returns, by what defines it; slow, for texts of a few kilobytes."""
        ...

    def decode(self, tokens: NDArray[np.integer]) -> str:
        """Returns the text of tokens; BOS and EOS vanish, cut characters become U+FFFD."""
        ...


def make_tokenizer(model: bytes, bos: str = "", eos: str = "") -> Tokenizer:
    """Returns the tokenizer of a file: of SentencePiece, a tokenizer.json, or ranks of tiktoken.

    Args:
        model: content of the file.
        bos: name of the token before each crop; "" for the file's own.
        eos: the same for the token after each crop.

    Raises:
        ValueError: if it is none of these, or not one that sequences can be made with.
    """
    if not model.strip():
        raise ValueError("the file is empty")
    if _is_json(model) or _is_ranks(model):
        from massivetext.sequencing.byte_level.tokenizer import ByteLevelTokenizer

        return ByteLevelTokenizer(model, bos, eos)
    from massivetext.sequencing.sentencepiece_tokenizer import SentencePieceTokenizer

    return SentencePieceTokenizer(model, bos, eos)


def require_usable(tokenizer: Tokenizer, allow_lossy: bool) -> None:
    """Refuses a tokenizer that sequences cannot be made with, or that would harm them.

    Args:
        tokenizer: to look at.
        allow_lossy: whether it may lose white space.

    Raises:
        ValueError: if it has no BOS or no EOS, or loses white space.
    """
    _ = tokenizer.bos, tokenizer.eos
    found = tokenizer.decode(tokenizer.encode(WHITE_SPACE_SAMPLE.encode()))
    if found != WHITE_SPACE_SAMPLE and not allow_lossy:
        raise ValueError(
            f"it loses white space: {WHITE_SPACE_SAMPLE!r} comes back as {found!r}, so that no "
            "sequence would have line feeds or indents as the text has; train it to keep them (of "
            "SentencePiece: remove_extra_whitespaces=false, no nmt_ rule), or set "
            "tokenizer.allow_lossy = true"
        )


def load_tokenizer(path: str, bos: str = "", eos: str = "") -> Tokenizer:
    """Returns the tokenizer of a local file.

    Raises:
        OSError: if it cannot be read.
        ValueError: see `make_tokenizer`.
    """
    with open(path, "rb") as stream:
        return make_tokenizer(stream.read(), bos, eos)


def _is_json(model: bytes) -> bool:
    return model[:64].lstrip()[:1] == b"{"


def _is_ranks(model: bytes) -> bool:
    """Whether the first line is a token in base 64 and a number."""
    first = model[:4096].split(b"\n", 1)[0].split()
    return len(first) == 2 and first[1].isdigit() and first[0].isascii()
