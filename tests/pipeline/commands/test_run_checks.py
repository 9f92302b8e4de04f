"""`massivetext verify OUT --checks`, and the report after any phase."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from massivetext.pipeline.commands.cli import main
from tests.pipeline.small_run import write_config, write_sources


def test_checks_fit_their_schema_and_make_the_exit_code(
    sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    shutil.copytree(sample_run, output)
    record = json.loads((output / "report/checks.json").read_text())
    jsonschema.validate(record, json.loads((output / "report/checks.schema.json").read_text()))
    assert not record["passed"]
    assert main(["verify", str(output), "--checks"]) == 1
    assert "files_are_read_to_their_end: massiveweb/handmade-trunc" in capsys.readouterr().out
    assert main(["verify", str(output), "--checks", "--repair"]) == 2
    (output / "report/checks.json").write_text("{}")
    assert main(["verify", str(output), "--checks"]) == 2
    (output / "report/checks.json").unlink()
    assert main(["verify", str(output), "--checks"]) == 2


def test_the_report_takes_the_phases_that_are_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sources(tmp_path / "in")
    config = str(write_config(tmp_path / "config.toml", str(tmp_path / "in")))
    output = str(tmp_path / "out")
    said = []
    for phase in ("curate", "dedup"):
        assert main([phase, config, "--output", output, "--quiet"]) == 0
        assert main(["report", config, "--output", output, "--quiet"]) == 0
        funnel = json.loads((tmp_path / "out/report/funnel.json").read_text())
        said.append(funnel["dedup"] is not None)
        capsys.readouterr()
        main(["verify", output, "--checks"])
        assert "not known before the phase 'corpus'" in capsys.readouterr().out
        assert main(["verify", output]) == 0
    assert said == [False, True]
