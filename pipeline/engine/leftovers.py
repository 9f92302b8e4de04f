"""What killed runs leave in an output folder: temporary files, and uploads that never ended."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Final

from massivetext.pipeline.engine import store

_OURS: Final = re.compile(r"(?:[0-9a-f]{32}|massivetext)-")
"""What the names of temporary files begin with (`store.commit`), and of staged shards."""


def clear(output: str, beam_options: Sequence[str]) -> None:
    """Deletes what no run will finish; nobody may be writing to the folder.

    Args:
        output: the output folder.
        beam_options: for the client of the store.
    """
    found = store.sizes_below(output, store.TEMPORARY)
    names = {path: path.removeprefix(f"{store.TEMPORARY}/") for path in found}
    store.delete_files(output, [path for path, name in names.items() if _OURS.match(name)])
    if output.startswith("s3://"):
        # A store that does not list them, or not to us, is none of the run's faults.
        with contextlib.suppress(OSError):
            _abort_uploads(output, beam_options)


def _abort_uploads(output: str, beam_options: Sequence[str]) -> None:
    from apache_beam.options.pipeline_options import PipelineOptions

    from massivetext.pipeline.engine.s3 import abort_uploads

    bucket, _, folder = output.removeprefix("s3://").partition("/")
    prefix = f"{folder.rstrip('/')}/{store.TEMPORARY}/".lstrip("/")
    abort_uploads(PipelineOptions(list(beam_options)), bucket, prefix)
