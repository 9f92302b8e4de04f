import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.config import Config, ConfigError, Source
from massivetext.pipeline.phases.columns import require_columns
from massivetext.pipeline.phases.plan import plan


def check(path: Path, file_format: str, fields: dict[str, str]) -> None:
    config = Config(sources=(Source("books", "text", file_format, str(path), fields),))
    require_columns(config, plan(config))


def write_lines(path: Path, *rows: object) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_column_that_no_row_has_is_refused(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", {"content": "x", "meta": {"link": "y"}})
    with pytest.raises(
        ConfigError, match=r'fields\.text is "text", but no file .*a\.jsonl: content'
    ):
        check(tmp_path / "*.jsonl", "jsonl", {"text": "text"})
    with pytest.raises(ConfigError, match=r'"meta\.url", .*: content, meta, meta\.link$'):
        check(tmp_path / "*.jsonl", "jsonl", {"text": "content", "url": "meta.url"})
    check(tmp_path / "*.jsonl", "jsonl", {"text": "content", "url": "meta.link"})


def test_columns_that_are_not_named_may_be_absent(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", {"body": "x"})
    check(tmp_path / "a.jsonl", "jsonl", {})
    check(tmp_path / "a.jsonl", "text", {})


def test_a_column_may_come_late_and_in_any_file(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", *[{"text": "x"}] * 99, {"text": "x", "url": None})
    check(tmp_path / "*.jsonl", "jsonl", {"text": "text", "url": "url"})
    write_lines(tmp_path / "a.jsonl", *[{"text": "x"}] * 100, {"text": "x", "url": "y"})
    with pytest.raises(ConfigError, match=r"fields\.url"):
        check(tmp_path / "*.jsonl", "jsonl", {"text": "text", "url": "url"})
    write_lines(tmp_path / "b.jsonl", {"url": "y"})
    check(tmp_path / "*.jsonl", "jsonl", {"text": "text", "url": "url"})


def test_parquet_tells_by_its_schema(tmp_path: Path) -> None:
    row = {"doc": {"text": "x", "meta": {"url": "y"}}, "dotted.name": "z"}
    pq.write_table(pa.Table.from_pylist([row]).slice(0, 0), tmp_path / "a.parquet")
    fields = {"text": "doc.text", "url": "doc.meta.url", "title": "dotted.name"}
    check(tmp_path / "a.parquet", "parquet", fields)
    with pytest.raises(ConfigError, match=r'fields\.id is "doc\.id".*doc, doc\.meta, doc\.text'):
        check(tmp_path / "a.parquet", "parquet", fields | {"id": "doc.id"})


@pytest.mark.parametrize("content", [b"", b"no JSON\n[1]\n", b"\x1f\x8b\x08\x00 damaged"])
def test_what_cannot_be_read_is_left_to_the_run(tmp_path: Path, content: bytes) -> None:
    for name in ("a.jsonl", "a.jsonl.gz", "a.parquet"):
        (tmp_path / name).write_bytes(content)
        check(tmp_path / name, name.split(".")[1], {"text": "text"})
