"""A folder that appears when it is whole, and not before."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
from collections.abc import Iterator

from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.lock import is_at

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Yields an empty folder to write to, which gets its name when the block has ended well.

    Until then it is `<path>.part`, and goes if the block fails or the program is interrupted. What
    a killed program has left of it goes when the next one begins.

    Args:
        path: local; missing or an empty folder.

    Raises:
        UsageError: if something is there, another program writes it just now, or nobody can.
    """
    if os.path.lexists(path) and not (os.path.isdir(path) and not os.listdir(path)):
        raise UsageError(f"{path} exists; name a folder that is new or empty")
    part = f"{path}.part"
    with contextlib.ExitStack() as stack:
        atexit.register(stack.close)  # an interrupt ends the program without leaving the block
        stack.callback(atexit.unregister, stack.close)
        try:
            stack.enter_context(_held(part))
            _clear(part)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
        unfinished = stack.enter_context(contextlib.ExitStack())
        unfinished.callback(shutil.rmtree, part, ignore_errors=True)
        yield part
        os.rename(part, path)
        unfinished.pop_all()  # what has this name from now on is another program's


@contextlib.contextmanager
def _held(folder: str) -> Iterator[None]:
    """Makes a folder, or takes over one that nobody uses any more, and keeps others away."""
    if fcntl is None:
        os.makedirs(folder, exist_ok=True)
        yield
        return
    while True:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _lock(descriptor, folder)
            if is_at(folder, descriptor):  # else its holder has renamed or deleted it meanwhile
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, folder: str) -> None:
    assert fcntl is not None  # as `_held` has seen
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            f"another program writes {folder}; wait for its end, or name another folder"
        ) from None


def _clear(folder: str) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
