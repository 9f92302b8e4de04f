"""README.md is short, and its configuration runs; tests/docs/test_pages.py runs its commands."""

import re
import tomllib
from pathlib import Path

import pytest

from massivetext.config_file import parse_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_read_in_five_minutes() -> None:
    assert len(README.splitlines()) <= 150


def test_the_configuration_is_ten_lines_that_run(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml[^\n]*\n(.*?)```", README, re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    config = parse_config(tomllib.loads(example), tmp_path)
    assert config.sources[0].path == str(tmp_path / "crawl/*.warc.gz")


@pytest.mark.parametrize(
    ("tool", "rate", "removals"),
    [
        ("massivetext", "61 MB/s", "0 of 9,371"),
        ("datatrove", "0.31 MB/s", "2,271 of 12,563"),
        ("dolma", "0.90 MB/s", "not measured"),
    ],
)
def test_its_figures_are_those_of_the_benchmarks(tool: str, rate: str, removals: str) -> None:
    page = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in page.splitlines() if row.startswith(f"| {tool}")]
    assert rate in README
    assert rate.removesuffix(" MB/s") in [row[1] for row in rows]
    assert removals in README
    if removals != "not measured":
        assert removals in [f"{row[3]} of {row[2]}" for row in rows]


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pages = [README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))]
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", "\n".join(pages), re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
