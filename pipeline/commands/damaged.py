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
    except OSError as error:
        # Arrow's own errors have no number: data that cannot be decompressed.
        if error.errno is not None and not isinstance(
            error, (FileNotFoundError, IsADirectoryError)
        ):
            raise
        raise _damaged(output, error) from None
    except (pa.ArrowInvalid, KeyError) as error:
        raise _damaged(output, error) from None


def _damaged(output: str, error: Exception) -> UsageError:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UsageError(
        f"a table in {output} is damaged or missing ({said}); `massivetext verify {output}` "
        "names it, and --repair rebuilds it"
    )
