import gzip
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from massivetext.config import Config, ConfigError, Limits, Source
from massivetext.config_file import load_config, parse_config
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.curate_item import open_records
from massivetext.pipeline.phases.path_lists import listed_files
from massivetext.pipeline.phases.plan import plan
from massivetext.records import RawRecord, SkippedRecord


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    for name in ("seg/a.txt", "seg/b.txt", "c.txt"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(name)
    return tmp_path


def listed(crawl: Path, content: bytes, name: str = "x.paths", **keys: str) -> Source:
    (crawl / name).write_bytes(content)
    keys = {"path_prefix": f"{crawl}/data", **keys}
    return Source("books", "text", "text", path_list=f"{crawl}/{name}", **keys)  # type: ignore[arg-type]


def names(source: Source) -> list[str]:
    return [item.name for item in plan(Config(sources=(source,)))]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_list_names_a_file_a_line(crawl: Path, compress: object, line_end: str) -> None:
    assert callable(compress)
    lines = ["\ufeff# from a crawl", "", "seg/b.txt", "  seg/a.txt ", "#c.txt", "./seg//b.txt", ""]
    source = listed(crawl, compress(line_end.join(lines).encode()))
    assert names(source) == ["books/seg/a.txt", "books/seg/b.txt"]
    items = plan(Config(sources=(source,)))
    assert items[0].file == f"{crawl}/data/seg/a.txt"
    assert items[0].size_bytes == 9


def test_without_a_prefix_paths_start_at_the_list(crawl: Path) -> None:
    content = f"data/c.txt\n{crawl}/data/seg/a.txt\nfile://{crawl}/data/seg/b.txt".encode()
    found = listed_files(listed(crawl, content, path_prefix=""))
    assert [Path(file.path).read_text() for file in found] == ["c.txt", "seg/a.txt", "seg/b.txt"]


def test_several_lists_are_read_as_one(crawl: Path) -> None:
    (crawl / "1").write_text("c.txt\nseg/a.txt")
    (crawl / "2").write_text("seg/a.txt\nseg/b.txt")
    lists = (f"{crawl}/1", f"{crawl}/2")
    source = Source("b", "text", "text", path_list=lists, path_prefix=f"{crawl}/data")
    assert names(source) == ["b/c.txt", "b/seg/a.txt", "b/seg/b.txt"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file: expected a path a line"),
        (b"# nothing\n", "it names no file"),
        (b"c.txt\n../secret", "at byte 6: '../secret' leads out of the prefix"),
        (b"seg/../../x", "leads out of the prefix"),
        (b"/\n", "leads out of the prefix"),
        (b"a\x1b[31mred\n", r"'a\x1b[31mred' has a control character"),
        (b"a\\b\n", "has a control character or a backslash"),
        (b"\xff\xfe\n", "it is not UTF-8"),
        (b"x" * 5000, "larger than"),
        (b"wet.paths.gz\n", "'wet.paths.gz' is a list itself"),
        (gzip.compress(b"c.txt\n" * 999, mtime=0)[:-9], "ends within a gzip member"),
        (b"seg\n", "is a folder"),
        (b"https://a.b/x\nhttp://a.b/x\n", "share a name"),
    ],
)
def test_a_list_that_cannot_be_followed_is_refused(crawl: Path, content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        names(listed(crawl, content))
    assert "\x1b" not in str(raised.value)


def test_a_missing_list_is_named(crawl: Path) -> None:
    source = Source("books", "text", "text", path_list=f"{crawl}/no.paths")
    with pytest.raises(ConfigError, match=r"cannot read path_list .*no\.paths"):
        names(source)


def test_a_missing_file_ends_the_run_by_name(crawl: Path) -> None:
    with pytest.raises(ConfigError, match=r"1 of 2 listed files are missing: .*/data/no\.txt; fix"):
        names(listed(crawl, b"c.txt\nno.txt\n"))


def test_a_missing_file_may_be_skipped_and_is_looked_for_again(crawl: Path) -> None:
    source = listed(crawl, b"c.txt\nno.txt\n", missing="skip")
    config = Config(sources=(source,))
    before = plan(config)
    assert [(item.name, item.is_missing) for item in before] == [
        ("books/c.txt", False),
        ("books/no.txt", True),
    ]
    with open_records(before[1], source, Limits()) as records:
        assert list(records) == [SkippedRecord("missing file")]
    (crawl / "data/no.txt").write_text("here now")
    after = plan(config)
    assert after[0] == before[0]
    assert after[1].name == before[1].name
    assert after[1].identity != before[1].identity
    with open_records(after[1], source, Limits()) as records:
        assert [r.raw for r in records if isinstance(r, RawRecord)] == [b"here now"]


def test_if_all_are_missing_the_prefix_is_wrong(crawl: Path) -> None:
    with pytest.raises(ConfigError, match=r"2 of 2 listed files .*; check path_prefix"):
        names(listed(crawl, b"x\ny\n", missing="skip"))


def test_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    head = '[[source]]\nsubset = "a"\nkind = "web"\nformat = "warc"\n'
    config.write_text(head + 'path_list = "l.paths.gz"\npath_prefix = "https://a.b/"')
    (source,) = load_config(config).sources
    assert (source.path_list, source.path_prefix) == (f"{tmp_path}/l.paths.gz", "https://a.b/")
    keys: dict[str, object] = {"subset": "a", "kind": "web", "format": "warc"}
    for more, said in (
        ({"path": "a", "path_list": "b"}, "both path and path_list"),
        ({}, "path is empty"),
        ({"path_list": ["a", ""]}, "path is empty"),
        ({"path": "a", "missing": "skip"}, "are for a path_list"),
        ({"path_list": "a", "missing": "drop"}, "expected one of fail, skip"),
    ):
        with pytest.raises(ConfigError, match=said):
            parse_config({"source": [{**keys, **more}]})


class RangeHandler(SimpleHTTPRequestHandler):
    """Serves parts of files; `/busy` is a server in trouble, `/closed` one that refuses."""

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(False)

    def do_GET(self) -> None:
        self.answer(True)

    def answer(self, with_body: bool) -> None:
        path = Path(self.translate_path(self.path))
        refused = {"/busy": 503, "/closed": 403}.get(self.path, 0 if path.is_file() else 404)
        if refused:
            self.send_error(refused)
            return
        content, status = path.read_bytes(), 200
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked:
            content = content[int(asked[1]) : int(asked[2]) + 1 if asked[2] else None]
            status = 206
        self.send_response(status)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content)))
        if asked:
            begin = int(asked[1])
            end = begin + len(content) - 1
            self.send_header("Content-Range", f"bytes {begin}-{end}/{path.stat().st_size}")
        self.end_headers()
        if with_body:
            self.wfile.write(content)


@pytest.fixture
def server(crawl: Path) -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(RangeHandler, directory=crawl / "data"))
    Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def test_listed_files_may_lie_on_a_server(crawl: Path, server: str) -> None:
    keys = {"path_prefix": f"{server}/", "missing": "skip"}
    source = listed(crawl, b"seg/a.txt\nno.txt\n", **keys)
    items = plan(Config(sources=(source,)))
    assert [(i.name, i.size_bytes, i.is_missing) for i in items] == [
        ("books/no.txt", 0, True),
        ("books/seg/a.txt", 9, False),
    ]
    with open_records(items[1], source, Limits()) as records:
        assert [r.raw for r in records if isinstance(r, RawRecord)] == [b"seg/a.txt"]


def test_a_server_that_refuses_or_fails_is_not_a_missing_file(
    crawl: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massivetext.pipeline.engine.retries.PAUSES_SECONDS", (0.01,))
    for name, said in (("closed", "status 403"), ("busy", "status 503")):
        with pytest.raises(ConfigError, match=said):
            names(listed(crawl, name.encode(), path_prefix=server, missing="skip"))
    with pytest.raises(Exception, match="can be read only"):
        store.write_bytes(server, "x", b"x")
