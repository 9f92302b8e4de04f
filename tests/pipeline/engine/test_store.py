from pathlib import Path

import pyarrow as pa
import pytest
import xxhash

from massivetext.pipeline.engine import store


def test_a_committed_file_is_listed_with_size_and_checksum(tmp_path: Path) -> None:
    entry = store.write_bytes(str(tmp_path), "a/b/c.bin", b"content")
    assert entry == store.FileEntry("a/b/c.bin", 7, xxhash.xxh3_64_hexdigest(b"content"))
    assert store.read_bytes(str(tmp_path / "a/b/c.bin")) == b"content"
    assert store.digest_file(str(tmp_path / "a/b/c.bin")) == (7, entry.xxh3)
    assert not list((tmp_path / "tmp").iterdir())


def test_a_file_that_was_not_finished_is_nowhere(tmp_path: Path) -> None:
    def fail_halfway() -> None:
        with store.commit(str(tmp_path), "a.bin") as pending:
            pending.stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_second_attempt_replaces_the_first(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        store.write_bytes(str(tmp_path), "a.bin", content)
    assert (tmp_path / "a.bin").read_bytes() == b"second"


def test_tables_come_back_and_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "text": ["x" * 1000, "ü\u2028\n"]})
    entries = {store.write_table(str(tmp_path), f"{n}.parquet", table).xxh3 for n in range(2)}
    assert len(entries) == 1
    assert store.read_table(str(tmp_path / "0.parquet")).equals(table)
    assert store.read_table(str(tmp_path / "0.parquet"), ["text"]).equals(table.select(["text"]))
    store.write_table(str(tmp_path), "empty.parquet", table.slice(0, 0))
    assert store.read_table(str(tmp_path / "empty.parquet")).equals(table.slice(0, 0))


def test_folders_are_listed_whole_and_by_path(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a/y/x"):
        store.write_bytes(str(tmp_path), f"top/{name}", b"1")
    found = [str(Path(m.path).relative_to(tmp_path)) for m in store.list_folder(f"{tmp_path}/top")]
    assert found == ["top/a/y/x", "top/a/z", "top/b"]
    assert store.list_folder(f"{tmp_path}/none") == []
    store.delete(f"{tmp_path}/top")
    store.delete(f"{tmp_path}/top")
    assert not store.exists(f"{tmp_path}/top")


def test_a_file_stands_if_it_has_its_size_whatever_its_name(tmp_path: Path) -> None:
    entry = store.write_bytes(str(tmp_path), "a [1]*?.bin", b"content")
    assert store.is_intact(str(tmp_path), entry)
    (tmp_path / "a [1]*?.bin").write_bytes(b"cont")
    assert not store.is_intact(str(tmp_path), entry)
    (tmp_path / "a [1]*?.bin").unlink()
    assert not store.is_intact(str(tmp_path), entry)
