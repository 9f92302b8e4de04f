"""Where formats whose libraries write to paths only keep a shard on its way to its stream."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_folder: ContextVar[str | None] = ContextVar("staging folder", default=None)


@contextmanager
def staged_in(folder: str | None) -> Iterator[None]:
    """Lets shards that are written in the block be staged in a local folder.

    Args:
        folder: where there is room for what is written anyway; None means the system's (TMPDIR).
    """
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def staging_folder() -> str | None:
    """Returns the folder, or None for the system's."""
    return _folder.get()


def staging_in_words() -> str:
    """Returns the folder for a message about what is wrong with it, and what to do."""
    if (folder := _folder.get()) is not None:
        return folder
    return (
        f"{tempfile.gettempdir()}, where shards are made before they go to the output; "
        "set TMPDIR to a folder with room for one"
    )
