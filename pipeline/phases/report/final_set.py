"""What the corpus is made of, as the paper's appendix A.2 tells it of MassiveText.

Lengths in tokens, languages and their scores, domains and top-level domains of web pages. Counts of
an item add up to those of the run; sites are counted with the groups (`report.groups`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.group_keys import bin_order, length_bin, number_bin

_COLUMNS = ["text_bytes", "tokens", "language", "language_score"]


@dataclass(frozen=True)
class DescribeItem:
    """Counts the documents of an item that are in the corpus.

    Attributes:
        output: the output folder.
        bytes_per_token: of each subset, by which tokens are estimated where they are not counted;
            a subset that is not named has no lengths.
        sequence_length: in tokens, of the run's sequences.
    """

    output: str
    bytes_per_token: Mapping[str, float]
    sequence_length: int

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the counts by subset as statistics."""
        table = store.read_table(store.below(self.output, f"corpus/{item.name}.parquet"), _COLUMNS)
        tokens = tokens_of(table, self.bytes_per_token.get(item.subset))
        labels = Counter(name for name in table["language"].to_pylist() if name is not None)
        scores = Counter(map(number_bin, table["language_score"].drop_null().to_pylist()))
        found = {
            "documents": table.num_rows,
            "lengths": dict(Counter(map(length_bin, tokens))),
            "within": sum(n <= self.sequence_length for n in tokens),
            "languages": dict(labels),
            "scores": {name: n for name, n in scores.items() if name is not None},
        }
        return ItemResult(statistics={"final": {item.subset: found}})


def tokens_of(table: pa.Table, bytes_per_token: float | None) -> list[int]:
    """Returns the tokens of each document, counted or else estimated; none if neither is known.

    Args:
        table: has the columns `tokens`, which may be null, and `text_bytes`.
        bytes_per_token: what to divide by; None if nothing is known.
    """
    if not table["tokens"].null_count:
        return list(table["tokens"].to_pylist())
    if not bytes_per_token:
        return []
    estimated = np.rint(table["text_bytes"].to_numpy() / bytes_per_token).astype(np.int64)
    return list(np.maximum(estimated, 1).tolist())


def final_set(
    counted: Mapping[str, Any], sites: Mapping[str, Any], compression: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Returns `final_set` of `funnel.json`.

    Args:
        counted: the statistics of `DescribeItem`, by subset.
        sites: the domains and top-level domains of web pages (`groups.sites_record`).
        compression: of two tokenizers (`compression.compression_record`); None if not asked for.
    """
    subsets = {
        subset: {
            "documents": found.get("documents", 0),
            "within_a_sequence": found.get("within", 0) if found.get("lengths") else None,
            "lengths": _ordered(found.get("lengths", {})),
        }
        for subset, found in counted.items()
    }
    languages = merge_counts(found.get("languages", {}) for found in counted.values())
    scores = merge_counts(found.get("scores", {}) for found in counted.values())
    return {
        "subsets": subsets,
        "languages": dict(sorted(languages.items(), key=lambda pair: (-pair[1], pair[0]))),
        "language_scores": _ordered(scores),
        "sites": dict(sites),
        "compression": compression,
    }


def _ordered(bins: Mapping[str, int]) -> dict[str, int]:
    return {name: bins[name] for name in sorted(bins, key=bin_order)}
