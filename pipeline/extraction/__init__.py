"""HTML to text: the main text of a web page, with its formatting. Imports no Beam."""

from massivetext.pipeline.extraction.extract import (
    Extractor,
    Page,
    extract_page,
    extract_text,
)
from massivetext.pipeline.extraction.main_text import Engine
from massivetext.pipeline.extraction.show import ShownBlock, show_blocks

__all__ = [
    "Engine",
    "Extractor",
    "Page",
    "ShownBlock",
    "extract_page",
    "extract_text",
    "show_blocks",
]
