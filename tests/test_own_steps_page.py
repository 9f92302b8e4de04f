"""docs/own-steps.md: every block of it is written, run or shown as the page says."""

import re
import shlex
from pathlib import Path

import pytest

from massivetext.config import Config
from massivetext.own_steps import EditStep, MeasureStep, RuleStep
from massivetext.pipeline.commands.cli import main
from massivetext.step_validation import EDIT_COLUMNS
from tests.conftest import ROOT

PAGE = (ROOT / "docs/own-steps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"^```(\w+)(?: title=\"([\w.]+)(, at its end)?\")?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
)


def test_the_page_runs_from_its_first_line_to_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = said = ""
    for kind, file, is_added, block in BLOCKS:
        if file and not is_added:
            (tmp_path / file).write_text(block)
        elif file:
            text = (tmp_path / file).read_text()
            (tmp_path / file).write_text(f"{text}\n\n{block}")
        elif kind == "sh":
            for line in block.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "massivetext"
                assert main(arguments) == 0, line
            outcome = capsys.readouterr()
            printed, said = printed + outcome.out, said + outcome.err
        elif kind == "python":
            exec(compile(block, "own-steps.md", "exec"), {})
            assert "'reasons': ['own.curly_braces']" in capsys.readouterr().out
        else:
            assert kind == "text"
            assert block in printed
    assert said.startswith("massivetext: runs code of my_rules (beside the configuration)\n")
    page = (tmp_path / "out/report/index.html").read_text()
    for shown in ("curly_braces", "T5 drops pages with braces", "longest_word", "<h2>Edits</h2>"):
        assert shown in page
    assert {kind for kind, *_ in BLOCKS} == {"json", "python", "toml", "sh", "text"}


@pytest.mark.parametrize("step", [MeasureStep, RuleStep, EditStep])
def test_the_page_names_every_key(step: type) -> None:
    table = {"MeasureStep": "measure", "RuleStep": "rule", "EditStep": "edit"}[step.__name__]
    section = PAGE.partition(f"\n`[[{table}]]`\n")[2].partition("\n`[[")[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert set(step.__dataclass_fields__) <= named  # type: ignore[attr-defined]


def test_the_page_names_what_edits_may_ask_for() -> None:
    section = PAGE.partition("`[[edit]]`\n")[2]
    assert all(f"`{column}`" in section for column in EDIT_COLUMNS)
    assert Config().edits == ()
