"""Faults of file systems: which may pass, what they say in a line, and which stream met one."""

from __future__ import annotations

import copy
import errno
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

from apache_beam.io.filesystem import BeamIOError

from massivetext.pipeline.engine.errors import StoreError

_LASTING_ERRORS: Final = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EFBIG,
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.EILSEQ,
        errno.ELOOP,
        errno.EXDEV,
        errno.ESPIPE,
        errno.ENXIO,
        errno.ENODEV,
        errno.EOPNOTSUPP,
    )
)
"""Faults of a store that waiting does not mend."""


def is_transient(error: OSError) -> bool:
    """Whether a retry may succeed; on a full disk, for example, it cannot."""
    errors = list(_with_causes(error))
    return not any(map(_is_lasting, errors)) and not any(map(_holds_refusal, errors))


def plain_fault(error: OSError) -> OSError:
    """Returns what a file system met, of an error that Beam wrapped around it, or the error."""
    if not isinstance(error, BeamIOError) or not error.exception_details:
        return error
    place, inner = next(iter(error.exception_details.items()))
    if isinstance(inner, StoreError):
        return copy.copy(inner)
    if isinstance(inner, OSError):  # another one of it: Beam's error may name it as its own cause
        numbered = (e for e in _with_causes(inner) if isinstance(e, OSError) and e.errno)
        return plain_fault(copy.copy(next(numbered, inner)))
    path = place[-1] if isinstance(place, tuple) else place
    return StoreError(f"{path}: {getattr(inner, 'message', None) or inner}")


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    errors = [error]
    for each in errors:  # grows while it is read: Beam wraps what its file systems raise
        yield each
        causes = [each.__cause__, each.__context__]
        if isinstance(each, BeamIOError):
            causes += (each.exception_details or {}).values()
        errors += [cause for cause in causes if cause is not None and cause not in errors]


def _is_lasting(error: BaseException) -> bool:
    if isinstance(error, (StoreError, io.UnsupportedOperation)):
        return True
    return isinstance(error, OSError) and error.errno in _LASTING_ERRORS


def _holds_refusal(error: BaseException) -> bool:
    """Whether Beam wrapped a refusal, or a mistake such as a path without a bucket."""
    details = error.exception_details if isinstance(error, BeamIOError) else None
    mistakes = (ValueError, TypeError, AttributeError, LookupError)
    return any(
        isinstance(each, mistakes) or _is_refusal(getattr(each, "code", None))
        for each in (details or {}).values()
    )


def _is_refusal(code: object) -> bool:
    """Whether the code of a store's answer says that it will not do this, ever: HTTP's 4xx."""
    return isinstance(code, int) and 400 <= code < 500 and code not in (408, 429)


class WatchedStream:
    """A stream for reading that remembers when the store failed, and not the bytes.

    Attributes:
        fault: the last error of a read, or None.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.fault: OSError | None = None

    def as_binary(self) -> BinaryIO:
        """Returns this stream as what readers take."""
        return cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        """Reads as the stream does."""
        try:
            return self._stream.read(size)
        except OSError as error:
            self.fault = error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> WatchedStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()
