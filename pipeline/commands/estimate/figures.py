"""The figures of an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PhaseEstimate:
    """What a phase will cost.

    Attributes:
        read_bytes: from files, inputs and results of other phases.
        shuffled_bytes: through GroupByKeys.
        written_bytes: into the output folder, what is deleted later included.
        core_seconds: CPU time.
    """

    read_bytes: float
    shuffled_bytes: float
    written_bytes: float
    core_seconds: float


@dataclass(frozen=True)
class SubsetEstimate:
    """What will become of a subset's records, and how many of them were looked at."""

    records: float
    documents: float
    corpus: float
    tokens: float
    sampled: int


@dataclass(frozen=True)
class Estimate:
    """What a run will give and cost.

    Attributes:
        subsets: by name.
        phases: by name.
        start_seconds: CPU time until a process has loaded everything.
            That of compiling is not counted: it is spent once for each installation.
        disk_bytes: the most that lies in the output folder, when the shards are just written.
        kept_bytes: what lies there when the run has ended.
        shard_tokens: tokens in the shards.
        spent_seconds: CPU time that the estimate took.
        unsplit: large files that one worker must read alone, and their sizes in bytes.
    """

    subsets: Mapping[str, SubsetEstimate]
    phases: Mapping[str, PhaseEstimate]
    start_seconds: float
    disk_bytes: float
    kept_bytes: float
    shard_tokens: float
    spent_seconds: float
    unsplit: Mapping[str, int]

    def total(self, name: str) -> float:
        """Returns the sum of an attribute of the phases."""
        return sum(getattr(phase, name) for phase in self.phases.values())

    @property
    def core_hours(self) -> float:
        """CPU time of a run on one machine, start included, in hours."""
        return (self.start_seconds + self.total("core_seconds")) / 3600
