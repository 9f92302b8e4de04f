from pathlib import Path

import pyarrow as pa
import pytest
import xxhash
from apache_beam.io.filesystem import BeamIOError

from massivetext.pipeline.engine import retries, store
from massivetext.pipeline.engine.errors import StoreError, UsageError


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


@pytest.mark.parametrize("name", ["out[1]", "out*", "out?", "[!a]"])
def test_wildcards_in_a_folder_are_its_name(tmp_path: Path, name: str) -> None:
    for decoy in ("out1", "outx", "b"):
        store.write_bytes(str(tmp_path / decoy), "a/file", b"1")
    output = str(tmp_path / name)
    entry = store.write_bytes(output, "a/b[1].bin", b"content")
    assert store.is_intact(output, entry)
    assert [m.path for m in store.list_folder(output)] == [f"{output}/a/b[1].bin"]
    assert [m.path for m in store.match_below(f"{output}/a/b[1].bin")] == [f"{output}/a/b[1].bin"]
    store.delete(f"{output}/a/b[1].bin")
    assert store.list_folder(output) == []
    store.delete(output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "out1", "outx"]
    assert len(store.list_folder(str(tmp_path))) == 3


def test_a_long_name_has_a_temporary_file_too(tmp_path: Path) -> None:
    store.write_bytes(str(tmp_path), "ü" * 120, b"1")
    with pytest.raises(OSError, match="File name too long") as caught:
        store.write_bytes(str(tmp_path), "x" * 300, b"1")
    assert not store.is_transient(caught.value)
    assert "exceptions" not in str(caught.value)
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("path", ["ftp://host/x", "s4://bucket/x"])
def test_an_unknown_scheme_is_told_with_the_known_ones(path: str) -> None:
    for ask in (store.exists, store.match, store.read_bytes, store.list_folder, store.delete):
        with pytest.raises(UsageError, match=f"as in {path}; expected a local path or one of"):
            ask(path)


def test_a_store_that_is_slow_to_fail_is_not_asked_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))

    def fail_after_20_seconds() -> None:
        clock[0] += 20
        raise TimeoutError("no answer")

    with pytest.raises(StoreError, match="no answer; 2 attempts"):
        retries.with_retries(fail_after_20_seconds)
    assert clock[0] < 60


def test_the_docs_say_how_long_a_store_is_waited_for() -> None:
    root = Path(__file__).parents[3]
    for page in ("docs/one-machine.md", "docs/architecture.md"):
        text = " ".join((root / page).read_text().split())
        assert f"{sum(retries.PAUSES_SECONDS):g} seconds" in text


def test_causes_of_an_error_never_run_in_a_circle() -> None:
    """Who looks for the cause of a failed pipeline follows them to their end."""

    def list_wrapped() -> None:
        try:
            raise PermissionError(13, "Permission denied", "/x")
        except PermissionError as error:
            raise BeamIOError("List operation failed", {"/x": error}) from error

    with pytest.raises(PermissionError) as caught:
        retries.with_retries(list_wrapped)
    chain: list[BaseException] = [caught.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        assert cause not in chain
        chain.append(cause)
