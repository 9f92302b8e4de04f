"""Plain text: one file is one document, UTF-8. An empty file is a failure."""

from __future__ import annotations

import codecs
from typing import Final

from massivetext.pipeline.readers.contract import Reader
from massivetext.pipeline.readers.fields import RowError, check_utf8
from massivetext.pipeline.readers.one_document import DocumentForm, split_documents


def _check(raw: bytes) -> bytes:
    """Returns a text without a byte order mark."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RowError("UTF-16 by its byte order mark: expected UTF-8; convert the text")
    return check_utf8(raw.removeprefix(codecs.BOM_UTF8))


READER: Final = Reader(DocumentForm("text/plain", _check).read, split_documents)
