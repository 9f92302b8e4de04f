"""The kept blocks as Markdown: CommonMark with the tables of GitHub, and TeX between dollar signs.

The choice of blocks is that of the text form, and so are their order, their lines and the numbers
of lists. Not compiled: it is made for the kept blocks alone, beside a text that has been made.

- `page` gathers what the layout knows of the kept blocks.
- `coverage` puts what inline elements cover in order; `inline` writes the text of a block.
- `pieces` makes paragraphs, headings, code and tables of the blocks; `tables` and `languages` help.
- `document` writes the pieces one below the other, in their lists and quotations.
"""

from massivetext.pipeline.extraction.markdown.document import markdown_of
from massivetext.pipeline.extraction.markdown.escapes import plain_markdown

__all__ = ["markdown_of", "plain_markdown"]
