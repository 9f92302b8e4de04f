"""What a SentencePiece `.model` file says, as far as the fast encoder must know it.

The file is a protocol buffer (sentencepiece_model.proto), read by protobuf's own parser. The fields
that matter are described here: the generated module that SentencePiece ships refuses the protobuf
release that Beam needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

_BPE: Final = 2  # TrainerSpec.ModelType

_BYTES: Final = FieldDescriptorProto.TYPE_BYTES
_FLOAT: Final = FieldDescriptorProto.TYPE_FLOAT
_INT32: Final = FieldDescriptorProto.TYPE_INT32
_BOOL: Final = FieldDescriptorProto.TYPE_BOOL

_MESSAGES: Final[Mapping[str, Mapping[str, tuple[int, int, str]]]] = {
    "ModelProto": {"trainer_spec": (2, _BYTES, ""), "normalizer_spec": (3, _BYTES, "")},
    "SentencePiece": {
        "piece": (1, _BYTES, ""),
        "score": (2, _FLOAT, "0"),
        "type": (3, _INT32, "1"),
    },
    "TrainerSpec": {
        "model_type": (3, _INT32, "1"),
        "treat_whitespace_as_suffix": (24, _BOOL, "false"),
        "byte_fallback": (35, _BOOL, "false"),
    },
    "NormalizerSpec": {
        "name": (1, _BYTES, ""),
        "precompiled_charsmap": (2, _BYTES, ""),
        "add_dummy_prefix": (3, _BOOL, "true"),
        "remove_extra_whitespaces": (4, _BOOL, "true"),
        "escape_whitespaces": (5, _BOOL, "true"),
    },
}
"""Number, type and default of each field. Two messages of ModelProto are plain bytes, so that what
is not described in them keeps its place when a model is written again; its field of pieces is
repeated, and added in `_message_classes`."""

_PIECES_NUMBER: Final = 1


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
        character_map: that rule, see `character_map`; empty for none.
        adds_space: whether a space comes before every text (a "dummy prefix").
        keeps_text: whether spaces are kept as they are otherwise: none removed or moved.
    """

    pieces: tuple[Piece, ...]
    is_bpe: bool
    has_byte_fallback: bool
    normalization: str
    character_map: bytes
    adds_space: bool
    keeps_text: bool


def parse_sentencepiece(model: bytes) -> SentencePieceFile:
    """Returns what the bytes of a `.model` file say.

    Raises:
        ValueError: if they are not a SentencePiece model.
    """
    parsed = _parse("ModelProto", model)
    trainer = _parse("TrainerSpec", parsed.trainer_spec)
    normalizer = _parse("NormalizerSpec", parsed.normalizer_spec)
    moves = trainer.treat_whitespace_as_suffix or not normalizer.escape_whitespaces
    has_rule = bool(normalizer.precompiled_charsmap)
    return SentencePieceFile(
        pieces=tuple(Piece(p.piece.decode(), p.score, PieceType(p.type)) for p in parsed.pieces),
        is_bpe=trainer.model_type == _BPE,
        has_byte_fallback=trainer.byte_fallback,
        normalization=(normalizer.name.decode() or "custom") if has_rule else "identity",
        character_map=bytes(normalizer.precompiled_charsmap),
        adds_space=normalizer.add_dummy_prefix,
        keeps_text=not normalizer.remove_extra_whitespaces and not moves,
    )


def replace_in_pieces(model: bytes, old: bytes, new: bytes) -> bytes:
    """Returns a model in whose pieces some characters are others, of as many bytes."""
    if len(old) != len(new):
        raise ValueError(f"{old!r} and {new!r} do not have the same length")
    parsed = _parse("ModelProto", model)
    for piece in parsed.pieces:
        piece.piece = piece.piece.replace(old, new)
    written: bytes = parsed.SerializeToString()
    return written


def _message_classes() -> dict[str, Any]:
    """Returns protobuf's class for each message, by its name."""
    file = FileDescriptorProto(name="massivetext/sentencepiece_file.proto", package="massivetext")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, default) in fields.items():
            optional = FieldDescriptorProto.LABEL_OPTIONAL
            message.field.add(
                name=field, number=number, type=kind, label=optional, default_value=default
            )
    file.message_type[0].field.add(
        name="pieces",
        number=_PIECES_NUMBER,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=".massivetext.SentencePiece",
        label=FieldDescriptorProto.LABEL_REPEATED,
    )
    pool = DescriptorPool()  # not the common one, whose names belong to all
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"massivetext.{name}"))
        for name in _MESSAGES
    }


_CLASSES: Final = _message_classes()


def _parse(name: str, message: bytes) -> Any:
    """Returns a message, with an attribute a field (protobuf makes its class while it runs)."""
    try:
        return _CLASSES[name].FromString(message)
    except DecodeError:
        raise ValueError(f"not a SentencePiece model: {name} is not a protocol buffer") from None
