"""TFRecord: length, checksum, payload, checksum; for tf.data and everything that reads its files.

A payload is one sequence, little-endian (`tf.io.decode_raw(record, tf.uint16)`, or tf.int32 where
the vocabulary needs it). As all records have the same size, record i is found without an index.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final

import numpy as np

from massivetext.sequencing.token_type import SMALL, Tokens, TokenType, little_endian

_MASK_DELTA = 0xA282EAD8  # TFRecord's definition of a masked CRC-32C
_HEADER_BYTES = 12  # uint64 length, uint32 checksum of it
_FOOTER_BYTES = 4  # uint32 checksum of the payload


class TFRecordFormat:
    """Records of one sequence each."""

    suffix = ".tfrecord"
    checks_records = True

    def write(self, stream: BinaryIO, sequences_NxL: Tokens) -> None:
        """Writes a shard."""
        tokens_NxL = little_endian(sequences_NxL)
        length_bytes = struct.pack("<Q", tokens_NxL.itemsize * tokens_NxL.shape[1])
        header = length_bytes + struct.pack("<I", _masked_crc32c(length_bytes))
        for sequence_L in tokens_NxL:
            payload = sequence_L.tobytes()
            stream.write(header + payload + struct.pack("<I", _masked_crc32c(payload)))

    def open(self, path: str, length: int, token_type: TokenType = SMALL) -> TFRecordFile:
        """Opens a shard."""
        return TFRecordFile(path, length, token_type)


class TFRecordFile:
    """An open TFRecord shard of equal records."""

    def __init__(self, path: str, length: int, token_type: TokenType) -> None:
        self._stream = open(path, "rb")  # noqa: SIM115 (open as long as the shard is)
        self._path, self._token_type = path, token_type
        self._payload_bytes = token_type.itemsize * length
        self._record_bytes = _HEADER_BYTES + self._payload_bytes + _FOOTER_BYTES
        size_bytes = os.path.getsize(path)
        if size_bytes % self._record_bytes:
            raise ValueError(
                f"{path} has {size_bytes:,} bytes; expected a multiple of "
                f"{self._record_bytes:,}, the size of a record of {length:,} tokens"
            )
        self._records = size_bytes // self._record_bytes

    def __del__(self) -> None:
        self._stream.close()

    def __len__(self) -> int:
        return self._records

    def __getitem__(self, index: int) -> Tokens:
        start = index * self._record_bytes + _HEADER_BYTES
        # Positional reads: threads share the file.
        record = os.pread(self._stream.fileno(), self._payload_bytes + _FOOTER_BYTES, start)
        payload = record[: self._payload_bytes]
        (checksum,) = struct.unpack("<I", record[self._payload_bytes :])
        if checksum != _masked_crc32c(payload):
            raise ValueError(f"{self._path}: record {index} is damaged (its checksum differs)")
        return np.frombuffer(payload, self._token_type)


def _masked_crc32c(payload: bytes) -> int:
    import google_crc32c  # only this format needs it

    crc = google_crc32c.value(payload)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


FORMAT: Final = TFRecordFormat()
