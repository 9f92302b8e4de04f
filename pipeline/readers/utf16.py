"""UTF-16 as UTF-8: some dumps were stored by programs that write UTF-16 with a byte order mark."""

from __future__ import annotations

import codecs
from typing import Final

from massivetext.pipeline.readers.cursor import ByteCursor, Position

_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def utf16_codec(head: bytes) -> str:
    """Returns the codec that a byte order mark states, "" if there is none of UTF-16."""
    return _MARKS.get(head[:2], "")


class Utf16Cursor(ByteCursor):
    """In a file of UTF-16: gives its bytes in UTF-8; what is no character becomes U+FFFD.

    Places that it tells are those of the pieces in which it reads, so they cannot be gone back to.
    """

    def __init__(self, cursor: ByteCursor, codec: str) -> None:
        """Goes on with what `cursor` gives, behind its byte order mark."""
        super().__init__()
        self._inner = cursor
        self._decoder = codecs.getincrementaldecoder(codec)("replace")
        self._is_begin = True

    def pull(self) -> bool:
        """See `ByteCursor`."""
        while True:
            position = self._inner.tell()
            self._inner.look(1)
            stored = self._inner.take(max(1, len(self._inner)))
            text = self._decoder.decode(stored, final=not stored)
            if self._is_begin and text:
                text, self._is_begin = text.removeprefix("\ufeff"), False
            if text:
                self._add(text.encode("utf-8", "replace"), position)
            if text or not stored:
                return bool(text)

    def _seek_stored(self, position: Position) -> None:
        raise NotImplementedError("a place in UTF-16 is not exact")
