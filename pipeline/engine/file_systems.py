"""Beam's file systems, asked for what lies at a path: a path is never taken for a pattern here."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from apache_beam.io.aws import s3io
from apache_beam.io.filesystem import FileMetadata, FileSystem
from apache_beam.io.filesystems import FileSystems

from massivetext.pipeline.engine import http_files as http_files  # known to Beam by its import
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.local_files import UnusableInputError, said_of_folder
from massivetext.pipeline.engine.patterns import Pattern


def file_system(path: str) -> FileSystem:
    """Returns the file system of a path.

    Raises:
        UsageError: if there is none.
    """
    scheme = FileSystems.get_scheme(path)
    if scheme == "s3" and not s3io.BOTO3_INSTALLED:
        raise UsageError(f'{path}: s3:// needs boto3; pip install "massivetext[aws]"')
    try:
        return FileSystems.get_filesystem(path)
    except ValueError as error:
        known = {str(system.scheme()) for system in FileSystem.get_all_subclasses()} - {"None"}
        if scheme in known:
            raise UsageError(f"{scheme}:// of {path} lacks options: {error}") from None
        install = "" if "gs" in known else '; for gs://, pip install "massivetext[gcp]"'
        raise UsageError(
            f"no file system is called {scheme}://, as in {path}; expected a local path or one of "
            f"{', '.join(f'{name}://' for name in sorted(known))}{install}"
        ) from None


def has_folders(path: str) -> bool:
    """Whether the file system of a path has folders, which must exist before their files."""
    return bool(file_system(path).has_dirs())


def files_below(folder: str) -> list[FileMetadata]:
    """Returns all files below a folder, in no order; none if it does not exist."""
    return _listed(folder if has_folders(folder) else folder.rstrip("/") + "/")


def matching_objects(pattern: Pattern) -> list[FileMetadata]:
    """Returns what a pattern matches on a store, in no order; markers of folders are no files.

    Raises:
        UnusableInputError: if it names a folder.
    """
    if pattern.is_plain:
        return _object(pattern.path)
    found = _listed(pattern.folder if has_folders(pattern.folder) else pattern.prefix)
    matched = (file for file in found if pattern.whole.fullmatch(file.path))
    return [file for file in matched if not file.path.endswith("/")]


def _object(path: str) -> list[FileMetadata]:
    system = file_system(path)
    if system.exists(path):
        return [system.metadata(path)]
    if files_below(path):  # asked for a missing bucket too, which then says so
        raise UnusableInputError(f"{path} {said_of_folder(path)}")
    return []


def _listed(prefix: str) -> list[FileMetadata]:
    # What Beam's own `match` calls; that would take a folder's name for a pattern.
    return list(file_system(prefix)._list(prefix))


def delete_local(path: str) -> None:
    """Deletes a local file or a whole folder, if it is there."""
    # Beam's local file system takes every path for a pattern.
    with suppress(FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)
