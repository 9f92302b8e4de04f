"""Files of a folder of shards as local paths, wherever the folder lies."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress


class LocalCopies:
    """A folder: files of a local one are where they are; of others, each is copied when needed.

    Copies lie in a folder of their own, which goes with this object. Which file systems there are
    is up to fsspec: `s3://`, `gs://`, `hf://`, ...
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self._copies: tempfile.TemporaryDirectory[str] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "_copies": None}

    @property
    def is_remote(self) -> bool:
        """Whether files must be copied."""
        return "://" in self.folder

    def exists(self, name: str) -> bool:
        """Whether the folder holds a file."""
        if not self.is_remote:
            return os.path.exists(os.path.join(self.folder, name))
        import fsspec  # local folders do without it

        file_system, path = fsspec.url_to_fs(f"{self.folder.rstrip('/')}/{name}")
        return bool(file_system.exists(path))

    def path(self, name: str) -> str:
        """Returns the local path of a file of the folder."""
        if not self.is_remote:
            return os.path.join(self.folder, name)
        if self._copies is None:
            self._copies = tempfile.TemporaryDirectory(prefix="massivetext-shards-")
        local = os.path.join(self._copies.name, name)
        if not os.path.exists(local):
            import fsspec

            file_system, path = fsspec.url_to_fs(f"{self.folder.rstrip('/')}/{name}")
            os.makedirs(os.path.dirname(local), exist_ok=True)
            file_system.get_file(path, f"{local}.part")
            os.replace(f"{local}.part", local)
        return local

    def discard(self, name: str) -> None:
        """Deletes the copy of a file, if there is one."""
        if self._copies is not None:
            with suppress(FileNotFoundError):
                os.remove(os.path.join(self._copies.name, name))
