from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.commands.phase import COMMANDS
from massivetext.pipeline.phases.table import PHASES
from tests.pipeline.commands.use import fails


def test_every_phase_is_a_command() -> None:
    assert [command.name for command in COMMANDS] == [phase.name for phase in PHASES]
    assert all(command.uses_beam for command in COMMANDS)


def test_only_dedup_compares_with_older_runs(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in COMMANDS:
        _, err = fails(capsys, command.name, str(config), "--against", "none")
        assert ("unrecognized arguments: --against" in err) == (command.name != "dedup")


def test_phases_run_one_by_one_and_refuse_other_settings(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(config.parent / "out")
    assert main(["curate", str(config), "--output", output, "--quiet"]) == 0
    assert "books" in capsys.readouterr().out
    config.write_text(config.read_text() + "[quality]\nmin_words = 60\n")
    code, err = fails(capsys, "curate", str(config), "--output", output)
    assert code == 2
    assert "quality.min_words was 50 and is 60 now" in err
    assert main(["curate", str(config), "--output", output, "--quiet", "--restart"]) == 0
