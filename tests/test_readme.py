"""What the README shows is what a newcomer sees."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from massivetext.config import Config
from massivetext.config_file import parse_config
from massivetext.pipeline.commands.summary import funnel_table
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.report.funnel import funnel

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_funnel_is_that_of_the_sample(sample_run: Path) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=130, highlight=False)
    console.print(funnel_table(funnel(Job(Config(), str(sample_run)))))
    actual = [line.rstrip() for line in stream.getvalue().splitlines()]
    shown = [line.rstrip() for line in blocks("text")[0].splitlines()]
    assert shown == actual, "put this into README.md:\n" + "\n".join(actual)


def test_the_configuration_is_ten_lines_that_run(tmp_path: Path) -> None:
    import tomllib

    (example,) = blocks("toml")
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    config = parse_config(tomllib.loads(example), tmp_path)
    assert config.sources[0].path == str(tmp_path / "crawl/*.warc.gz")


def test_the_python_examples_run(sample_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample_run.parent)
    examples = [block.replace(".to_pandas()", "") for block in blocks("python")]
    assert len(examples) == 2
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
