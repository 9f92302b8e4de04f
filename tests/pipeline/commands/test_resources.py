import resource
from pathlib import Path

import pytest

from massivetext.config import ConfigError, Limits
from massivetext.pipeline.commands import resources
from massivetext.pipeline.commands.resources import (
    early_processes,
    require_address_space,
    usable_memory,
    usable_workers,
)
from massivetext.pipeline.engine.errors import RunError
from tests.pipeline.commands.use import fails

GIGABYTE = 10**9
USUAL = Limits().record_bytes


def test_workers_are_those_that_items_and_memory_allow(capsys: pytest.CaptureFixture[str]) -> None:
    assert usable_workers(2, 5, 4 * GIGABYTE, USUAL, ()) == 2
    assert capsys.readouterr().err == ""
    assert usable_workers(100_000, 5, 4 * GIGABYTE, USUAL, ()) == 5
    assert usable_workers(100_000, 50, 2 * GIGABYTE, USUAL, ()) == 4
    assert usable_workers(2, 50, 10**6, USUAL, ()) == 1
    assert usable_workers(100_000, 5, 4 * GIGABYTE, USUAL, ("--runner=X",)) == 100_000
    assert capsys.readouterr().err.splitlines() == [
        "massivetext: --workers 100000: 5 processes are used, for 5 items of input",
        "massivetext: --workers 100000: 4 processes are used, for --memory 2.0GB",
        "massivetext: --workers 2: 1 process is used, for --memory 1MB",
    ]


def test_large_records_leave_room_for_fewer_processes(capsys: pytest.CaptureFixture[str]) -> None:
    assert usable_workers(2, 50, 4 * GIGABYTE, 100_000_000, ()) == 1
    assert "--memory 4.0GB and limits.record_bytes = 100000000" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"9.5GB of memory, and --memory is 2.0GB; .* 83333333 f"):
        usable_workers(2, 50, 2 * GIGABYTE, 500_000_000, ())
    assert usable_workers(1, 50, 2 * GIGABYTE, 83_333_333, ()) == 1
    assert usable_workers(1, 50, 10**6, USUAL, ()) == 1


def test_records_that_do_not_fit_are_refused_before_work(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(f"[limits]\nrecord_bytes = 500_000_000\n{config.read_text()}")
    output = config.parent / "out"
    arguments = ("run", str(config), "--output", str(output), "--memory", "2GB")
    code, err = fails(capsys, *arguments)
    assert code == 2
    assert "limits.record_bytes" in err
    assert err.count("\n") == 1
    assert not output.exists()


def test_a_budget_beyond_the_machine_is_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert usable_memory(GIGABYTE // 10) == GIGABYTE // 10
    assert capsys.readouterr().err == ""
    assert usable_memory(10**24) < 10**15
    assert "this machine has" in capsys.readouterr().err


def test_no_process_is_started_for_a_finished_output(tmp_path: Path) -> None:
    def count(workers: int | None, output: str = str(tmp_path)) -> int:
        return early_processes(workers, 64 * GIGABYTE, (), output, "run").count

    resources_cores = resources.core_count()
    assert count(100_000) == resources_cores
    assert count(None) == 1
    assert count(2, "s3://bucket/out") == 1
    (tmp_path / "phases/report").mkdir(parents=True)
    (tmp_path / "phases/report/manifest.json").touch()
    assert count(100_000) == 1


def test_too_little_address_space_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    require_address_space(10**9)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (10**9, 10**9))
    require_address_space(10**9)
    with pytest.raises(RunError, match=r"`ulimit -v`\) is 1.0GB and at least 1.2GB are needed"):
        require_address_space(1_240_000_000)
