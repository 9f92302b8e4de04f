"""Only extraction: the main text of every page of a WARC file, without Beam and without filters.

    python examples/only_extraction.py crawl.warc.gz texts.jsonl

A line of JSON a page; what could not be read goes to standard error, a line each.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from massivetext import FailedRecord, RawRecord, ReadContext, extract_text, read_file


def main(path: str, target: str) -> Counter[str]:
    """Writes the texts of a file's pages; returns how many records became what."""
    counts = Counter[str]()
    with Path(path).open("rb") as stream, Path(target).open("w", encoding="utf-8") as lines:
        for record in read_file("warc", stream, ReadContext(path)):
            if isinstance(record, RawRecord):
                charset = record.metadata.get("charset")  # as the server states it, if it does
                text = extract_text(record.raw, encoding=str(charset) if charset else None)
                row = {"url": record.url, "title": record.title, "text": text}
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                counts["pages"] += 1
            elif isinstance(record, FailedRecord):
                print(f"{path} at {record.offset}: {record.error}", file=sys.stderr)
                counts["failed"] += 1
            else:
                counts[f"skipped: {record.kind}"] += 1
    return counts


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: only_extraction.py FILE.warc.gz TEXTS.jsonl")
    for what, number in sorted(main(sys.argv[1], sys.argv[2]).items()):
        print(f"{number:>8,}  {what}")
