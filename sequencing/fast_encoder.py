"""SentencePiece's BPE encoding, exactly, at many times its speed.

SentencePiece merges neighbours wherever their concatenation is a piece, best score first. So where
no piece of the vocabulary holds the two characters at a place, nothing is ever merged across it,
and the text can be cut there: into words, whose tokens are remembered. The places follow from the
vocabulary itself; rules written by hand (white space, punctuation) do not hold.

Models that this reasoning does not cover are left to SentencePiece (see `why_not`). So are texts
with symbols that a user defined, which are tokens whatever stands beside them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.merge_kernels import EMPTY, encode, fill_merges, fill_pairs
from massivetext.sequencing.merges import all_merges
from massivetext.sequencing.sentencepiece_file import PieceType, SentencePieceFile

_SPACE: Final = "\u2581"
_SPACE_BYTES: Final = _SPACE.encode()
_CODE_POINTS: Final = 0x110000
_CACHE_SLOTS: Final = 1 << 17
"""Our choice: at most half of them are filled, about 6 MB a thread, whatever is encoded."""

KEPT_BYTES: Final = 1 << 17
"""Our choice: texts up to here (crops are smaller) share one working space a thread."""


class UnsuitableModelError(ValueError):
    """A model that the fast encoder cannot take."""


def why_not(model: SentencePieceFile) -> str:
    """Returns why a model cannot be encoded with here, or nothing if it can."""
    pieces = model.pieces
    types = {piece.type for piece in pieces}
    normal = [piece for piece in pieces if piece.type == PieceType.NORMAL]
    known = {piece.text for piece in normal}
    byte_ids = [i for i, piece in enumerate(pieces) if piece.type == PieceType.BYTE]
    checks = {
        "it is not a BPE model": model.is_bpe,
        "it has no byte fallback": model.has_byte_fallback,
        "it removes or moves spaces": model.keeps_text,
        "it has more pieces than uint16 holds": len(pieces) <= 1 << 16,
        "it has unused pieces": PieceType.UNUSED not in types,
        "the space is not a piece": _SPACE in known,
        "it has pieces of unknown characters": all(
            character in known for piece in normal for character in piece.text
        ),
        "its byte pieces are not in order": [pieces[i].text for i in byte_ids]
        == [f"<0x{byte:02X}>" for byte in range(256)]
        and byte_ids == list(range(byte_ids[0], byte_ids[0] + 256)),
    }
    return "; ".join(reason for reason, holds in checks.items() if not holds)


class FastEncoder:
    """Encodes text that is already normalised; usable from several threads at once."""

    def __init__(self, model: SentencePieceFile) -> None:
        """Derives the tables from a vocabulary.

        Raises:
            UnsuitableModelError: if the model is not one that can be encoded with here.
        """
        reason = why_not(model)
        if reason:
            raise UnsuitableModelError(f"the fast encoder cannot take this model: {reason}")
        tokens = {
            piece.text.replace(_SPACE, " "): token
            for token, piece in enumerate(model.pieces)
            if piece.type == PieceType.NORMAL
        }
        byte_0 = next(i for i, p in enumerate(model.pieces) if p.type == PieceType.BYTE)
        scores = np.array([piece.score for piece in model.pieces], np.float32)
        # Equal scores (Mistral's models have some) are one rank: the leftmost of them is first.
        ranks = np.unique(-scores, return_inverse=True)[1].astype(np.int32)
        keys, merged = merge_table(all_merges(tokens))
        pairs = {pair for piece in tokens for pair in itertools.pairwise(piece)}
        self._tables: Final = (
            _joins(pairs),
            _joined_characters(pairs),
            _character_tokens(tokens),
            np.int32(byte_0),
            keys,
            merged,
            ranks,
            np.arange(len(scores), dtype=np.int32),  # a merge is named by the piece that it makes
        )
        self._of_thread: Final = threading.local()

    def encode(self, text: bytes) -> NDArray[np.uint16]:
        """Returns the tokens of valid UTF-8 text, as SentencePiece gives them."""
        if not text.isascii():
            text = text.replace(_SPACE_BYTES, b" ")  # to SentencePiece they are one character
        state = self._of_thread
        if not hasattr(state, "cache"):
            state.cache, state.work = empty_cache(np.uint16), working_space(KEPT_BYTES)
        work = state.work if len(text) <= KEPT_BYTES else working_space(len(text))
        out = np.empty(len(text), np.uint16)
        count = encode(np.frombuffer(text, np.uint8), out, self._tables, state.cache, work)
        return out[:count].copy()


def _joins(pairs: set[tuple[str, str]]) -> NDArray[np.uint8]:
    """Returns, for last byte and first byte of neighbouring characters, if a piece holds both."""
    joins_256x256 = np.zeros((256, 256), np.uint8)
    for left, right in pairs:
        joins_256x256[left.encode()[-1], right.encode()[0]] = 1
    return joins_256x256


def _joined_characters(pairs: set[tuple[str, str]]) -> NDArray[np.uint64]:
    """Returns a hash table of the pairs of characters that stand side by side in a piece."""
    points = np.array([(ord(left), ord(right)) for left, right in pairs], np.int32).reshape(-1, 2)
    keys = _empty_table(len(points))
    fill_pairs(points[:, 0].copy(), points[:, 1].copy(), keys)
    return keys


def _character_tokens(tokens: dict[str, int]) -> NDArray[np.int32]:
    """Returns the token of each code point, or -1."""
    character_tokens = np.full(_CODE_POINTS, -1, np.int32)
    for piece, token in tokens.items():
        if len(piece) == 1:
            character_tokens[ord(piece)] = token
    return character_tokens


def merge_table(
    pairs: Sequence[tuple[int, int, int]],
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Returns a hash table of `(left token, right token, merge)`: its keys and its merges."""
    left, right, merges = np.array(pairs, np.int32).reshape(-1, 3).T.copy()
    keys = _empty_table(len(pairs))
    values = np.zeros(len(keys), np.int32)
    fill_merges(left, right, merges, keys, values)
    return keys, values


def _empty_table(pairs: int) -> NDArray[np.uint64]:
    """Returns a hash table that this many pairs fill to at most a third."""
    return np.full(1 << max(1, (3 * pairs).bit_length()), EMPTY, np.uint64)


def empty_cache(token_type: type[np.unsignedinteger]) -> tuple[NDArray[np.generic], ...]:
    """Returns a cache of words and their tokens, of this type."""
    return (
        np.zeros(_CACHE_SLOTS, np.uint64),
        np.zeros(_CACHE_SLOTS, np.int64),
        np.zeros(_CACHE_SLOTS, np.int64),
        np.zeros(8 * _CACHE_SLOTS, np.uint8),
        np.zeros(4 * _CACHE_SLOTS, token_type),
        np.zeros(3, np.int64),
    )


def working_space(size_bytes: int) -> tuple[NDArray[np.generic], ...]:
    """Returns arrays for words of up to `size_bytes` characters.

    A heap of n symbols gets n - 1 pairs at first, and at most two for each of n - 1 merges.
    """
    symbols, pairs = size_bytes + 1, 3 * size_bytes + 1
    return (
        *(np.empty(symbols, np.int32) for _ in range(4)),
        np.empty(pairs, np.int64),
        *(np.empty(pairs, np.int32) for _ in range(2)),
    )
