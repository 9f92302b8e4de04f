r"""What the pages show: their blocks of code, and a folder in which their commands run.

A block of commands (sh, bash, console) or of Python says above itself what becomes of it, in a
comment that readers do not see:

    <!-- run -->                            a test runs it; each command ends with exit code 0
    <!-- run by: tests/test_auditing.py --> that test runs it
    <!-- not run: needs a cluster -->       nobody does, for this reason

`<!-- all run by: tests/test_auditing.py -->` says it of all blocks of a page that say nothing.
A `console` block without a comment is run, and its output is compared: commands stand behind `$ `,
output below them; a line `...` stands for any lines. A block with a title, ```` ```toml
title="mine.toml" ````, is a file that the page's reader writes.

    python -m tests.docs.pages FOLDER PAGE ...    writes the real output into pages

FOLDER is one in which commands can run; `make_workspace` says what lies there.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from massivetext.pipeline.commands.cli import main as massivetext

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "examples/dataflow.md",
    ROOT / "CONTRIBUTING.md",
]
COMMANDS: Final = ("sh", "bash", "console")
"""Languages of blocks that are commands."""

_SAMPLE: Final = {"sample/config.toml": str(ROOT / "sample/config.toml")}
"""The configuration of the finished run, whose test sets count by their whole paths."""

_FENCE: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<code>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
_PAGE_MARK: Final = re.compile(r"^<!-- all run by: (\S+) -->$", re.MULTILINE)
_MARK: Final = re.compile(r"<!-- (run|run by|not run)(?:: ([^>]+?))? -->\n\Z")


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes:
        language: as the page states it.
        title: the file that the block is; "" for others.
        code: what stands in it.
        mark: "run", "run by" or "not run"; "" without a comment.
        reason: what the comment adds.
        span: where the code begins and ends in the page.
    """

    language: str
    title: str
    code: str
    mark: str
    reason: str
    span: tuple[int, int]

    @property
    def is_compared(self) -> bool:
        """Whether its output is compared with the real one."""
        return self.language == "console" and not self.mark

    @property
    def is_run(self) -> bool:
        """Whether its page's test runs it."""
        return self.mark == "run" or self.is_compared

    @property
    def commands(self) -> list[str]:
        """The commands, each in one line."""
        joined = self.code.replace("\\\n", " ")
        if self.language == "console":
            return [line[2:] for line in joined.splitlines() if line.startswith("$ ")]
        lines = [re.sub(r"\s+#.*", "", line) for line in joined.splitlines()]
        return [line for line in lines if line.strip() and not line.startswith("#")]


def blocks(text: str) -> Iterator[Block]:
    """Yields the blocks of a page that state their language."""
    runner = _PAGE_MARK.search(text)
    of_page = ("run by", runner[1]) if runner else ("", "")
    for fence in _FENCE.finditer(text):
        own = _MARK.search(text[: fence.start()])
        mark, reason = (own[1], own[2] or "") if own else of_page
        yield Block(
            language=fence["language"],
            title=fence["title"] or "",
            code=fence["code"],
            mark=mark,
            reason=reason,
            span=fence.span("code"),
        )


def make_workspace(folder: Path, sample_run: Path) -> None:
    """Makes what readers have who did the README's first steps: the sample, and its run."""
    (folder / "sample").symlink_to(ROOT / "sample")
    shutil.copytree(sample_run, folder / "out/sample")
    for result in sample_run.iterdir():  # guides call the folder of a run `out`
        (folder / "out" / result.name).symlink_to(folder / "out/sample" / result.name)


def run_block(block: Block, folder: Path) -> str:
    """Runs a block in a folder; returns the console block that readers would see.

    Raises:
        AssertionError: if a command fails.
    """
    if block.language == "python":
        return _run_python(block.code, folder)
    shown = ""
    for command in block.commands:
        code, output = run_command(command, folder)
        allowed = block.is_compared and command.startswith("massivetext")
        assert code == 0 or (code == 1 and allowed), f"{command}: exit code {code}\n{output}"
        shown += f"$ {command}\n{output}"
    return shown


def _run_python(code: str, folder: Path) -> str:
    """Runs the code in this process; returns what it prints."""
    stream = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(stream):
        exec(compile(code, "page", "exec"), {})
    return stream.getvalue()


def run_command(command: str, folder: Path) -> tuple[int, str]:
    """Runs a command line; returns its exit code and what it prints on standard output."""
    words = shlex.split(command)
    if words[0] == "massivetext" and not {"|", ">", "&"} & set(words):
        return _run_here(words[1:], folder)
    shell = ["bash", "-euc", command]
    done = subprocess.run(shell, cwd=folder, stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout


def _run_here(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Runs a command of ours in this process, where everything is imported and compiled."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.chdir(folder), contextlib.redirect_stdout(stream):
        code = massivetext([_SAMPLE.get(word, word) for word in arguments])
    stream.flush()
    raw = stream.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO
    lines = raw.decode().replace(f"{folder}/", "").splitlines()
    return code, "".join(f"{line.rstrip()}\n" for line in lines)


def fits(shown: str, actual: str) -> bool:
    """Returns whether a page shows the real output; a line `...` stands for any lines."""
    parts = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
    return re.fullmatch(".*".join(re.escape(part) for part in parts), actual, re.DOTALL) is not None


def write_files(page: str, folder: Path) -> None:
    """Writes the files that a page shows in full."""
    for block in blocks(page):
        if block.title:
            (folder / block.title).write_text(block.code, encoding="utf-8")


def with_real_output(page: str, real: Mapping[tuple[int, int], str]) -> str:
    """Returns a page whose console blocks hold other text, by their spans."""
    changed = page
    for block in reversed([block for block in blocks(page) if block.is_compared]):
        begin, end = block.span
        changed = changed[:begin] + real[block.span] + changed[end:]
    return changed


def main(folder: Path, pages: list[Path]) -> None:
    """Runs pages in a folder and writes what their commands print into them."""
    for path in pages:
        page = path.read_text(encoding="utf-8")
        write_files(page, folder)
        real = {}
        for block in blocks(page):
            if block.is_run:
                actual = run_block(block, folder)
                real[block.span] = block.code if fits(block.code, actual) else actual
        path.write_text(with_real_output(page, real), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), [Path(name) for name in sys.argv[2:]])
