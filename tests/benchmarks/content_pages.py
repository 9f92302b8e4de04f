"""What the benchmarks of content share: pages of archives, and works timed in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from massivetext.pipeline.readers import ReadContext, read_file
from massivetext.records import RawRecord

TURNS: Final = 5

SAMPLE: Final = tuple(
    sorted((Path(__file__).parents[2] / "sample/data/massiveweb").glob("pages-*.warc.gz"))
)


def read_pages(archive: Path) -> list[RawRecord]:
    """Returns the pages of a WARC file."""
    with archive.open("rb") as stream:
        records = read_file("warc", stream, ReadContext(str(archive)))
        return [record for record in records if isinstance(record, RawRecord)]


def best_of_turns(works: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Returns the least CPU seconds of each work."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(TURNS):
        for name, work in works.items():
            start = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - start)
    return best
