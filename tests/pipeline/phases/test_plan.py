import os
import random
from itertools import pairwise
from pathlib import Path

import pytest

from massivetext.config import Config, ConfigError, Source
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.plan import plan, unsplit_files
from massivetext.pipeline.readers import RANGE_BYTES


def source(path: object, subset: str = "books", source_format: str = "text") -> Source:
    return Source(subset, "text", source_format, path)  # type: ignore[arg-type]


def names(*sources: Source) -> list[str]:
    return [item.name for item in plan(Config(sources=sources))]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.txt", "deep/er/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text")
    return tmp_path


def test_items_are_named_below_the_root_and_numbered_by_name(shelf: Path) -> None:
    items = plan(Config(sources=(source(f"{shelf}/**.txt"),)))
    assert [item.name for item in items] == ["books/a.txt", "books/b.txt", "books/deep/er/c.txt"]
    assert [item.number for item in items] == [0, 1, 2]
    assert names(source(f"{shelf}/a.txt")) == ["books/a.txt"]


def test_the_order_of_the_listing_does_not_matter(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(sources=(source(f"{shelf}/**.txt"),))
    expected, match = plan(config), store.match

    def shuffled(pattern: str) -> list[store.FileMetadata]:
        found = match(pattern)
        random.Random(1).shuffle(found)
        return found

    monkeypatch.setattr(store, "match", shuffled)
    assert plan(config) == expected


def test_sources_and_patterns_of_one_subset_do_not_share_names(shelf: Path) -> None:
    both = source((f"{shelf}/a.txt", f"{shelf}/*.txt"))
    assert names(both) == ["books/path-0/a.txt", "books/path-1/a.txt", "books/path-1/b.txt"]
    one, other = source(f"{shelf}/a.txt"), source(f"{shelf}/*.txt")
    assert names(one, other, source(f"{shelf}/a.txt", "news")) == [
        "books/source-0/a.txt",
        "books/source-1/a.txt",
        "books/source-1/b.txt",
        "news/a.txt",
    ]


def test_a_pattern_that_matches_nothing_is_an_error(shelf: Path) -> None:
    with pytest.raises(ConfigError, match=r"source 'books': no file matches .*\*\.gz; check"):
        plan(Config(sources=(source(f"{shelf}/*.gz"),)))


def test_a_large_file_of_lines_is_cut_into_numbered_ranges(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massivetext.pipeline.readers.lines.RANGE_BYTES", 10)
    (shelf / "l.jsonl").write_text('{"text": "0123456789"}\n' * 2)
    items = plan(Config(sources=(source(f"{shelf}/l.jsonl", source_format="jsonl"),)))
    assert [item.name for item in items[:2]] == ["books/l.jsonl.00000", "books/l.jsonl.00001"]
    edges = [(item.range.start, item.range.stop) for item in items]
    assert edges[0][0] == 0
    assert edges[-1][1] == 46
    assert all(left[1] == right[0] for left, right in pairwise(edges))
    assert [item.weight for item in items] == [stop - start for start, stop in edges]
    whole = plan(Config(sources=(source(f"{shelf}/a.txt"),)))[0]
    assert whole.weight == whole.size_bytes == (shelf / "a.txt").stat().st_size


def test_what_an_item_is_follows_the_file(shelf: Path) -> None:
    before = plan(Config(sources=(source(f"{shelf}/a.txt"),)))[0].identity
    (shelf / "a.txt").write_text("other text")
    assert plan(Config(sources=(source(f"{shelf}/a.txt"),)))[0].identity != before


def test_items_of_folders_with_wildcards_in_their_names(shelf: Path) -> None:
    (shelf / "g[1]").mkdir()
    (shelf / "g[1]/x[2].txt").write_text("text")
    assert names(source(f"{shelf}/g[[]1]/*.txt")) == ["books/x[2].txt"]
    assert names(source(f"{shelf}/g[[]1]/x[[]2].txt")) == ["books/x[2].txt"]
    with pytest.raises(ConfigError, match=r"of just this name write .*/g\[\[\]1\]/x\[\[\]2\].txt;"):
        names(source(f"{shelf}/g[1]/x[2].txt"))


def test_inputs_that_are_no_files_are_named_with_their_source(shelf: Path) -> None:
    os.mkfifo(shelf / "pipe.txt")
    with pytest.raises(ConfigError, match=r"source 'books': .*/pipe.txt is a named pipe"):
        names(source(f"{shelf}/*.txt"))
    with pytest.raises(ConfigError, match=r"source 'books': .* is a folder; write .*/deep/"):
        names(source(f"{shelf}/deep"))
    with pytest.raises(ConfigError, match=r"source 'books': cannot list .* bad character range"):
        names(source(f"{shelf}/[z-a]*"))


def test_a_name_too_long_for_results_is_refused(shelf: Path) -> None:
    (shelf / ("ü" * 118 + ".txt")).write_text("text")
    (shelf / "long").mkdir()
    (shelf / "long" / ("n" * 250)).write_text("text")
    assert len(names(source(f"{shelf}/*.txt"))) == 3
    with pytest.raises(ConfigError, match=r"has 250 bytes, but results .* have room for 241"):
        names(source(f"{shelf}/long/*"))


def test_large_files_that_are_not_split_are_named(tmp_path: Path) -> None:
    for name, begin in {
        "a.jsonl": b"{}\n",
        "b.jsonl": b"\x1f\x8b\x08\0",
        "c.jsonl.gz": b"x",
    }.items():
        (tmp_path / name).write_bytes(begin)
        os.truncate(tmp_path / name, RANGE_BYTES + 1)  # sparse: nothing is written
    (tmp_path / "small.jsonl").write_bytes(b"{}")
    items = plan(Config(sources=(source(f"{tmp_path}/*", source_format="jsonl"),)))
    expected = {str(tmp_path / name): RANGE_BYTES + 1 for name in ("b.jsonl", "c.jsonl.gz")}
    assert unsplit_files(items) == expected
