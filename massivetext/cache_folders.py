"""Where things may be kept that a later process of this user needs not make again.

Of these folders the first one is used that can be written to; whoever finds none goes without.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path


def cache_folders(name: str) -> Iterator[Path]:
    """Yields the folders for a purpose, in turn: in the user's cache, then in a private place.

    Args:
        name: of the purpose; a folder below the user's cache, a part of a name below the temporary
            folder.
    """
    user = user_folder()
    if user is not None:
        yield user / name
    private = private_folder(name)
    if private is not None:
        yield private


def user_folder() -> Path | None:
    """Returns our folder in the user's cache, or None for a user without a home."""
    cache = Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache"))
    return cache / "massivetext" if cache.is_absolute() else None  # "~" stays as it is then


def private_folder(name: str) -> Path | None:
    """Returns a folder below the temporary one that only this user can write, or None.

    What lies in a cache is trusted: a folder that somebody else made or may write is not used.
    """
    if not hasattr(os, "getuid"):
        return None
    try:
        folder = Path(tempfile.gettempdir(), f"massivetext-{name}-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else None
