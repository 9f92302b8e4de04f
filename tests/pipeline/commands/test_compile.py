"""`massivetext compile` leaves nothing to compile."""

import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.kernels import kept_in, kernel
from massivetext.pipeline.commands import compile_command
from massivetext.pipeline.commands.cli import main

ROOT = Path(__file__).parents[3]

COMPILED_BY_A_RUN = """
import sys
from numba.core import event
from massivetext.pipeline.commands.cli import main

class Heard(event.Listener):
    compiled = []
    def on_start(self, event):
        self.compiled.append(event.data["dispatcher"].py_func.__qualname__)
    def on_end(self, event):
        pass

assert main(["compile"]) == 0
before = set(sys.modules)
event.register("numba:compile", Heard())
assert main(sys.argv[1:]) == 0
assert not Heard.compiled, Heard.compiled
import massivetext.pipeline.commands.compile_command as command
late = [name for name in set(sys.modules) - before if name in command.kernel_modules()]
assert not late, late
"""


def test_it_finds_every_module_with_kernels() -> None:
    folders = ("massivetext", "filters", "dedup", "sequencing", "pipeline", "model")
    files = {
        file.resolve()
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if "\n@kernel(" in file.read_text()
    }
    found = {
        Path(sys.modules[name].__file__ or "").resolve()
        for name in compile_command.kernel_modules()
        if __import__(name)
    }
    assert found == files


def test_a_run_has_nothing_left_to_compile(tmp_path: Path) -> None:
    config = ROOT / "sample/config.toml"
    arguments = ["run", str(config), "--output", str(tmp_path / "out"), "--quiet"]
    script = [sys.executable, "-c", COMPILED_BY_A_RUN, *arguments, "--workers", "1"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "all kernels are compiled" in done.stdout


def test_it_says_where_they_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"all kernels are compiled: {len(compile_command.kernel_modules())}")
    assert said.count("\n") == 1


def test_kernels_that_nothing_keeps_are_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("massivetext.kernels.kept_in", lambda module: set())
    assert main(["compile"]) == 1
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in capsys.readouterr().err


@kernel("int64(int64)")
def _twice(number: int) -> int:
    return 2 * number


def test_a_kernel_is_kept_beside_its_module() -> None:
    assert _twice(3) == 6
    (folder,) = kept_in(sys.modules[__name__])
    assert next(folder.glob("kernels-*")).is_dir()
