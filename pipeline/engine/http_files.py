"""https:// and http:// as file systems of Beam, to read from: fsspec does the requests.

Beam knows its file systems by their classes, so importing this module is all it takes. A server
must say how long a file is and answer requests for parts of it, as readers go to places in a file.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, NoReturn, cast

from apache_beam.io.filesystem import CompressionTypes, FileMetadata, FileSystem

from massivetext.pipeline.engine.errors import StoreError, UsageError

_GONE: Final = (404, 410)
_PASSING: Final = (408, 429)
"""HTTP statuses (RFC 9110, 15.5): of what is not there, and of what may be there later."""


@contextmanager
def _plain_faults(path: str) -> Iterator[None]:
    """Turns what fsspec raises into `OSError`, and refusals that last into `StoreError`."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        status = getattr(cause, "status", None)
        if status in _GONE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None
        if isinstance(status, int) and 400 <= status < 500 and status not in _PASSING:
            raise StoreError(f"{path}: the server answers with status {status}") from None
        said = f"status {status}" if status else str(cause) or type(cause).__name__
        raise OSError(f"{path}: {said}") from None


def _requests() -> Any:
    try:
        import aiohttp
        import fsspec
    except ImportError:
        raise UsageError(
            'https:// needs fsspec and aiohttp; pip install "massivetext[http]"'
        ) from None
    assert aiohttp
    return fsspec.filesystem("https")


def _info(path: str) -> dict[str, Any]:
    """Returns what the server says of a file.

    Raises:
        FileNotFoundError: if it has none there.
        OSError: if it could not be asked.
    """
    requests = _requests()
    with _plain_faults(path):
        info: dict[str, Any] = requests.info(path)
    if info.get("size") is None:
        raise StoreError(f"{path}: the server does not say how long the file is; download it")
    return info


class _HttpFile(io.RawIOBase):
    """A file of a server, for reading."""

    def __init__(self, path: str) -> None:
        size_bytes = int(_info(path)["size"])
        self._path = path
        with _plain_faults(path):
            # Without bytes there is nothing to ask for, and a request for parts is refused.
            self._file = _requests().open(path, size=size_bytes) if size_bytes else io.BytesIO()

    def read(self, size: int | None = -1) -> bytes:
        """Returns the next bytes; all that are left if `size` is negative."""
        with _plain_faults(self._path):
            content: bytes = self._file.read(-1 if size is None else size)
        return content

    def readinto(self, buffer: Any) -> int:
        """Reads into a buffer; returns how many bytes."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place of the file."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """Returns the place in the file."""
        return int(self._file.tell())

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether one can go back in it."""
        return True


class HttpsFiles(FileSystem):
    """Files of https:// servers. Nothing can be listed or written."""

    @classmethod
    def scheme(cls) -> str:
        """Returns what URLs begin with."""
        return "https"

    def join(self, basepath: str, *paths: str) -> str:
        """Returns the URL of a file below a folder."""
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path: str) -> tuple[str, str]:
        """Returns a URL's folder and name."""
        head, _, tail = path.rpartition("/")
        return head, tail

    def has_dirs(self) -> bool:
        """Whether folders must be made: there are none."""
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        del dir_or_prefix
        return iter(())

    def open(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> BinaryIO:
        """Opens a file for reading its bytes as they are stored."""
        del mime_type, compression_type  # bytes as they are stored
        return cast(BinaryIO, _HttpFile(path))

    def exists(self, path: str) -> bool:
        """Whether the server has a file."""
        try:
            return bool(_info(path))
        except FileNotFoundError:
            return False

    def size(self, path: str) -> int:
        """Returns the bytes of a file."""
        return int(_info(path)["size"])

    def last_updated(self, path: str) -> float:
        """Returns 0: fsspec does not pass on what servers say."""
        del path
        return 0.0

    def metadata(self, path: str) -> FileMetadata:
        """Returns path, size and time of a file."""
        return FileMetadata(path, self.size(path), self.last_updated(path))

    def mkdirs(self, path: str) -> NoReturn:
        """Refuses."""
        self._refuse(path)

    def create(self, path: str, *_: Any, **__: Any) -> NoReturn:
        """Refuses."""
        self._refuse(path)

    def copy(self, source_file_names: Any, destination_file_names: Any) -> NoReturn:
        """Refuses."""
        self._refuse(destination_file_names)

    def rename(self, source_file_names: Any, destination_file_names: Any) -> NoReturn:
        """Refuses."""
        self._refuse(destination_file_names)

    def delete(self, paths: Any) -> NoReturn:
        """Refuses."""
        self._refuse(paths)

    def _refuse(self, paths: Any) -> NoReturn:
        raise StoreError(f"{self.scheme()}:// can be read only: {paths}")


class HttpFiles(HttpsFiles):
    """Files of http:// servers."""

    @classmethod
    def scheme(cls) -> str:
        """Returns what URLs begin with."""
        return "http"
