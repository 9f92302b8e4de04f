"""`massivetext export`: the shards of a run as files of another library."""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from massivetext.command import Command
from massivetext.events import tell
from massivetext.formats import EXPORT_TARGETS
from massivetext.pipeline.commands.arguments import absolute, add_log, add_output_of_run
from massivetext.pipeline.engine.errors import RunError, UsageError

if TYPE_CHECKING:
    from massivetext.sequencing import ShardReader
    from massivetext.sequencing.shards.exports import ExportedSplit

_SEQUENCES: Final = "sequences"

_TELLING_SECONDS: Final = 10.0
"""Our choice: between two lines about how far it is, as people wait for a sign of life."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `export`."""
    add_output_of_run(parser)
    parser.add_argument("--to", choices=EXPORT_TARGETS, help="whose files to write")
    parser.add_argument(
        "--into", metavar="FOLDER", help="new folder on this machine; default: beside OUTPUT"
    )
    add_log(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the shards, those of held-out documents too, and says where they are.

    Raises:
        UsageError: if there are no shards, or the folder cannot be made.
        RunError: if a shard cannot be read, or a file cannot be written.
    """
    from massivetext.pipeline.commands.new_folder import new_folder
    from massivetext.sequencing.shards.exports import UnreadableShardError, write_export

    if options.to is None:
        raise UsageError(f"say whose files to write, by --to {'|'.join(EXPORT_TARGETS)}")
    source = absolute(options.output)
    into = _into(source, options.to, options.into)
    splits = _splits(source)
    _require_room(splits, options.to, into)
    try:
        with new_folder(into) as folder:
            write_export(options.to, splits, folder)
    except UnreadableShardError as error:
        raise RunError(f"{error}; nothing was exported") from None
    except OSError as error:
        said = error.strerror or error
        raise RunError(f"cannot write {into}: {said}; nothing was exported") from None
    for split in splits:
        dataset = split.reader.dataset
        print(
            f"{os.path.join(into, split.name)}: {dataset.records:,} sequences of "
            f"{dataset.sequence_length:,} tokens"
        )
    return 0


def _into(source: str, target: str, asked: str | None) -> str:
    """Returns the folder of the export.

    Raises:
        UsageError: if it cannot be one.
    """
    if asked is None and "://" in source:
        raise UsageError(f"{source} is not on this machine: say where to write, by --into FOLDER")
    from massivetext.sequencing.dataset import DATASET_FILE

    into = absolute(asked if asked is not None else f"{source}-{target}")
    if "://" in into:
        raise UsageError(f"--into {into}: expected a folder on this machine; copy it from there")
    if any((folder / DATASET_FILE).exists() for folder in Path(os.path.realpath(into)).parents):
        raise UsageError(f"{into} lies among shards; name a folder elsewhere, by --into FOLDER")
    return into


def _splits(source: str) -> list[ExportedSplit]:
    """Returns the splits of a run, or of its folder of shards, that hold sequences.

    Raises:
        UsageError: if there is none to train on.
    """
    from massivetext.sequencing.dataset import HELD_OUT_FOLDER
    from massivetext.sequencing.shards.card import HELD_OUT, TRAIN
    from massivetext.sequencing.shards.exports import ExportedSplit

    train = _reader(f"{source.rstrip('/')}/{_SEQUENCES}")
    if train is None:
        train = _reader(source)
    if train is None:
        raise UsageError(
            f"{source} holds no sequences; name the output folder of a finished run, or its "
            f"folder {_SEQUENCES}"
        )
    if not len(train):
        raise UsageError(f"the shards of {train.folder} are empty; there is nothing to export")
    found = {TRAIN: train}
    held_out = _reader(f"{train.folder.rstrip('/')}/{HELD_OUT_FOLDER}")
    if held_out is not None and len(held_out):
        found[HELD_OUT] = held_out
    progress = _Progress(sum(map(len, found.values())))
    return [ExportedSplit(name, reader, progress.add) for name, reader in found.items()]


def _reader(folder: str) -> ShardReader | None:
    """Returns the reader of a folder of shards; None if it is none.

    Raises:
        UsageError: if it is one that cannot be read.
    """
    from massivetext.sequencing import ShardReader
    from massivetext.sequencing.shards import NoShardsError

    try:
        return ShardReader(folder)
    except NoShardsError:
        return None
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"cannot read the shards of {folder}: {error}") from None


def _require_room(splits: Sequence[ExportedSplit], target: str, into: str) -> None:
    """Checks that the disk can hold the export, before hours of work.

    Raises:
        UsageError: if it cannot.
    """
    from massivetext.sequencing.shards.exports import export_to

    needed_bytes = sum(export_to(target).least_bytes(split.reader.dataset) for split in splits)
    place = into
    while not os.path.exists(place):
        place = os.path.dirname(place)
    free_bytes = shutil.disk_usage(place).free
    if needed_bytes > free_bytes:
        raise UsageError(
            f"--into {into}: its disk has {free_bytes / 1e9:,.3f} GB left, and the export needs at "
            f"least {needed_bytes / 1e9:,.3f}; make room, or name a folder elsewhere"
        )


class _Progress:
    """Tells now and then how many sequences have been read."""

    def __init__(self, total: int) -> None:
        self._total, self._read, self._told_at = total, 0, time.monotonic()

    def add(self, sequences: int) -> None:
        """Takes note that some more have been read."""
        self._read += sequences
        if time.monotonic() - self._told_at >= _TELLING_SECONDS:
            self._told_at = time.monotonic()
            message = f"export: {self._read:,} of {self._total:,} sequences"
            tell("progress", message, items_done=self._read, items_total=self._total)


COMMAND: Final = Command(
    "export", "write the shards as files of another library", add_arguments, run
)
