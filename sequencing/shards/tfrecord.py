"""TFRecord: length, checksum, payload, checksum; for tf.data and everything that reads its files.

A payload is one sequence, little-endian uint16 (`tf.io.decode_raw(record, tf.uint16)`). As all
records have the same size, record i is found without an index.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

_MASK_DELTA = 0xA282EAD8  # TFRecord's definition of a masked CRC-32C
_HEADER_BYTES = 12  # uint64 length, uint32 checksum of it
_FOOTER_BYTES = 4  # uint32 checksum of the payload


class TFRecordFormat:
    """Records of one sequence each."""

    suffix = ".tfrecord"

    def write(self, stream: BinaryIO, sequences_NxL: NDArray[np.uint16]) -> None:
        """Writes a shard."""
        length_bytes = struct.pack("<Q", 2 * sequences_NxL.shape[1])
        header = length_bytes + struct.pack("<I", _masked_crc32c(length_bytes))
        for sequence_L in sequences_NxL.astype("<u2"):
            payload = sequence_L.tobytes()
            stream.write(header + payload + struct.pack("<I", _masked_crc32c(payload)))

    def open(self, path: str, length: int) -> TFRecordFile:
        """Opens a shard."""
        return TFRecordFile(path, length)


class TFRecordFile:
    """An open TFRecord shard of equal records."""

    def __init__(self, path: str, length: int) -> None:
        self._path = path
        self._stream = open(path, "rb")  # noqa: SIM115 (open as long as the shard is)
        self._payload_bytes = 2 * length
        self._record_bytes = _HEADER_BYTES + self._payload_bytes + _FOOTER_BYTES
        size_bytes = os.path.getsize(path)
        if size_bytes % self._record_bytes:
            raise ValueError(
                f"{path} has {size_bytes:,} bytes; expected a multiple of "
                f"{self._record_bytes:,}, the size of a record of {length:,} tokens"
            )
        self._records = size_bytes // self._record_bytes

    def __len__(self) -> int:
        return self._records

    def __getitem__(self, index: int) -> NDArray[np.uint16]:
        start = index * self._record_bytes + _HEADER_BYTES
        # Positional reads: threads share the file.
        record = os.pread(self._stream.fileno(), self._payload_bytes + _FOOTER_BYTES, start)
        payload = record[: self._payload_bytes]
        (checksum,) = struct.unpack("<I", record[self._payload_bytes :])
        if checksum != _masked_crc32c(payload):
            raise ValueError(f"{self._path}: record {index} is damaged (its checksum differs)")
        return np.frombuffer(payload, "<u2")


def _masked_crc32c(payload: bytes) -> int:
    import google_crc32c  # only this format needs it

    crc = google_crc32c.value(payload)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


FORMAT: Final = TFRecordFormat()
