"""Commands on the pages are run, or say why not; what pages show is what their readers see."""

import argparse
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import COMMANDS as PROGRAM
from tests.docs.pages import (
    COMMANDS,
    PAGES,
    ROOT,
    Block,
    blocks,
    fits,
    make_workspace,
    run_block,
    with_real_output,
    write_files,
)

TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
RUN = [name for name, text in TEXTS.items() if any(block.is_run for block in blocks(text))]
SLOW = {"docs/start/engineers.md": "three runs of the program"}
RUNNABLE = [*COMMANDS, "python"]


@pytest.fixture(scope="module")
def workspace(sample_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("reader")
    make_workspace(folder, sample_run)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in RUN],
)
def test_a_page_shows_what_its_readers_see(page: str, workspace: Path) -> None:
    write_files(TEXTS[page], workspace)
    for block in blocks(TEXTS[page]):
        if block.is_run:
            actual = run_block(block, workspace)
            if block.is_compared:
                assert fits(block.code, actual), (
                    f"python -m tests.docs.pages FOLDER {page}; it printed\n{actual}"
                )


@pytest.mark.parametrize("page", TEXTS)
def test_each_block_is_run_or_says_why_not(page: str) -> None:
    for block in blocks(TEXTS[page]):
        if block.language in RUNNABLE:
            assert block.is_run or block.reason, f"no comment says what runs this:\n{block.code}"
            if block.mark == "run by":
                assert runs(ROOT / block.reason, block), f"{block.reason} does not run {block.code}"


def runs(runner: Path, block: Block) -> bool:
    """Whether a test, or a page that is run, has the commands of a block."""
    text = runner.read_text(encoding="utf-8")
    if runner.suffix == ".py":
        return True
    others = " ".join(" ".join(other.commands) for other in blocks(text) if other.is_run)
    names = {command.split()[1] for command in block.commands}
    return names <= set(re.findall(r"massivetext ([\w-]+)", others))


def test_no_block_of_commands_hides_its_language() -> None:
    unnamed = re.compile(r"^```\n((?:\$ |massivetext |make |pip |python ).*)", re.MULTILINE)
    for page, text in TEXTS.items():
        plain = re.sub(r"^ *```\w+[^\n]*\n.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert unnamed.findall(plain) == [], page


def known_options() -> dict[str, set[str]]:
    """The options of each command of the program."""
    options = {}
    for command in PROGRAM:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        options[command.name] = set(parser._option_string_actions)
    return options


def mentioned(text: str) -> Iterator[list[str]]:
    """The program's command lines in blocks and within sentences, as words."""
    for block in blocks(text):
        yield from (
            shlex.split(line.split("massivetext ", 1)[1])
            for line in block.commands
            if block.language in COMMANDS and re.match(r"(\S*/)?massivetext ", line)
        )
    for line in re.findall(r"`massivetext ([^`]+)`", text):
        yield " ".join(line.split()).split()


@pytest.mark.parametrize("page", TEXTS)
def test_commands_and_options_exist(page: str) -> None:
    known = known_options()
    for words in mentioned(TEXTS[page]):
        own = words[: words.index("--")] if "--" in words else words
        if own[0].startswith("-"):
            assert own[0] in ("--version", "--help")
            continue
        assert own[0] in {*known, "COMMAND"}, f"{page}: massivetext {own[0]}"
        asked = {word.strip("[]") for word in own if word.strip("[").startswith("--")}
        assert asked <= known.get(own[0], asked), f"{page}: massivetext {' '.join(words)}"


@pytest.mark.parametrize(
    ("shown", "actual", "is_fitting"),
    [
        ("$ a\nx\n", "$ a\nx\n", True),
        ("$ a\nx\n...\n", "$ a\nx\ny\nz\n", True),
        ("$ a\n...\nz\n", "$ a\nx\ny\nz\n", True),
        ("$ a\nx\n", "$ a\nx\ny\n", False),
        ("$ a\n...\nx\n", "$ a\ny\n", False),
    ],
)
def test_dots_stand_for_any_lines(shown: str, actual: str, is_fitting: bool) -> None:
    assert fits(shown, actual) is is_fitting


def test_a_page_may_name_the_test_of_all_its_blocks() -> None:
    page = (
        "<!-- all run by: tests/test_x.py -->\n```console\n$ ls\n```\n"
        "<!-- run -->\n```sh\nls\n```\n"
    )
    first, second = blocks(page)
    assert (first.mark, first.reason, first.is_run) == ("run by", "tests/test_x.py", False)
    assert (second.mark, second.is_run) == ("run", True)


def test_marks_are_read() -> None:
    page = (
        "<!-- not run: no key -->\n```sh\nmassivetext run x.toml \\\n  --quiet   # why\n```\n"
        "```console\n$ ls\nold\n```\n"
        "```sh\nls\n```\n"
    )
    first, second, third = blocks(page)
    assert (first.mark, first.reason, first.is_run) == ("not run", "no key", False)
    assert first.commands == ["massivetext run x.toml    --quiet"]
    assert (second.is_compared, second.commands) == (True, ["ls"])
    assert (third.is_run, third.reason) == (False, "")
    assert "$ ls\nnew\n" in with_real_output(page, {second.span: "$ ls\nnew\n"})
