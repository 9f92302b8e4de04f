"""What a SentencePiece `.model` file says, as far as the fast encoder must know it.

The file is a protocol buffer (sentencepiece_model.proto). It is read here field by field, because
the generated module that SentencePiece ships refuses the protobuf release that Beam needs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

Field = tuple[int, int | bytes]
"""Number and value of a field: an integer, or the bytes of anything longer."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_BPE: Final = 2  # TrainerSpec.ModelType

# Numbers of the fields in sentencepiece_model.proto
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_PIECE_TEXT, _PIECE_SCORE, _PIECE_TYPE = 1, 2, 3
_MODEL_TYPE, _WHITESPACE_AS_SUFFIX, _BYTE_FALLBACK = 3, 24, 35
_NAME, _CHARSMAP, _DUMMY_PREFIX, _REMOVE_SPACES, _ESCAPE = 1, 2, 3, 4, 5


class PieceType(IntEnum):
    """SentencePiece.Type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class Piece:
    """One entry of the vocabulary; `text` has U+2581 for a space."""

    text: str
    score: float
    type: PieceType


@dataclass(frozen=True)
class SentencePieceFile:
    """A vocabulary and the options that decide how text is encoded with it.

    Attributes:
        pieces: by token id.
        is_bpe: whether pieces are merged by score.
        has_byte_fallback: whether unknown characters become byte pieces.
        normalization: name of the rule by which characters are replaced before encoding.
        keeps_text: whether spaces are kept as they are: none added, removed or moved.
    """

    pieces: tuple[Piece, ...]
    is_bpe: bool
    has_byte_fallback: bool
    normalization: str
    keeps_text: bool


def parse_sentencepiece(model: bytes) -> SentencePieceFile:
    """Returns what the bytes of a `.model` file say.

    Raises:
        ValueError: if they are not a protocol buffer.
    """
    trainer: dict[int, int | bytes] = {}
    normalizer: dict[int, int | bytes] = {}
    pieces = []
    for number, value in _fields(model):
        if number == _PIECES and isinstance(value, bytes):
            pieces.append(_piece(value))
        elif number == _TRAINER and isinstance(value, bytes):
            trainer = dict(_fields(value))
        elif number == _NORMALIZER and isinstance(value, bytes):
            normalizer = dict(_fields(value))
    # Absent fields have the defaults of the .proto file.
    adds_or_removes = normalizer.get(_DUMMY_PREFIX, 1) or normalizer.get(_REMOVE_SPACES, 1)
    moves = trainer.get(_WHITESPACE_AS_SUFFIX, 0) or not normalizer.get(_ESCAPE, 1)
    return SentencePieceFile(
        pieces=tuple(pieces),
        is_bpe=trainer.get(_MODEL_TYPE, 1) == _BPE,
        has_byte_fallback=bool(trainer.get(_BYTE_FALLBACK, 0)),
        normalization=_normalization(normalizer),
        keeps_text=not adds_or_removes and not moves,
    )


def replace_in_pieces(model: bytes, old: bytes, new: bytes) -> bytes:
    """Returns a model in whose pieces some characters are others, of as many bytes."""
    if len(old) != len(new):
        raise ValueError(f"{old!r} and {new!r} do not have the same length")
    changed = bytearray(model)
    for number, piece, start in _placed_fields(model):
        if number == _PIECES and isinstance(piece, bytes) and old in piece:
            for inner_number, text, inner_start in _placed_fields(piece):
                if inner_number == _PIECE_TEXT and isinstance(text, bytes):
                    place = start + inner_start
                    changed[place : place + len(text)] = text.replace(old, new)
    return bytes(changed)


def _normalization(normalizer: Mapping[int, int | bytes]) -> str:
    name = normalizer.get(_NAME, b"")
    if not normalizer.get(_CHARSMAP):
        return "identity"
    return name.decode() if isinstance(name, bytes) and name else "custom"


def _piece(message: bytes) -> Piece:
    fields = dict(_fields(message))
    text, score = fields.get(_PIECE_TEXT, b""), fields.get(_PIECE_SCORE, bytes(4))
    if not isinstance(text, bytes) or not isinstance(score, bytes):
        raise ValueError("not a SentencePiece model: a piece has no text or no score")
    (value,) = struct.unpack("<f", score)
    return Piece(text.decode(), value, PieceType(int(fields.get(_PIECE_TYPE, 1))))


def _fields(message: bytes) -> Iterator[Field]:
    """Yields the fields of a protocol buffer message."""
    for number, value, _ in _placed_fields(message):
        yield number, value


def _placed_fields(message: bytes) -> Iterator[tuple[int, int | bytes, int]]:
    """Yields number and value of each field of a message, and where its value starts."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            start = place
            value, place = _varint(message, start)
            yield number, value, start
            continue
        if wire_type == _BYTES:
            size, place = _varint(message, place)
        elif wire_type in (_FIXED32, _FIXED64):
            size = 4 if wire_type == _FIXED32 else 8
        else:
            raise ValueError(f"not a protocol buffer: wire type {wire_type} at byte {place}")
        yield number, message[place : place + size], place
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Returns a variable-length integer and the place behind it."""
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
