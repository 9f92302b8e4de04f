"""What the names of `massivetext.formats` lead to."""

from __future__ import annotations

import typing

import pytest

from massivetext import formats
from massivetext.config import TestSetFormat
from massivetext.dedup import testsets
from massivetext.pipeline.readers import READERS
from massivetext.sequencing.shards import FORMATS


def test_every_name_has_its_code_and_only_it() -> None:
    assert list(READERS) == list(formats.SOURCE_FORMATS)
    assert list(FORMATS) == list(formats.SHARD_FORMATS)
    assert set(testsets._READERS) == set(typing.get_args(TestSetFormat))


def test_formats_are_of_known_kinds() -> None:
    known = set(typing.get_args(formats.SourceKind))
    for name, kinds in formats.SOURCE_FORMATS.items():
        assert set(kinds) <= known, name
        assert kinds, name


@pytest.mark.parametrize("table", [formats.SOURCE_FORMATS, READERS, FORMATS])
def test_tables_cannot_be_changed(table: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        table["new"] = None
