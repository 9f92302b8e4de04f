"""HTML to a `PageTree`: the page's block elements and its blocks of text, as flat arrays.

Two parsers fill the same arrays (`page_tree`): `raw_tree` reads the bytes in one compiled pass, and
`lxml_tree` walks the tree that lxml builds. Both read what an element means from one table
(`elements`). The rest of this page tells how `raw_*` reads a page.

**One loop, five readers.** `raw_tree._read` looks at the byte at its position, hands the page to
the reader for what begins there, and goes on where that reader stopped. A reader goes back only to
the start of a title that never ends or of a reference that is none, so time is linear in the page's
size.

                      +------------------------------------------------------+
                      v                                                      |
      any byte   +---------+   `<` and a letter    +------------+            |
     +---------->| _read   |---------------------->| start tag  |            |
     |           |         |                       | name,      |--- `>` ----+
     |           |         |                       | attributes |            |
     |           |         |                       +------------+            |
     |           |         |                         | of script, style,     |
     |           |         |                         | title, textarea, ...  |
     |           |         |                         v                       |
     |           |         |                       +------------+            |
     |           |         |                       | raw text   |- its end --+
     |           |         |                       +------------+    tag     |
     |           |         |  `</` and a letter    +------------+            |
     |           |         |---------------------->| end tag    |--- `>` ----+
     |           |         |                       +------------+            |
     |           |         |  `<!` `<?` `</`       +------------+  `-->`     |
     |           |         |---------------------->| comment,   |- or `>` ---+
     |           |         |                       | doctype    |
     |           |         |                       +------------+
     |           |         |  all else             +------------+
     |           |         |---------------------->| text,      |
     |           +---------+                       | references |
     |                                             +------------+
     +------------------ at the next `<` -----------------+

- Text (`raw_text.scan_text`): copies printable ASCII as it is, resolves references (`&amp;`), drops
  characters that nobody sees. White space is not written but remembered (`SPACE`), and settled by
  the next character (`raw_blocks.begin_word`); in `pre` it is written as it stands.
- Start tag: the name is hashed while it is read, which gives the tag's number. `raw_attributes`
  notes where the values of the attributes that matter stand, and skips the others.
  `raw_tags.open_element` ends what the tag ends by implication (`li` ends `li`, a block ends `p`,
  a paragraph ends an open `svg`), opens a node if the element is a block, and pushes it on the
  stack. `styles` tells what its `style` says, `name_words` its names, `raw_hiding` whether and why
  a reader does not see it.
- Raw text: its content is skipped up to its own end tag; that of `title` is remembered, and that of
  a script that holds a formula is written.
- End tag: `raw_tags.close_element` looks for its element on the stack, and closes all above it; an
  end tag that fits nothing is left out.
- Inline elements that end (`raw_ends`): links that are controls (a pilcrow, an arrow back,
  `[edit]`) are taken back, raised digits written as such, quotations and readings of `ruby` closed.
- Inline elements that begin (`raw_inline`): links are counted, quotations and readings opened. What
  `em`, `code` or a link covers, and the names of blocks, are noted if the Markdown form needs them
  (`raw_spans`).
- Formulas (`raw_formulas`) are written as their TeX, if the page has it; what was read of a formula
  before its TeX came is taken back.
- In an element that is not shown (`IN_HIDDEN` on the stack) text is skipped and elements are only
  pushed and popped. Long text of which a second look may make something is counted
  (`VEILED_BYTES`). With `SHOW_HIDDEN` it is read, and its blocks say why it was hidden
  (`page_tree.PLACE_FLAGS`).

**Blocks.** A block of text ends (`raw_blocks.end_block`) where a block element begins or ends, at
two `br` in a row, and at the end of the page. If it holds a character, its row is written and the
next one begins; if not, what was written is taken back. The margin of a block is the largest that
the tags since the last block ask for.

**Memory.** A page is a `raw_state.Reader`: the bytes, the stack of open elements, the arrays that
are filled, and `state`, integers in named slots:

| slots | meaning | written by |
|---|---|---|
| `TEXT` `BLOCK_START` | end of the text buffer, start of the open block in it | all |
| `CHARACTERS` `LINK_CHARACTERS` `LINKS` | counts of the open block | `raw_blocks` |
| `SPACE` | white space, or the start of a line, stands before the next character | all |
| `INDENT` | columns of no-break spaces since the last line break | `raw_blocks` |
| `FORMULA_STOP` | where the last formula ends; an image of it is not read again | `raw_formulas` |
| `PLACED` `PLACED_AT` | characters in inline elements at places of their own | `raw_blocks` |
| `VEILED_BYTES` `NEXT` | bytes of hidden text; where the tag that is acted on ends | `raw_tree` |
| `SPANS` | spans noted | `raw_spans` |
| `HAS_FRAMES` | a frame's document stands in the page (`frames` puts it there) | `raw_tree` |
| `BREAKS` | `br` since the last character | `raw_tree`; cleared by `raw_blocks` |
| `PENDING_LINKS` | links since the last character | `raw_tags`; cleared by `raw_blocks` |
| `BLOCKS` `MARGIN` | blocks written, margin of the next | `raw_blocks`; `MARGIN` by all |
| `NODES` `DEPTH` | nodes written, height of the stack | `raw_tags` |
| `TITLE_START` `TITLE_STOP` `UNENDED` | the title; elements without an end ahead | `raw_tree` |
| `SHOW_HIDDEN` | read what is hidden, too | set once, by `raw_state.reader_of` |
"""
