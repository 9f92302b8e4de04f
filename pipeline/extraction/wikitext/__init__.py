"""Wikitext to text: what a reader of the rendered page would read, in one compiled walk.

`marks` finds in one pass which brackets and tags belong together; `walk` goes through the page and
writes its text, with a file of its own for each thing that it meets; where a template stands whose
value is part of a sentence it asks `values`.
"""

from __future__ import annotations

from massivetext.pipeline.extraction.wikitext.article import article_text

__all__ = ["article_text"]
