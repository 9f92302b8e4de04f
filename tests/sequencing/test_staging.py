import io
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from massivetext.sequencing.shards import FORMATS, arrayrecord
from massivetext.sequencing.shards.staging import staged_in, staging_folder


class FullWriter:
    """Fails as the library does on a full disk."""

    paths: ClassVar[list[str]] = []

    def __init__(self, path: str, options: str) -> None:
        self.paths.append(path)

    def write(self, record: bytes) -> None:
        raise RuntimeError("write() failed: No space left on device; writing; at byte 65536")


def write() -> None:
    FORMATS["arrayrecord"].write(io.BytesIO(), np.zeros((2, 8), np.uint16))


def test_shards_are_staged_where_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = type("Module", (), {"ArrayRecordWriter": FullWriter})
    monkeypatch.setattr(arrayrecord, "array_record_module", module)
    with staged_in(str(tmp_path)), pytest.raises(OSError, match="No space left") as raised:
        write()
    assert raised.value.errno == 28
    assert str(tmp_path) in str(raised.value)
    assert "TMPDIR" not in str(raised.value)
    assert FullWriter.paths[-1].startswith(str(tmp_path))
    assert staging_folder() is None
    with pytest.raises(OSError, match=r"No space left on device in .*; set TMPDIR to a folder"):
        write()
    assert not list(tmp_path.iterdir())
