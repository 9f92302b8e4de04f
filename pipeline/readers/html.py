"""HTML: one file is one page, in any encoding that the page declares. Empty files are failures."""

from __future__ import annotations

from typing import Final

from massivetext.pipeline.readers.contract import Reader
from massivetext.pipeline.readers.one_document import DocumentForm, split_documents

READER: Final = Reader(DocumentForm("text/html", bytes).read, split_documents)
