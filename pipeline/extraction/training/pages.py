"""Labelled pages: what the networks learn from, and what they are judged by."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.choice.score import first_matrix
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.html.page_tree import PageTree
from massivetext.pipeline.extraction.html.raw_tree import parse_raw
from massivetext.pipeline.extraction.main_text import parse_page

TRAINING_SETS: Final[dict[str, str]] = {
    "scrapinghub": "scrapinghub/article-extraction-benchmark, MIT",
    "wcxb_dev": "Murrough-Foley/web-content-extraction-benchmark (WCXB), CC-BY-4.0",
    "wcxb_test": "Murrough-Foley/web-content-extraction-benchmark (WCXB), CC-BY-4.0",
    "magic_article": "opendatalab/magic-html benchmark, Apache-2.0",
    "magic_forum": "opendatalab/magic-html benchmark, Apache-2.0",
    "zh69": "immortal-autumn/Chinese-Web-Content-Extraction-Dataset, MIT",
}
"""Sets with a stated license, and the license; pages of other sets are only evaluated."""

_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(f"[{_CJK}]|[^\\W{_CJK}]+")
SHINGLE: Final = 3
"""Our choice: tokens in a row by which a block is found in the gold text."""

_LONG: Final = 5
"""Our choice: blocks of fewer tokens are labelled by the long ones around them."""

_NEAR: Final = 4
_MIN_FOUND: Final = 0.3
"""Our choice: a page of whose gold text less is found in its blocks is not learned from."""

_MAX_BLOCKS: Final = 6000


def tokens(text: str) -> list[str]:
    """Words in lower case; every Chinese or Japanese character is a token of its own."""
    return _TOKEN.findall(text.lower())


@dataclass
class LabelledPage:
    """One page: its features, the label of every block, and what its score is computed from."""

    name: str
    collection: str
    domain: str
    tree: PageTree
    features: NDArray[np.int16]
    """Shape (blocks, first features)."""
    labels: NDArray[np.float32]
    """Share of each block that stands in the gold text."""
    weights: NDArray[np.float32]
    """How much each block counts: less than its tokens, more than one."""
    block_tokens: NDArray[np.int32]
    """Number of tokens of each block."""
    token_numbers: NDArray[np.int32]
    """Every token of the page as a number among the gold text's tokens, -1 if it has none."""
    gold_numbers: NDArray[np.int32]
    """The gold text as those numbers."""
    gold_counts: NDArray[np.int64]
    """How often each of them stands in the gold text."""
    is_sound: bool
    """Whether enough of the gold text was found to learn from the page."""

    @property
    def gold_tokens(self) -> int:
        """Number of tokens of the gold text."""
        return int(self.gold_counts.sum())

    def fold(self, folds: int) -> int:
        """Which fold the page's domain belongs to; all pages of a domain share one."""
        return hashlib.sha256(self.domain.encode()).digest()[0] % folds

    def token_f1(self, keep: NDArray[np.bool_]) -> float:
        """Token F1 (multisets) of the kept blocks against the gold text."""
        kept = self.token_numbers[np.repeat(keep, self.block_tokens)]
        if not len(kept) or not self.gold_tokens:
            return 0.0
        counts = np.bincount(kept[kept >= 0], minlength=len(self.gold_counts))
        common = int(np.minimum(counts, self.gold_counts).sum())
        return 2 * common / (len(kept) + self.gold_tokens)


def read_pages(folder: Path) -> Iterator[LabelledPage]:
    """The pages of a folder that have a gold text and at least one block, in order of name."""
    gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
    for name in sorted(gold):
        if gold[name]["gold"]:
            page = _labelled(name, gold[name], (folder / "html" / f"{name}.html").read_bytes())
            if page is not None:
                yield page


def _labelled(name: str, entry: dict[str, Any], html: bytes) -> LabelledPage | None:
    tree = parse_page(decode_page(html)[1], parse_raw).tree
    count = tree.blocks.shape[1]
    if not count:
        return None
    features = first_matrix(tree)
    blocks = [tokens(tree.block_text(block)) for block in range(count)]
    gold = tokens(entry["gold"])
    labels = _labels(blocks, gold)
    numbers = {token: number for number, token in enumerate(dict.fromkeys(gold))}
    gold_numbers = np.array([numbers[token] for token in gold], np.int32)
    lengths = np.array([len(block) for block in blocks], np.int32)
    found = lengths[(lengths >= _LONG) & (labels > 0.5)].sum()
    return LabelledPage(
        name,
        entry["set"],
        entry["domain"] or name,
        tree,
        features,
        labels,
        np.where(lengths > 0, np.clip(lengths, 1, 60) ** 0.75, 0.1).astype(np.float32),
        lengths,
        np.array([numbers.get(token, -1) for block in blocks for token in block], np.int32),
        gold_numbers,
        np.bincount(gold_numbers, minlength=len(numbers)),
        bool(found >= _MIN_FOUND * len(gold) and count <= _MAX_BLOCKS),
    )


def _labels(blocks: Sequence[list[str]], gold: list[str]) -> NDArray[np.float32]:
    """Share of each block's shingles in the gold text; surplus copies count as absent."""
    shingles = set(zip(*(gold[offset:] for offset in range(SHINGLE)), strict=False))
    text = f" {' '.join(gold)} "
    labels = np.zeros(len(blocks), np.float32)
    seen: Counter[str] = Counter()
    for number, block in enumerate(blocks):
        words = " ".join(block)
        if len(block) >= _LONG:
            own = list(zip(*(block[offset:] for offset in range(SHINGLE)), strict=False))
            labels[number] = sum(shingle in shingles for shingle in own) / len(own)
            if labels[number] > 0.5:
                seen[words] += 1
                if 1 < seen[words] > text.count(f" {words} "):
                    labels[number] = 0
        elif block and f" {words} " in text:
            labels[number] = 0.5
    is_long = np.array([len(block) >= _LONG for block in blocks])
    sure = np.flatnonzero(is_long & (labels > 0.5))
    for short in np.flatnonzero(~is_long & (labels == 0.5)):
        labels[short] = len(sure) > 0 and np.abs(sure - short).min() <= _NEAR
    return labels
