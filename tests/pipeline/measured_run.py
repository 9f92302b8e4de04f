"""A run that counts what it does: `python -m tests.pipeline.measured_run CONFIG OUTPUT`.

Prints CPU seconds (without those of compiling), bytes read from files, bytes that came to
GroupByKeys, bytes committed, and the largest size of the output folder, as JSON: what
`massivetext estimate` predicts.
"""

import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import apache_beam as beam
from apache_beam.io.localfilesystem import LocalFileSystem

from massivetext.compilation import working_seconds
from massivetext.config_file import load_config
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.phases.run import run_phases

COUNTS: Counter[str] = Counter()
OUTPUT: list[str] = []

_open, _commit, _apply, _run = (
    LocalFileSystem.open,
    store.commit,
    beam.Pipeline.apply,
    BeamEngine.run,
)


class CountingReader(io.RawIOBase):
    """Counts the bytes that are read from a stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self.stream.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self.stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self.stream.tell())

    def read(self, size: int = -1) -> bytes:
        found: bytes = self.stream.read(size)
        COUNTS["read_bytes"] += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self.stream.close()
        super().close()


def open_file(self: LocalFileSystem, path: str, *args: Any, **options: Any) -> BinaryIO:
    return cast(BinaryIO, CountingReader(_open(self, path, *args, **options)))


@contextmanager
def commit(output: str, path: str) -> Iterator[store.Commit]:
    with _commit(output, path) as pending:
        yield pending
    COUNTS["written_bytes"] += pending.entry.size_bytes


def apply(self: beam.Pipeline, transform: Any, collection: Any = None, label: Any = None) -> Any:
    if isinstance(transform, beam.GroupByKey) and label is None:  # else it comes here again
        counted = beam.Map(count_element).with_output_types(collection.element_type)
        collection = _apply(self, counted, collection, f"Count for {transform.label}")
    return _apply(self, transform, collection, label)


def count_element(element: Any) -> Any:
    COUNTS["shuffled_bytes"] += size_of(element)
    return element


def size_of(value: Any) -> int:
    if isinstance(value, (bytes, str)):
        return len(value)
    if isinstance(value, tuple):
        return sum(map(size_of, value))
    return 0


def run(self: BeamEngine, label: str, build: Any) -> None:
    _run(self, label, build)
    lying = sum(file.stat().st_size for file in Path(OUTPUT[0]).rglob("*") if file.is_file())
    COUNTS["disk_bytes"] = max(COUNTS["disk_bytes"], lying)


def main(config_path: str, output: str) -> None:
    for owner, name, counting in (
        (LocalFileSystem, "open", open_file),  # not of store: what reads inputs has its open_input
        (store, "commit", commit),
        (beam.Pipeline, "apply", apply),
        (BeamEngine, "run", run),
    ):
        setattr(owner, name, counting)
    OUTPUT.append(output)
    config = load_config(config_path)
    run_phases(Job(config, output, quiet=True), plan(config), "run")
    print(json.dumps({**COUNTS, "cpu_seconds": working_seconds()}))


if __name__ == "__main__":
    # Under its importable name, so that what Beam pickles is this module and no copy of it.
    from tests.pipeline import measured_run

    measured_run.main(*sys.argv[1:])
