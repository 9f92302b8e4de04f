"""Test sets in the forms in which they are published, as named items of text.

WikiText-103 is one file of articles under ` = Title = ` headings (the hub's Parquet form has a row
a line); LAMBADA is one passage a line, plain or JSON; C4 validation is JSON lines; Curation Corpus
is a CSV of summaries, to which its `web_scraper.py` adds the column `article_content`.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.config import ConfigError, TestSet, TestSetFormat
from massivetext.dedup.normalise import normalised_text

_HEADING: Final = re.compile(r" ?= (?!= )(.+?)(?<! =) = ?")
"""A heading of the first level; sections have ` = = `."""

_MAX_FIELD_CHARACTERS: Final = 2**31 - 1
"""A scraped article may be longer than csv's default of 131,072 characters."""


class TestSetError(ValueError):
    """A test set that is not in the form its format promises."""

    __test__ = False  # not a test case, whatever pytest thinks of the name


@dataclass(frozen=True)
class TestItem:
    """One item of a test set: an article, a passage, a document."""

    __test__ = False

    name: str
    text: str


def read_test_items(test_format: TestSetFormat, stream: BinaryIO, file_name: str) -> list[TestItem]:
    """Returns the items of one file of a test set; a repeated name gets a number behind it.

    Args:
        test_format: how to read it.
        stream: the file's bytes, decompressed; seekable for Parquet.
        file_name: its name without folder and without the suffix of a compression; its own suffix
            tells the form where a set is published in several.

    Raises:
        TestSetError: if the file is not of that form: what was found and what was expected.
    """
    found = list(_READERS[test_format](stream, file_name))
    if not found:
        raise TestSetError(f"{file_name} holds no item of format '{test_format}'")
    seen: Counter[str] = Counter()
    items = []
    for item in found:
        seen[item.name] += 1
        repeated = seen[item.name] > 1
        items.append(TestItem(f"{item.name} ({seen[item.name]})", item.text) if repeated else item)
    return items


def load_test_sets(
    test_sets: Sequence[TestSet], open_input: Callable[[str], BinaryIO]
) -> dict[str, list[TestItem]]:
    """Returns the items of every configured test set by the set's name, in the config's order.

    Args:
        test_sets: the configured sets; two of one name are one set.
        open_input: opens a path for reading its stored bytes.

    Raises:
        ConfigError: if a file cannot be read or is not of the form that its format promises.
    """
    found: dict[str, list[TestItem]] = {}
    for test_set in test_sets:
        paths = (test_set.path,) if isinstance(test_set.path, str) else test_set.path
        for path in paths:
            try:
                stream, file_name = _inflated(path, open_input)
                items = read_test_items(test_set.format, stream, file_name)
            except Exception as error:  # every file system has exceptions of its own
                raise ConfigError(
                    f"decontamination.test_set '{test_set.name}': {path}: {error}; "
                    f"check its path and its format, '{test_set.format}'"
                ) from error
            found.setdefault(test_set.name, []).extend(items)
    return found


def _inflated(path: str, open_input: Callable[[str], BinaryIO]) -> tuple[BinaryIO, str]:
    """Returns a file's bytes, inflated, and its name without the suffix of a compression."""
    name = PurePosixPath(path.replace("\\", "/")).name
    with open_input(path) as stream:
        stored = stream.read()
    stem, _, suffix = name.rpartition(".")
    if suffix not in _INFLATE:
        return io.BytesIO(stored), name
    return io.BytesIO(_INFLATE[suffix](stored)), stem


def _inflate_zstd(stored: bytes) -> bytes:
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=2**31)
    return reader.stream_reader(io.BytesIO(stored), read_across_frames=True).read()


def _inflate_lz4(stored: bytes) -> bytes:
    stream = pa.CompressedInputStream(pa.BufferReader(stored), "lz4")
    return bytes(stream.read())


_INFLATE: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gz": gzip.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "zst": _inflate_zstd,
    "lz4": _inflate_lz4,
}
"""By the suffix of the file's name, as for sources. A test set fits in memory."""


def read_titles(text: str) -> list[str]:
    """Returns the page titles in a file: one a line, or the headings of a WikiText file."""
    lines = text.split("\n")
    headings = [title for _, title in _headings(lines)]
    return headings or [line.strip() for line in lines if line.strip()]


