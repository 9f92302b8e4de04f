"""What the benchmarks of content share: pages of archives."""

from __future__ import annotations

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
