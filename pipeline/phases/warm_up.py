"""What a process of this machine loads before its first work; it imports little until then."""

from __future__ import annotations

from dataclasses import dataclass, replace

from massivetext.config import Config


@dataclass(frozen=True)
class WarmUp:
    """Imports all phases and loads the models and compiled code that a configuration needs."""

    config: Config

    def __call__(self) -> None:
        """Makes one document of each source, so that whatever is loaded late is loaded now."""
        from massivetext.pipeline.phases.documents import DocumentMaker, load_models
        from massivetext.pipeline.phases.phase import load_phase
        from massivetext.pipeline.phases.table import PHASES
        from massivetext.records import RawRecord

        for phase in PHASES:
            load_phase(phase)
        config = replace(self.config, measures=(), rules=(), edits=())  # the user's code runs later
        models = load_models(config)
        for source in config.sources:
            DocumentMaker(config, source, *models).make([RawRecord("", b"text")], "")
