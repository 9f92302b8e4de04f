"""Tables that cannot be read: one line that says which run, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from massivetext.pipeline.engine.errors import UsageError


@contextmanager
def damaged_tables(output: str) -> Iterator[None]:
    """Turns what a damaged or missing table raises into a UsageError that names the remedy."""
    try:
        yield
    except (pa.ArrowInvalid, FileNotFoundError, KeyError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"a table in {output} is damaged or missing ({said}); `massivetext verify {output}` "
            "names it, and --repair makes it anew"
        ) from None
