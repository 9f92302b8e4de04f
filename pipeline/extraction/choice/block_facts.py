"""Facts of blocks: what stands in the text of each (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper
from massivetext.pipeline.extraction.choice import page_facts as pf
from massivetext.pipeline.extraction.choice import text_words
from massivetext.pipeline.extraction.choice.logarithm import LARGEST_BLOCK, scaled_down
from massivetext.pipeline.extraction.hashing import FREE, mix, number_of
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.automaton import word_search

PROSE: Final = 40
"""Our choice: characters outside links from which a block counts as prose in the features."""

_search_words: Final = word_search(text_words.PATTERNS)
_WORDY: Final = 200
"""Our choice: a longer block (in characters) does not count as a label."""


_KEY_BYTES: Final = 32
"""Our choice: blocks of one length that begin with the same bytes count as copies."""


@helper
def describe_blocks(tree: Any, facts: Any) -> None:
    """Fill the facts of all blocks, and the prose before each."""
    facts.prose_before[0] = 0
    facts.keys[:] = FREE
    texts = 0
    for block in range(tree.blocks.shape[1]):
        key = _describe_text(tree, block, facts.blocks)
        text = number_of(key, facts.keys, facts.numbers, texts)
        if text == texts:
            facts.members[text] = 0
            texts += 1
        facts.members[text] += 1
        facts.blocks[pf.FACT_COPIES, block] = text
        prose = facts.blocks[pf.FACT_PROSE, block]
        facts.prose_before[block + 1] = facts.prose_before[block] + prose
    for block in range(tree.blocks.shape[1]):
        text = facts.blocks[pf.FACT_COPIES, block]
        facts.blocks[pf.FACT_COPIES, block] = facts.members[text]


@helper
def _describe_text(tree: Any, block: Any, facts: Any) -> Any:
    """Fill the facts that stand in a block's text; a hash of its length and beginning."""
    text = tree.text_utf8
    start, stop = tree.blocks[pt.BLOCK_START, block], tree.blocks[pt.BLOCK_STOP, block]
    characters = tree.blocks[pt.BLOCK_CHARACTERS, block]
    punctuation, spaces, capitals, digits, foreign = 0, 0, 0, 0, 0
    for position in range(start, stop):
        byte = text[position]
        if byte == 32:
            spaces += 1
        elif byte >= 0x80:
            foreign += byte >= 0xC0
            if byte == 0xE3:
                punctuation += text[position + 1] == 0x80 and text[position + 2] <= 0x82
            elif byte == 0xEF:
                punctuation += text[position + 1] == 0xBC and text[position + 2] == 0x8C
        elif byte == 44 or byte == 46 or byte == 33 or byte == 63 or byte == 59:
            punctuation += position + 1 == stop or text[position + 1] <= 32
        elif 65 <= byte <= 90:
            capitals += 1
        elif 48 <= byte <= 57:
            digits += 1
    links = tree.blocks[pt.BLOCK_LINK_CHARACTERS, block]
    facts[pf.FACT_CHARACTERS, block] = min(characters, LARGEST_BLOCK)
    facts[pf.FACT_DENSITY, block] = pf.SHARE * links // characters
    facts[pf.FACT_PUNCTUATION, block] = scaled_down(punctuation, characters)
    facts[pf.FACT_WORDS, block] = scaled_down(spaces + 1, characters)
    facts[pf.FACT_CAPITALS, block] = pf.SHARE * capitals // characters
    facts[pf.FACT_DIGITS, block] = pf.SHARE * digits // characters
    facts[pf.FACT_FOREIGN, block] = pf.SHARE * foreign // characters
    facts[pf.FACT_MARKS, block] = _marks(text, start, stop)
    facts[pf.FACT_GROUPS, block] = _text_groups(text, start, stop) if characters < _WORDY else 0
    prose = scaled_down(characters - links, characters)
    facts[pf.FACT_PROSE, block] = prose if prose >= PROSE else 0
    key = stop - start
    for position in range(start, min(start + _KEY_BYTES, stop)):
        key = mix(key, text[position])
    return key


_SENTENCE_ENDS: Final = (0xE38082, 0xEFBC81, 0xEFBC9F, 0xE2809D, 0xE280A6)
"""UTF-8 of the ideographic full stop, wide ! and ?, closing quote, ellipsis."""


@helper
def _marks(text: Any, start: Any, stop: Any) -> Any:
    byte = text[stop - 1]
    marks = int(byte in (46, 33, 63, 58, 34))
    if stop - start >= 3 and byte >= 0x80:
        code = text[stop - 3] << 16 | text[stop - 2] << 8 | byte
        marks = int(code in _SENTENCE_ENDS)
    return marks + 2 * (65 <= text[start] <= 90)


@helper
def _text_groups(text: Any, start: Any, stop: Any) -> Any:
    """Bit set of the groups of `text_words` in a text."""
    _, bits = _search_words(text, start, stop, np.uint32(0))
    return bits
