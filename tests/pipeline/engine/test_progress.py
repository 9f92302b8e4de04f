import json
from pathlib import Path

import pytest

from massivetext.events import use_log_form
from massivetext.pipeline.engine import progress, store
from massivetext.pipeline.engine.progress import watch


def commit_item(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    record = {"ledger": {"in": 10, "kept": 7}}
    (folder / f"{name}.json").write_text(json.dumps(record))


def test_a_step_tells_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "read"
    commit_item(folder, "before")
    with watch(str(folder), "curate: read", 3, 1):
        commit_item(folder, "a")
        commit_item(folder, "b")
    err = capsys.readouterr().err
    assert err.startswith("curate: read: 2 items in 0.")
    assert err.endswith(" s  30 records, 21 kept\n")


def test_a_step_that_fails_counts_what_was_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "read"

    def fail() -> None:
        with watch(str(folder), "curate: read", 14, 0), watch(str(tmp_path), "dedup: sign", 14, 14):
            commit_item(folder, "a")
            raise OSError("no answer")

    with pytest.raises(OSError, match="no answer"):
        fail()
    err = capsys.readouterr().err
    assert "curate: read: failed after 1 of 14 items, 0." in err


def test_progress_for_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_SECONDS", 0.05)
    folder = tmp_path / "read"
    use_log_form("json")
    try:
        with watch(str(folder), "curate: read", 2, 0):
            commit_item(folder, "a")
            capsys.readouterr()
            while not (told := capsys.readouterr().err):
                pass
    finally:
        use_log_form("text")
    line = json.loads(told.splitlines()[-1])
    line.pop("time")
    assert line.pop("seconds") < 60
    assert line == {
        "event": "progress",
        "level": "info",
        "message": "curate: read: 1/2 items  10 records, 7 kept",
        "phase": "curate",
        "step": "read",
        "items_done": 1,
        "items_total": 2,
        "records": 10,
        "kept": 7,
    }


def test_progress_survives_a_store_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: str) -> None:
        raise OSError("no answer")

    monkeypatch.setattr(store, "list_folder", fail)
    with watch(str(tmp_path), "curate: read", 2, 0):
        pass
    assert "curate: read: 0 items" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr", None)
    with watch(str(tmp_path), "curate: read", 2, 0):
        pass
