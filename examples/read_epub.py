"""A reader of one's own: EPUB books, which the pipeline skips and counts, become JSON lines.

    python examples/read_epub.py 'shelf/**/*.epub' shelf/books.jsonl

The result is a source like any other: `format = "jsonl"`, `fields = { html = "html" }`, with kind
"web", so that the markup becomes text by our extraction.

`read` is all that a reader is: stored bytes in, records out, and no exception for what the file
holds. As `massivetext/pipeline/readers/epub.py` with a row in `massivetext/formats.py`, this file
would be a format of the configuration (CONTRIBUTING.md, "Where things go").
"""

from __future__ import annotations

import json
import posixpath
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote

from lxml import etree

from massivetext.pipeline.engine import store
from massivetext.pipeline.readers import ReadContext, Reader
from massivetext.records import FailedRecord, RawRecord

CONTAINER = "META-INF/container.xml"  # names the package file (EPUB 3.3, 4.2.6.3.1)


def read(stream: BinaryIO, context: ReadContext) -> Iterator[RawRecord | FailedRecord]:
    """Yields the book that a file is, as one page of HTML, or why it cannot be read."""
    try:
        with zipfile.ZipFile(stream) as book:
            yield _book(book, context.record_bytes)
    except Exception as error:  # of zipfile, zlib and lxml, for damage of any kind
        yield FailedRecord(context.file, 0, f"not a readable EPUB: {error}")


def _book(book: zipfile.ZipFile, record_bytes: int) -> RawRecord:
    package_path = _find(_xml(_file(book, CONTAINER, record_bytes)), "rootfile").get(
        "full-path", ""
    )
    package = _xml(_file(book, package_path, record_bytes))
    places = {item.get("id"): item.get("href", "") for item in package.iter("{*}item")}
    folder = posixpath.dirname(package_path)
    chapters, size_bytes = [], 0
    for entry in package.iter("{*}itemref"):  # the spine: the order of reading
        place = posixpath.normpath(posixpath.join(folder, unquote(places[entry.get("idref")])))
        chapters.append(_body(_file(book, place, record_bytes - size_bytes)))
        size_bytes += len(chapters[-1])
    name, title = (_find(package, tag).text or "" for tag in ("identifier", "title"))
    page = b"<html><body>" + b"\n".join(chapters) + b"</body></html>"
    return RawRecord(name, page, title=title, metadata={"content_type": "text/html"})


def _file(book: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    """Returns a file of the book; never more bytes than asked for, whatever it inflates to."""
    with book.open(name) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"{name!r} makes the book larger than limits.record_bytes")
    return content


def _xml(content: bytes) -> etree._Element:
    """Parses XML without fetching or expanding anything."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def _find(tree: etree._Element, tag: str) -> etree._Element:
    found = next(tree.iter(f"{{*}}{tag}"), None)
    if found is None:
        raise ValueError(f"its package has no {tag}")
    return found


def _body(chapter: bytes) -> bytes:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    tree = etree.fromstring(chapter, parser)
    inner = [etree.tostring(node, method="html", encoding="utf-8") for node in _find(tree, "body")]
    return b"".join(inner)


READER: Final = Reader(read)


def main(pattern: str, target: str) -> None:
    """Writes the books that a pattern matches to a file of JSON lines."""
    with Path(target).open("w", encoding="utf-8") as lines:
        for file in store.match(pattern):
            with store.open_input(file.path) as stream:
                for record in READER.read(stream, ReadContext(file.path)):
                    if not isinstance(record, RawRecord):
                        print(f"{file.path!a}: {record!a}", file=sys.stderr)
                        continue
                    row = {"id": record.source_id, "title": record.title}
                    lines.write(json.dumps({**row, "html": record.raw.decode()}) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: read_epub.py PATTERN TARGET.jsonl")
    main(sys.argv[1], sys.argv[2])
