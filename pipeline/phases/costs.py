"""What a phase's costs grow with: stated by the phase, measured and extended by `estimate`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from massivetext.config import Config

FOOTER_BYTES: Final = 1 << 16
"""What pyarrow reads first of a Parquet file, at its end: all of a small file."""


@dataclass(frozen=True)
class SubsetVolumes:
    """How much there is of a subset, in a run of a sample or in all.

    Attributes:
        items: work items.
        records: that hold a document.
        raw_bytes: of those records.
        documents: kept by CURATE.
        unique: of those, kept by DEDUP.
        corpus: of those, kept by DECONTAMINATE.
        corpus_bytes: their text.
        crops: drawn.
        tokens: in those crops.
        training_bytes: text that the tokenizer learns from.
    """

    items: float = 0
    records: float = 0
    raw_bytes: float = 0
    documents: float = 0
    unique: float = 0
    corpus: float = 0
    corpus_bytes: float = 0
    crops: float = 0
    tokens: float = 0
    training_bytes: float = 0


@dataclass(frozen=True)
class Volumes:
    """How much there is in all.

    Attributes:
        subsets: by name.
        shard_tokens: tokens in the shards.
    """

    subsets: Mapping[str, SubsetVolumes]
    shard_tokens: float = 0

    def total(self, name: str) -> float:
        """Returns an attribute of the volumes: a sum over all subsets, or `shard_tokens`."""
        if name == "shard_tokens":
            return self.shard_tokens
        return sum(getattr(subset, name) for subset in self.subsets.values())


@dataclass(frozen=True)
class Files:
    """Files that a phase writes.

    Attributes:
        folder: where they lie, or the path of a single file, below the output folder.
        grows_with: name of a volume, or "" for what is always the same.
        exponent: of that volume: 1, or less for what repeats itself.
        overwritten: whether they are deleted so soon that they never lie beside what comes after.
    """

    folder: str
    grows_with: str
    exponent: float = 1.0
    overwritten: bool = False


@dataclass(frozen=True)
class Forecast:
    """The whole input's run, as far as it is known when reads and shuffles are asked for.

    Attributes:
        config: of the run.
        volumes: of all input.
        tried: of the sample.
        findings: of each phase in the run of the sample.
        written: bytes by folder (as phases state them) and subset; "" stands for no subset.
        input_bytes: stored bytes of all input files.
        text_share: the part of a documents file that its texts and names are.
        draws: how often each subset's corpus is read for its crops.
        visit_tokens: in the crops that one visit of all text gives.
    """

    config: Config
    volumes: Volumes
    tried: Volumes
    findings: Mapping[str, Mapping[str, Any]]
    written: Mapping[tuple[str, str], float]
    input_bytes: float
    text_share: float
    draws: Mapping[str, int]
    visit_tokens: float

    def size(self, *folders: str) -> float:
        """Returns the bytes of all files in these folders."""
        return sum(n for (folder, _), n in self.written.items() if folder in folders)

    def footers(self, folder: str, subsets: Collection[str] = ()) -> float:
        """Returns the bytes read to open all Parquet files of a folder, or of some subsets once."""
        return sum(
            min(n, FOOTER_BYTES * self.volumes.subsets[subset].items)
            for subset, n in self._files(folder, subsets).items()
        )

    def texts(self, folder: str, subsets: Collection[str] = ()) -> float:
        """Returns the bytes read for all texts of a folder, or of some subsets once."""
        size_bytes = sum(self._files(folder, subsets).values())
        return self.text_share * size_bytes + self.footers(folder, subsets)

    def _files(self, folder: str, subsets: Collection[str]) -> dict[str, float]:
        return {
            subset: n
            for (place, subset), n in self.written.items()
            if place == folder and subset and (not subsets or subset in subsets)
        }


def nothing(forecast: Forecast) -> float:
    """Stands for a phase that reads nothing, or sends nothing through a shuffle."""
    del forecast
    return 0.0


@dataclass(frozen=True)
class Costs:
    """What a phase's costs grow with, by names of volumes.

    Attributes:
        items: the CPU time of its work items.
        steps: that of the items of steps whose names begin so, where it differs.
        rest: what its pipelines take beside their work items.
        program_is_constant: whether what it does outside pipelines takes the same time for
            whatever input; else that grows as `rest` does.
        files: what it writes; what is not stated grows with raw_bytes.
        reads: stored bytes that it reads.
        shuffles: bytes that it sends through GroupByKeys, but for names of work items.
    """

    items: str = "raw_bytes"
    steps: Mapping[str, str] = field(default_factory=dict)
    rest: str = "documents"
    program_is_constant: bool = False
    files: tuple[Files, ...] = ()
    reads: Callable[[Forecast], float] = nothing
    shuffles: Callable[[Forecast], float] = nothing
