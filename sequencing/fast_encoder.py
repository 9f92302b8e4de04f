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
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.merge_kernels import (
    EMPTY,
    MERGE_BITS,
    NOT_HERE,
    TOKEN_BITS,
    UNKNOWN,
    fill_merges,
)
from massivetext.sequencing.piece_kernels import encode, fill_pairs, find_last_pairs
from massivetext.sequencing.sentencepiece_file import PieceType, SentencePieceFile
from massivetext.sequencing.token_type import Tokens, token_type_of
from massivetext.sequencing.word_cache import BATCH, ROOM, empty_cache, padded
from massivetext.utf8 import ASCII_END

_SPACE: Final = "\u2581"
_SPACE_BYTES: Final = _SPACE.encode()
_CODE_POINTS: Final = 0x110000
_SLOTS_A_BYTE: Final = 4
"""Our choice: two bits of a filter for each slot of its table, of which every third is used."""

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
        "it has too many pieces": len(pieces) <= 1 << TOKEN_BITS,
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
        pieces = np.arange(len(scores), dtype=np.int32)  # a merge is named by the piece it makes
        pairs = {pair for piece in tokens for pair in itertools.pairwise(piece)}
        self._characters: Final = (
            _joins(pairs),
            _joined_characters(pairs),
            _character_tokens(tokens),
            np.int32(byte_0),
        )
        near = _ascii_merges(tokens)
        merges = near, *merge_table(_possible_merges(tokens)), ranks, pieces
        last_pairs = _last_pairs(tokens, self._characters[2], merges)
        self._merges: Final = near, *merge_table(last_pairs), ranks, pieces
        self._token_type: Final = token_type_of(len(scores))
        self._of_thread: Final = threading.local()

    def encode(self, text: bytes) -> Tokens:
        """Returns the tokens of valid UTF-8 text, as SentencePiece gives them."""
        if not text.isascii():
            text = text.replace(_SPACE_BYTES, b" ")  # to SentencePiece they are one character
        out, stops, cache, work = space_of_thread(self._of_thread, len(text))
        tables = self._characters, self._merges
        count = encode(padded(text), len(text), out, stops, *tables, cache, work)
        return out[:count].astype(self._token_type)


class Space(NamedTuple):
    """What encoding writes to: tokens, ends of words, cache of words, working space."""

    out: NDArray[np.uint32]
    stops: NDArray[np.int64]
    cache: tuple[NDArray[np.generic], ...]
    work: tuple[NDArray[np.generic], ...]


def space_of_thread(state: threading.local, size_bytes: int) -> Space:
    """Returns what a text of this size needs: the space of this thread, with its cache."""
    if not hasattr(state, "space"):
        state.space = _space(KEPT_BYTES, empty_cache())
    space: Space = state.space
    return space if size_bytes <= KEPT_BYTES else _space(size_bytes, space.cache)


def _space(size_bytes: int, cache: tuple[NDArray[np.generic], ...]) -> Space:
    out = np.empty(size_bytes + ROOM, np.uint32)
    stops = np.empty(max(size_bytes, BATCH), np.int64)
    return Space(out, stops, cache, working_space(size_bytes))


def _possible_merges(tokens: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """Returns every pair of pieces that together are a piece: `(left, right, both)`."""
    return [
        (tokens[piece[:cut]], tokens[piece[cut:]], token)
        for piece, token in tokens.items()
        for cut in range(1, len(piece))
        if piece[:cut] in tokens and piece[cut:] in tokens
    ]


def _last_pairs(
    tokens: Mapping[str, int],
    character_tokens: NDArray[np.int32],
    merges: tuple[NDArray[np.generic], ...],
) -> list[tuple[int, int, int]]:
    """Returns the one pair that makes each piece, of all that could make it."""
    sizes = [len(piece.encode()) for piece in tokens]
    stops = np.cumsum(sizes, dtype=np.int64)
    lefts, rights = np.empty(len(tokens), np.int32), np.empty(len(tokens), np.int32)
    text, work = padded("".join(tokens).encode()), working_space(max(sizes))
    find_last_pairs(text, stops, character_tokens, merges, work, lefts, rights)
    pairs = zip(lefts.tolist(), rights.tolist(), tokens.values(), strict=True)
    return [(left, right, token) for left, right, token in pairs if left != UNKNOWN]


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


def _ascii_merges(tokens: dict[str, int]) -> NDArray[np.int32]:
    """Returns the merge of each two ASCII characters; NOT_HERE for bytes of others."""
    merges_256x256 = np.full((256, 256), NOT_HERE, np.int32)
    merges_256x256[:ASCII_END, :ASCII_END] = UNKNOWN
    for piece, token in tokens.items():
        if len(piece) == 2 and piece.isascii():
            merges_256x256[ord(piece[0]), ord(piece[1])] = token
    return merges_256x256


def merge_table(
    pairs: Sequence[tuple[int, int, int]],
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Returns a hash table of `(left token, right token, merge)`, and its filter.

    Raises:
        ValueError: if there are more tokens or merges than an entry can name.
    """
    left, right, merges = np.array(pairs, np.int32).reshape(-1, 3).T.copy()
    if max(left.max(initial=0), right.max(initial=0)) >> TOKEN_BITS or (
        merges.max(initial=0) >> MERGE_BITS
    ):
        raise ValueError(
            f"it has more than {1 << TOKEN_BITS:,} tokens or {1 << MERGE_BITS:,} merges"
        )
    table = _empty_table(len(pairs))
    table_filter = np.zeros(len(table) // _SLOTS_A_BYTE, np.uint8)
    fill_merges(left, right, merges, table, table_filter)
    return table, table_filter


def _empty_table(pairs: int) -> NDArray[np.uint64]:
    """Returns a hash table that this many pairs fill to at most a third."""
    return np.full(1 << max(3, (3 * pairs).bit_length()), EMPTY, np.uint64)


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
