"""HTML to text: the main text of a web page, with its formatting. Imports no Beam."""

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
