"""Sums of what stays now and what would: documents, bytes and tokens, by subset, domain, length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.packed import row_of
from massivetext.filters.hosts import host_of
from massivetext.filters.public_suffixes import public_suffixes
from massivetext.pipeline.commands.whatif.rows import TABLE_FOLDERS, Rows, StoredRun, by_place
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.report.funnel import (
    TOKENS_COUNTED,
    TOKENS_ESTIMATED,
    TOKENS_UNKNOWN,
)

TOP_DOMAINS: Final = 20
"""Our choice: domains that win or lose most bytes; of the others the number is told."""


@dataclass(frozen=True)
class TokenCounts:
    """How tokens are told of.

    Attributes:
        are: counted in every text, estimated from the bytes a token of each subset, or unknown.
        bytes_per_token: of each subset, if they are estimated.
    """

    are: str
    bytes_per_token: Mapping[str, float]

    def of(self, subset: str, text_bytes: int, counted: int) -> int | None:
        """Returns the tokens of some texts of a subset."""
        if self.are == TOKENS_COUNTED:
            return counted
        if self.are == TOKENS_ESTIMATED:
            return round(text_bytes / self.bytes_per_token[subset])
        return None


def token_counts(is_counted: bool, bytes_per_token: Mapping[str, float]) -> TokenCounts:
    """Returns how tokens are told of, given what is known."""
    if is_counted:
        return TokenCounts(TOKENS_COUNTED, {})
    return TokenCounts(TOKENS_ESTIMATED if bytes_per_token else TOKENS_UNKNOWN, bytes_per_token)


@dataclass(frozen=True)
class Change:
    """What stays now, and what would.

    Attributes:
        run: whose documents they are.
        rows: the documents.
        tokens: how tokens are told of.
        before: bool (rows,), what is in `corpus/`.
        after: bool (rows,), what would be.
    """

    run: StoredRun
    rows: Rows
    tokens: TokenCounts
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]

    @property
    def sets(self) -> dict[str, NDArray[np.bool_]]:
        """The four sets of documents that are summed up."""
        won, lost = self.after & ~self.before, self.before & ~self.after
        return {"before": self.before, "after": self.after, "won": won, "lost": lost}

    def by_subset(self) -> dict[str, dict[str, int | None]]:
        """Returns documents, bytes and tokens of each of the four sets, by subset."""
        names = [self.run.subset(number) for number in range(len(self.run.items))]
        subsets = list(self.run.config.subsets)
        numbers = np.array([subsets.index(name) for name in names], np.int64)[self.rows.items]
        told: dict[str, dict[str, int | None]] = {subset: {} for subset in subsets}
        for which, chosen in self.sets.items():
            sizes = [numbers[chosen], self.rows.text_bytes[chosen], self.rows.tokens[chosen]]
            documents = np.bincount(sizes[0], minlength=len(subsets)).tolist()
            text_bytes, tokens = (_sums(sizes[0], size, len(subsets)) for size in sizes[1:])
            for number, subset in enumerate(subsets):
                told[subset] |= {
                    f"documents_{which}": documents[number],
                    f"bytes_{which}": text_bytes[number],
                    f"tokens_{which}": self.tokens.of(subset, text_bytes[number], tokens[number]),
                }
        return told

    def by_domain(self) -> dict[str, Any]:
        """Returns documents and bytes won and lost, of the domains with most bytes of them."""
        found: dict[str, dict[str, int]] = {}
        for which in ("won", "lost"):
            chosen = np.flatnonzero(self.sets[which])
            sizes = self.rows.text_bytes[chosen].tolist()
            domains = self._domains(self.rows.addresses[chosen])
            for domain, size in zip(domains, sizes, strict=True):
                counts = found.setdefault(domain, dict.fromkeys(_WON_AND_LOST, 0))
                counts[f"documents_{which}"] += 1
                counts[f"bytes_{which}"] += size
        order = sorted(found, key=lambda name: (-_moved_bytes(found[name]), name))
        top = {name: found[name] for name in order[:TOP_DOMAINS]}
        return {"count": len(found), "top": [{"domain": n, **c} for n, c in top.items()]}

    def _domains(self, addresses: NDArray[np.uint64]) -> Iterator[str]:
        """Yields the registered domain of each document, "" without one."""
        suffixes, known = public_suffixes(), dict[str, str]()
        for place, mine in by_place(addresses):
            path = self.run.path(TABLE_FOLDERS[place % 2], place // 2)
            urls = store.read_columns(path, ["url"])["url"].take(row_of(mine)).to_pylist()
            for url in urls:
                host = host_of(url or "")
                if host not in known:
                    known[host] = suffixes.registered_domain(host) if host else ""
                yield known[host]

    def by_length(self) -> list[dict[str, int]]:
        """Returns documents and bytes won and lost by the length of the text, in powers of two."""
        sizes = self.rows.text_bytes
        bins = np.ceil(np.log2(np.maximum(sizes, 1))).astype(np.int64)
        told = []
        won, lost = self.sets["won"], self.sets["lost"]
        for number in np.unique(bins[won | lost]).tolist():
            here = bins == number
            told.append(
                {
                    "bytes_from": 2 ** (number - 1) + 1 if number else 0,
                    "bytes_to": 2**number,
                    "documents_won": int((won & here).sum()),
                    "bytes_won": int(sizes[won & here].sum()),
                    "documents_lost": int((lost & here).sum()),
                    "bytes_lost": int(sizes[lost & here].sum()),
                }
            )
        return told


_WON_AND_LOST: Final = ("documents_won", "bytes_won", "documents_lost", "bytes_lost")


def _moved_bytes(counts: Mapping[str, int]) -> int:
    return counts["bytes_won"] + counts["bytes_lost"]


def _sums(numbers: NDArray[np.int64], sizes: NDArray[np.int64], count: int) -> list[int]:
    """Returns the exact sum of the sizes of each number from 0 on."""
    return [int(sizes[numbers == number].sum()) for number in range(count)]


def total(subsets: Mapping[str, Mapping[str, int | None]]) -> dict[str, int | None]:
    """Returns the sums over all subsets; None where one is not known."""
    told: dict[str, int | None] = {}
    for name in next(iter(subsets.values()), {}):
        values = [counts[name] for counts in subsets.values()]
        known = [value for value in values if value is not None]
        told[name] = sum(known) if len(known) == len(values) else None
    return told
