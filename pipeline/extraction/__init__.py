"""HTML to text: the main text of a web page, with its formatting. Imports no Beam."""

from massivetext.pipeline.extraction.extract import (
    EXTRACTORS,
    Engine,
    Extractor,
    Page,
    ShownBlock,
    extract_page,
    extract_text,
    show_blocks,
)

__all__ = [
    "EXTRACTORS",
    "Engine",
    "Extractor",
    "Page",
    "ShownBlock",
    "extract_page",
    "extract_text",
    "show_blocks",
]