def title_key(title: str) -> str:
    """Returns what two forms of one page title share.

    WikiText writes `Kiss You ( One Direction song )`, a dump `Kiss You (One Direction song)`, an
    address `Kiss_You_(One_Direction_song)`.
    """
    return normalised_text(title) or title.strip()


def _wikitext(stream: BinaryIO, file_name: str) -> Iterator[TestItem]:
    if file_name.endswith(".parquet"):
        lines = "".join(_text_column(stream, file_name)).split("\n")
    else:
        lines = _decoded(stream, file_name).split("\n")
    headings = list(_headings(lines))
    bounds = [*(index for index, _ in headings), len(lines)]
    for (start, title), end in zip(headings, bounds[1:], strict=True):
        yield TestItem(title, "\n".join(lines[start:end]))


def _headings(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yields (line number, title) of first-level headings, which stand between blank lines.

    The test split has lines of running text that look like headings but for the blank lines.
    """
    for index, line in enumerate(lines):
        match = _HEADING.fullmatch(line)
        around = [*lines[max(0, index - 1) : index], *lines[index + 1 : index + 2]]
        if match and not any(neighbour.strip() for neighbour in around):
            yield index, match[1]


def _lambada(stream: BinaryIO, file_name: str) -> Iterator[TestItem]:
    if file_name.endswith(".parquet"):
        return _parquet(stream, file_name)
    if file_name.endswith((".json", ".jsonl")):
        return _json_lines(stream, file_name)
    lines = _decoded(stream, file_name).split("\n")
    return (TestItem(f"{file_name}:{number}", line) for number, line in enumerate(lines, 1) if line)


def _json_lines(stream: BinaryIO, file_name: str) -> Iterator[TestItem]:
    for number, record in _json_records(stream, file_name):
        where = f"{file_name}:{number}"
        yield TestItem(_name(record, where), _field(record, "text", where))


def _parquet(stream: BinaryIO, file_name: str) -> Iterator[TestItem]:
    for number, text in enumerate(_text_column(stream, file_name), 1):
        yield TestItem(f"{file_name}:{number}", text)


def _text(stream: BinaryIO, file_name: str) -> Iterator[TestItem]:
    yield TestItem(file_name, _decoded(stream, file_name))


def _curation_corpus(stream: BinaryIO, file_name: str) -> Iterator[TestItem]:
    """Article and summary are items of their own: either may have been crawled."""
    for number, record in _curation_records(stream, file_name):
        where = f"{file_name}:{number}"
        article = record.get("article_content") or record.get("article") or ""
        name = _name(record, where)
        yield TestItem(f"{name} summary", _field(record, "summary", where))
        if article:
            yield TestItem(f"{name} article", article)


def _curation_records(stream: BinaryIO, file_name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if file_name.endswith((".json", ".jsonl")):
        yield from _json_records(stream, file_name)
        return
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    rows = csv.DictReader(io.StringIO(_decoded(stream, file_name), newline=""))
    yield from enumerate(rows, 1)


def _json_records(stream: BinaryIO, file_name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields the objects of JSON lines, or the one object that the whole file is."""
    text = _decoded(stream, file_name)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = None
    if isinstance(whole, dict):
        yield 1, whole
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise TestSetError(f"{file_name}:{number} is not JSON: {error}") from None
        if not isinstance(record, dict):
            raise TestSetError(f"{file_name}:{number}: expected an object, found {line[:80]}")
        yield number, record


def _name(record: Mapping[str, Any], where: str) -> str:
    return str(record.get("id") or record.get("url") or where)


def _field(record: Mapping[str, Any], name: str, where: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise TestSetError(f"{where}: expected text in '{name}', found the fields {sorted(record)}")
    return value


def _text_column(stream: BinaryIO, file_name: str) -> Iterable[str]:
    parquet = pq.ParquetFile(stream)
    if "text" not in parquet.schema_arrow.names:
        raise TestSetError(
            f"{file_name}: expected a column 'text', found {parquet.schema_arrow.names}"
        )
    return parquet.read(["text"])["text"].to_pylist()


def _decoded(stream: BinaryIO, file_name: str) -> str:
    try:
        return stream.read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise TestSetError(f"{file_name} is not UTF-8 text: {error}") from None


_READERS: Final[Mapping[TestSetFormat, Callable[[BinaryIO, str], Iterator[TestItem]]]] = {
    "wikitext": _wikitext,
    "lambada": _lambada,
    "jsonl": _json_lines,
    "parquet": _parquet,
    "text": _text,
    "curation_corpus": _curation_corpus,
}
