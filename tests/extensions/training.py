"""Training in a copy of the project: small shards, and the command line on two devices."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from tests.extensions.project_copy import ProjectCopy

SHARDS: Final = """
from pathlib import Path
from tests.model.test_commands import small_tokenizer, write_shards
write_shards(Path({!r}), small_tokenizer(300))
"""

CLI: Final = "import sys; from massivetext.pipeline.commands.cli import main; sys.exit(main({!r}))"

FLAGS: Final = "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"


def write_shards(project: ProjectCopy, folder: Path) -> Path:
    """Writes four records; in the copy, so that this process needs no JAX."""
    project.python("-c", SHARDS.format(str(folder)))
    return folder


def command(project: ProjectCopy, *arguments: object) -> str:
    """Runs a command of the copy on two devices; returns what it printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", FLAGS)
        patch.setitem(os.environ, "JAX_PLATFORMS", "cpu")
        return project.python("-c", CLI.format([str(argument) for argument in arguments]))


def log(output: Path) -> list[dict[str, Any]]:
    """Returns the metrics of a run, a row a step."""
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
