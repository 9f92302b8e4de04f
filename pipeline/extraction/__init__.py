"""Markup to text: the main text of a web page, with its formatting. Imports no Beam.

What is named here is imported when it is first asked for, so that whoever reads wikitext alone
compiles and loads no kernels of HTML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from massivetext.config import Extractor
    from massivetext.pipeline.extraction.extract import Page, extract_page, extract_text
    from massivetext.pipeline.extraction.extractors import EXTRACTORS
    from massivetext.pipeline.extraction.show import ShownBlock, show_blocks

__all__ = [
    "EXTRACTORS",
    "Extractor",
    "Page",
    "ShownBlock",
    "extract_page",
    "extract_text",
    "show_blocks",
]

_HOMES: Final = {
    "EXTRACTORS": "massivetext.pipeline.extraction.extractors",
    "Extractor": "massivetext.config",
    "Page": "massivetext.pipeline.extraction.extract",
    "ShownBlock": "massivetext.pipeline.extraction.show",
    "extract_page": "massivetext.pipeline.extraction.extract",
    "extract_text": "massivetext.pipeline.extraction.extract",
    "show_blocks": "massivetext.pipeline.extraction.show",
}


def __getattr__(name: str) -> Any:
    """Returns what `name` stands for, from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
