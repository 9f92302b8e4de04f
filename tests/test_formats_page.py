"""docs/formats.md: each configuration on it reads a file of its format."""

import json
import re
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.config import Source
from massivetext.config_file import parse_config
from massivetext.formats import SOURCE_FORMATS
from massivetext.pipeline.phases.columns import require_columns
from massivetext.pipeline.phases.curate_item import open_records
from massivetext.pipeline.phases.plan import plan
from massivetext.records import FailedRecord, RawRecord
from tests.pipeline.readers.archives import COMPRESS
from tests.pipeline.readers.test_readers import FILES
from tests.pipeline.readers.test_tar import articles, tar

PAGE = Path(__file__).parents[1] / "docs/formats.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def example(source: Source, path: str) -> bytes:
    """A file of the format, with the columns that the source names."""
    if ".tar" in path:
        return tar([("enwiki_0.ndjson", articles(1, 2))])
    if source.format == "jsonl":
        return json.dumps({"body": {"text": "Words"}, "key": 1, "headline": "T"}).encode()
    if source.format == "parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"content": ["x"], "path": ["a"], "license": ["mit"]}), sink)
        return bytes(sink.getvalue())
    return FILES[source.format]


def place(folder: Path, path: str, content: bytes) -> None:
    file = folder / path.replace("**", "/x").replace("*", "x")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(COMPRESS.get(file.suffix, bytes)(content))


@pytest.mark.parametrize("block", BLOCKS)
def test_each_configuration_reads_its_format(block: str, tmp_path: Path) -> None:
    assert len(block.splitlines()) <= 10
    (table,) = tomllib.loads(block)["source"]
    (source,) = parse_config({"source": [table]}).sources
    if "path_list" in table:
        table["path_prefix"] = str(tmp_path)
        place(tmp_path, table["path_list"], b"a/x.warc\nno.warc\n" * 2)
        place(tmp_path, "a/x.warc", example(source, ""))
    else:
        place(tmp_path, table["path"], example(source, table["path"]))
    config = parse_config({"source": [table]}, tmp_path)
    items = plan(config)
    require_columns(config, items)
    found = []
    for item in items:
        with open_records(item, config.sources[0], config.limits) as records:
            found += list(records)
    assert any(isinstance(record, RawRecord) for record in found)
    assert not [record for record in found if isinstance(record, FailedRecord)]


def test_every_format_has_one() -> None:
    said = "\n".join(BLOCKS)
    assert [name for name in SOURCE_FORMATS if f'"{name}"' not in said] == []
