import gzip
import json
import subprocess
import sys
from pathlib import Path

from tests.pipeline.readers.archives import warc_record

EXAMPLE = Path(__file__).parents[2] / "examples/only_extraction.py"


def page(body: str, head: str = "") -> bytes:
    html = f"<html><head><title>Größe</title>{head}</head><body>{body}</body></html>"
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()


def test_every_page_of_a_file_becomes_a_text(tmp_path: Path) -> None:
    prose = "<p>The river is slow in summer, and the people who live beside it are patient.</p>"
    records = [
        warc_record(page(prose * 3), 1),
        warc_record(b"GET / HTTP/1.1\r\n\r\n", 2, WARC_Type="request"),
        warc_record(page("<nav>Home</nav>" + prose.replace("river", "Fluß")), 3),
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(map(gzip.compress, records)))
    command = [sys.executable, str(EXAMPLE), str(tmp_path / "a.warc.gz"), str(tmp_path / "t.jsonl")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert [row["url"] for row in rows] == ["https://example.org/1", "https://example.org/3"]
    assert rows[0]["text"].count("The river is slow in summer") == 3
    assert "The Fluß is slow" in rows[1]["text"]
    assert "<p>" not in rows[1]["text"]
    assert [line.split(maxsplit=1) for line in done.stdout.splitlines()] == [
        ["2", "pages"],
        ["1", "skipped: request"],
    ]


def test_damage_is_told(tmp_path: Path) -> None:
    whole = gzip.compress(warc_record(page("<p>One.</p>")))
    (tmp_path / "cut.warc.gz").write_bytes(whole + whole[:-20])
    command = [sys.executable, str(EXAMPLE), str(tmp_path / "cut.warc.gz"), str(tmp_path / "t")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "cut.warc.gz at" in done.stderr
    assert ["1", "failed"] in [line.split() for line in done.stdout.splitlines()]
