"""One run of the program: what to compute, where, and on what."""

from __future__ import annotations

from dataclasses import dataclass, field

from massivetext.config import Config
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine, Engine


@dataclass(frozen=True)
class Job:
    """A configuration and its output folder.

    Attributes:
        config: what to compute.
        output: the output folder, on any file system.
        engine: what runs the steps.
        restart: recompute phases whose settings have changed, instead of refusing.
        quiet: no progress display.
        against: output folders of older runs, which deduplication compares with.
    """

    config: Config
    output: str
    engine: Engine = field(default_factory=BeamEngine)
    restart: bool = False
    quiet: bool = False
    against: tuple[str, ...] = ()

    def path(self, path: str) -> str:
        """Returns the place of a path below the output folder (with forward slashes)."""
        return store.below(self.output, path)
