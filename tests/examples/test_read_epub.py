import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from massivetext.pipeline.extraction import extract_text
from massivetext.pipeline.readers import ReadContext, read_file
from massivetext.records import FailedRecord, RawRecord

EXAMPLE = Path(__file__).parents[2] / "examples/read_epub.py"

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:identifier>isbn:1</dc:identifier>
 <dc:title>Größe</dc:title></metadata><manifest><item id="b" href="text/b%20b.xhtml"/>
 <item id="a" href="a.xhtml"/></manifest><spine><itemref idref="b"/><itemref idref="a"/></spine>
 </package>"""


def chapter(text: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>x</title></head><body><p>{text}</p></body></html>"
    )


def epub(**changes: str) -> bytes:
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE,
        "OEBPS/a.xhtml": chapter("The end of the book, as it should be, in some words."),
        "OEBPS/text/b b.xhtml": chapter("Größe: the beginning of the book, in some more words."),
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in {**files, **changes}.items():
            book.writestr(name, content)
    return sink.getvalue()


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("read_epub", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_books_become_json_lines_that_the_pipeline_reads(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(epub())
    (tmp_path / "bad.epub").write_bytes(epub()[:-50])
    target = tmp_path / "books.jsonl"
    command = [sys.executable, str(EXAMPLE), f"{tmp_path}/*.epub", str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "bad.epub" in done.stderr
    context = ReadContext(str(target), fields={"html": "html"})
    (record,) = read_file("jsonl", io.BytesIO(target.read_bytes()), context)
    assert isinstance(record, RawRecord)
    assert (record.source_id, record.title) == ("isbn:1", "Größe")
    text = extract_text(record.raw, encoding="utf-8")
    assert text.index("Größe: the beginning") < text.index("The end of the book")
    assert len(json.loads(target.read_text())) == 3


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"", "not a zip file"),
        (epub()[:-30], "not a zip file"),
        (epub(**{"META-INF/container.xml": "<a/>"}), "no rootfile"),
        (epub(**{"OEBPS/a.xhtml": chapter("x" * 2_000_000)}), "larger than limits.record_bytes"),
    ],
)
def test_what_is_no_book_fails(example: ModuleType, stored: bytes, said: str) -> None:
    context = ReadContext("a.epub", record_bytes=1_000_000)
    (record,) = example.READER.read(io.BytesIO(stored), context)
    assert isinstance(record, FailedRecord)
    assert said in record.error
