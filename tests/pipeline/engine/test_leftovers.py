"""What killed runs have left is deleted, and nothing else."""

import tempfile
from pathlib import Path

from massivetext.pipeline.engine import leftovers, store
from massivetext.sequencing.shards.staging import staged_in, staging_folder


def test_temporary_files_of_ours_are_deleted_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/notes.txt").write_text("mine")
    try:
        with store.commit(str(tmp_path), "corpus/a.parquet") as pending:
            pending.stream.write(b"half")
            (written,) = [p for p in (tmp_path / "tmp").iterdir() if p.name != "notes.txt"]
            killed = tmp_path / "tmp" / written.name.replace("a.parquet", "killed.parquet")
            killed.write_bytes(b"half")
            raise InterruptedError
    except InterruptedError:
        pass
    assert killed.exists()
    with staged_in(str(tmp_path / "tmp")):
        staged = tempfile.mkstemp(prefix="massivetext-", dir=staging_folder())[1]
    leftovers.clear(str(tmp_path), ())
    assert not Path(staged).exists()
    assert [p.name for p in (tmp_path / "tmp").iterdir()] == ["notes.txt"]
