"""Raw crawls and text collections in, the token shards of a Gopher-style model out.

The rooms, in the order of the data: `filters` (language, SafeSearch, quality, repetition), `dedup`
(near-duplicates, test sets), `sequencing` (tokens, crops, shards), `model` (the trainer), and
`pipeline`, where Beam, files and the command line stand around them.

The names of `__all__` are the Python face: docs/python.md shows them at work. Each is imported when
it is first asked for, so that `import massivetext` loads nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from massivetext.config import Config, ConfigError, Source
    from massivetext.config_file import load_config
    from massivetext.filters import failed_rules, measure
    from massivetext.pipeline.commands.whole_run import run_pipeline
    from massivetext.pipeline.extraction import extract_text
    from massivetext.pipeline.readers import ReadContext, read_file
    from massivetext.pipeline.transforms.deduplication import Deduplicate
    from massivetext.pipeline.transforms.documents import Document, SourceRecord
    from massivetext.pipeline.transforms.judging import Judge
    from massivetext.pipeline.transforms.reading import Extract, Read
    from massivetext.records import FailedRecord, RawRecord
    from massivetext.sequencing import ShardReader
    from massivetext.sequencing.tokenizer import load_tokenizer

__version__ = "0.1.0"

__all__ = [
    "Config",
    "ConfigError",
    "Deduplicate",
    "Document",
    "Extract",
    "FailedRecord",
    "Judge",
    "RawRecord",
    "Read",
    "ReadContext",
    "ShardReader",
    "Source",
    "SourceRecord",
    "extract_text",
    "failed_rules",
    "load_config",
    "load_tokenizer",
    "measure",
    "read_file",
    "run_pipeline",
]

_HOMES: Final = {
    "Config": "config",
    "ConfigError": "config",
    "Deduplicate": "pipeline.transforms.deduplication",
    "Document": "pipeline.transforms.documents",
    "Extract": "pipeline.transforms.reading",
    "FailedRecord": "records",
    "Judge": "pipeline.transforms.judging",
    "RawRecord": "records",
    "Read": "pipeline.transforms.reading",
    "ReadContext": "pipeline.readers",
    "ShardReader": "sequencing",
    "Source": "config",
    "SourceRecord": "pipeline.transforms.documents",
    "extract_text": "pipeline.extraction",
    "failed_rules": "filters",
    "load_config": "config_file",
    "load_tokenizer": "sequencing.tokenizer",
    "measure": "filters",
    "read_file": "pipeline.readers",
    "run_pipeline": "pipeline.commands.whole_run",
}
"""The module below this package that holds each name."""


def __getattr__(name: str) -> Any:
    """Returns what a name of `__all__` stands for, from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
