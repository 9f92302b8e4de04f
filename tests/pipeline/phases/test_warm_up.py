"""What a process loads before its work: what its sources need, and nothing else."""

import subprocess
import sys

import pytest

LOADED = """
import sys
from massivetext.config import Config, Source
from massivetext.pipeline.phases.warm_up import WarmUp

WarmUp(Config(sources=(Source("a", {kind!r}, {format!r}, "*"),)))()
print(*sys.modules)
"""

WIKITEXT = "massivetext.pipeline.extraction.wikitext.walk"
HTML = "massivetext.pipeline.extraction.extract"


@pytest.mark.parametrize(
    ("kind", "format", "needed"),
    [("text", "wikipedia", {WIKITEXT}), ("web", "warc", {HTML}), ("text", "jsonl", set())],
)
def test_kernels_are_loaded_early_where_a_source_needs_them(
    kind: str, format: str, needed: set[str]
) -> None:
    code = LOADED.format(kind=kind, format=format)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) & {WIKITEXT, HTML} == needed
