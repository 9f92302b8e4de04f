"""What is read of files that a run has written itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from massivetext.pipeline.commands.estimate.costs import REST, Cost

FOOTER_BYTES: Final = 1 << 16
"""What pyarrow reads first of a Parquet file, at its end: all of a small file."""


@dataclass(frozen=True)
class Reading:
    """Reads of the files of a run.

    Attributes:
        written: bytes by phase, subset and folder.
        items: work items by subset; each has one file in a folder.
        text_share: the part of a documents file that its texts and names are.
    """

    written: Mapping[Cost, float]
    items: Mapping[str, int]
    text_share: float

    def size(self, *folders: str) -> float:
        """Returns the bytes of all files in these folders."""
        return sum(n for cost, n in self.written.items() if cost.quantity in folders)

    def footers(self, folder: str, subsets: Collection[str] = ()) -> float:
        """Returns the bytes read to open all Parquet files of a folder, or of some subsets once."""
        return sum(
            min(n, FOOTER_BYTES * self.items[cost.subset])
            for cost, n in self._files(folder, subsets).items()
        )

    def texts(self, folder: str, subsets: Collection[str] = ()) -> float:
        """Returns the bytes read for all texts of a folder, or of some subsets once."""
        size_bytes = sum(self._files(folder, subsets).values())
        return self.text_share * size_bytes + self.footers(folder, subsets)

    def _files(self, folder: str, subsets: Collection[str]) -> dict[Cost, float]:
        return {
            cost: n
            for cost, n in self.written.items()
            if cost.quantity == folder and cost.subset != REST
            if not subsets or cost.subset in subsets
        }
