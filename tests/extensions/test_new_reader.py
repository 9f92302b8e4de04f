"""A new input format, TSV, takes the files that CONTRIBUTING.md names.

It is added to a copy of the project: curate reads it, and estimate knows how much it has read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

from tests.extensions.project_copy import ProjectCopy, files_named

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

READER: Final = '''"""TSV: an id, a tab and a text a line, UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.fields import RowError, check_utf8
from massivetext.pipeline.readers.lines import Line, read_lines, split_lines
from massivetext.records import FailedRecord, RawRecord, Record


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the documents of a file or of a byte range of it."""
    return read_lines(stream, context, _record, "an id, a tab and a text a line")


def _record(line: Line, context: ReadContext) -> RawRecord | FailedRecord:
    name, tab, text = line.content.partition(b"\\t")
    if not tab:
        return FailedRecord(context.file, line.offset, "no tab: expected an id and a text")
    try:
        source_id = check_utf8(name).decode()
        metadata = {"content_type": "text/plain", "charset": "utf-8"}
        return RawRecord(source_id, check_utf8(text), metadata=metadata)
    except RowError as error:
        return FailedRecord(context.file, line.offset, str(error))


READER: Final = Reader(read, split_lines)
'''

SENTENCE: Final = (
    "The old house stands by the river, and the people of the town walk there to be in"
)

CONFIG: Final = """
[[source]]
subset = "books"
kind = "{kind}"
format = "tsv"
path = "*.tsv"

[tokenizer]
vocab_size = 300

[sequence]
length = 64
shards = 1
weights = {{ books = 1.0 }}
"""

CLI: Final = "import sys; from massivetext.pipeline.commands.cli import main; sys.exit(main({!r}))"

SHARE: Final = """
from massivetext.config_file import load_config
from massivetext.pipeline.commands.estimate import sample
from massivetext.pipeline.phases.plan import plan
config = load_config({!r})
(item,) = plan(config)
print("share", [share for _, share in sample._read(config, item)][-1])
"""


def share_read(project: ProjectCopy, config: Path) -> float:
    """Returns the share of its file that estimate thinks to have read with the last record."""
    return float(project.python("-c", SHARE.format(str(config))).rpartition("share ")[2])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    copy = ProjectCopy.make(tmp_path_factory.mktemp("reader"))
    copy.write("pipeline/readers/tsv.py", READER)
    copy.insert_after("massivetext/formats.py", '        "text": ("text",),\n', ROW)
    copy.insert_after("tests/pipeline/readers/test_readers.py", '    "html": PAGE,\n', FILE)
    return copy


ROW: Final = '        "tsv": ("text",),\n'
FILE: Final = '    "tsv": b"".join(f"{n}\\tWörter\\n".encode() for n in range(9)),\n'


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty documents and a line without a tab."""
    folder = tmp_path_factory.mktemp("input")
    rows = [f"{n}\t" + f"{SENTENCE} {n}. " * 20 for n in range(30)]
    (folder / "letters.tsv").write_text("\n".join([*rows, "no tab"]))
    (folder / "c.toml").write_text(CONFIG.format(kind="text"))
    return folder / "c.toml"


def test_it_takes_the_files_that_are_named(project: ProjectCopy) -> None:
    assert project.changed == files_named("a new input format", {"<name>": "tsv"})
    assert len(project.changed) == 3


def test_the_tests_of_all_readers_hold_for_it(project: ProjectCopy) -> None:
    files = ("tests/pipeline/readers/test_readers.py", "tests/test_architecture.py")
    assert "[tsv-" in project.python("-m", "pytest", "-vv", *files)


def test_curate_writes_its_documents(project: ProjectCopy, config: Path) -> None:
    output = config.parent / "out"
    project.python("-c", CLI.format(["curate", str(config), "--output", str(output), "--quiet"]))
    (table,) = [pq.read_table(file) for file in (output / "documents").rglob("*.parquet")]
    assert table["source_id"].to_pylist() == [str(n) for n in range(30)]
    assert all(text.startswith(SENTENCE) for text in table["text"].to_pylist())
    (failed,) = [pq.read_table(file) for file in (output / "failed").rglob("*.parquet")]
    assert failed["error"].to_pylist() == ["no tab: expected an id and a text"]


def test_estimate_counts_it(project: ProjectCopy, config: Path) -> None:
    printed = project.python("-c", CLI.format(["estimate", str(config)]))
    (row,) = [line.split() for line in printed.splitlines() if line.startswith("books")]
    assert row[1] == "31"


def test_pages_are_not_read_from_a_format_of_texts(project: ProjectCopy, config: Path) -> None:
    web = config.with_name("web.toml")
    web.write_text(CONFIG.format(kind="web"))
    printed = project.python("-c", CLI.format(["curate", str(web)]), fails=True)
    assert "kind 'web' needs format warc, wet, arc, wacz, html, jsonl, parquet" in printed
    assert "tsv" not in printed


def test_estimate_takes_positions_for_shares_unless_a_reader_seeks(
    project: ProjectCopy, config: Path
) -> None:
    assert share_read(project, config) == 1
    file = "pipeline/readers/tsv.py"
    stated = "Reader(read, split_lines)"
    project.replace(file, stated, stated.replace(")", ", is_sequential=False)"))
    assert share_read(project, config) == 0
    project.replace(file, stated.replace(")", ", is_sequential=False)"), stated)
