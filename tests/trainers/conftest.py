"""Folders of shards, one a format, made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trainers import folders


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a run whose shards have some format; do not change it."""
    known: dict[str, Path] = {}

    def make(format_name: str) -> Path:
        if format_name not in known:
            known[format_name] = tmp_path_factory.mktemp(format_name)
            folders.make(known[format_name], format_name)
        return known[format_name]

    return make
