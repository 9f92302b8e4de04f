import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.config import ConfigError
from massivetext.pipeline.commands import cli, verify
from massivetext.pipeline.commands.cli import COMMANDS, main
from massivetext.pipeline.engine.errors import RunError, StoreError, UsageError
from tests.pipeline.commands.use import fails


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False, text=True
    )


def test_bad_use_ends_with_2(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(capsys, "run", "none.toml")[0] == 2
    assert fails(capsys, "run", str(config), "--memory", "much")[0] == 2
    assert fails(capsys, "run", str(config), "--workers", "0")[0] == 2
    assert fails(capsys, "dance")[0] == 2
    assert fails(capsys, "extract", "-", "--extractor", "boilerpipe")[0] == 2
    assert fails(capsys, "explain", str(config.parent))[0] == 2
    assert fails(capsys, "explain", str(config.parent), "x")[0] == 2
    code, err = fails(capsys, "dedup", str(config), "--output", str(config.parent / "out"))
    assert code == 2
    assert "run `massivetext curate`" in err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("wrong key"), 2, "massivetext: wrong key\n"),
        (UsageError("wrong folder"), 2, "massivetext: wrong folder\n"),
        (RunError("lost items"), 1, "massivetext: lost items\n"),
        (StoreError("store down"), 1, "store down; run the same command again to continue"),
        (KeyboardInterrupt(), 130, "massivetext: interrupted\n"),
        (MemoryError(), 1, "out of memory: "),
        (
            ImportError("libx.so: failed to map segment from shared object"),
            1,
            "out of memory (libx",
        ),
        (OSError(12, "Cannot allocate memory"), 1, "out of memory ([Errno 12]"),
    ],
)
def test_errors_become_exit_codes(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    message: str,
) -> None:
    def raise_error(options: object) -> int:
        raise error

    command = cli.Command("verify", "fails", verify.COMMAND.add_arguments, raise_error)
    monkeypatch.setattr(cli, "COMMANDS", (command,))
    found, err = fails(capsys, "verify", "out")
    assert found == code
    assert message in err


def test_only_commands_that_use_beam_take_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        needed = ("--rule", "x") if command.name == "examples" else ()
        given = (*needed, "a", "b", "c", "d", "--", "--runner=DirectRunner")
        code, err = fails(capsys, command.name, *given)
        assert code == 2
        assert "unrecognized arguments" in err or "options after --" in err, command.name
    assert {command.name for command in COMMANDS if not command.uses_beam} == {
        "compile",
        "extract",
        "export",
        "train",
        "eval",
        "sample",
    }
    code, err = fails(capsys, "extract", "-", "--", "--runner=DirectRunner")
    assert code == 2
    assert "options after -- are for Beam, which 'extract' does not use" in err


def test_no_two_commands_share_a_name() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)


def test_without_arguments_main_takes_those_of_the_process_and_ends_it() -> None:
    code = f"from {cli.__name__} import main; main(); print('goes on')"
    result = python(code, "verify", "/nowhere")
    assert result.returncode == 1
    assert "1 faults" in result.stdout
    assert "goes on" not in result.stdout


def test_help_needs_neither_beam_nor_jax() -> None:
    result = python(
        "import sys\n"
        "sys.modules['apache_beam'] = sys.modules['jax'] = None\n"
        f"from {cli.__name__} import main\n"
        "main(['--help'])\n"
    )
    assert result.returncode == 0
    for command in COMMANDS:
        assert command.name in result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "--help"], ["explain", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    result = python(
        "import sys\n"
        f"from {cli.__name__} import main\n"
        "try:\n"
        f"    main({arguments})\n"
        "finally:\n"
        "    heavy = {'apache_beam', 'jax', 'numba', 'pyarrow', 'rich'} & sys.modules.keys()\n"
        "    assert not heavy, heavy\n"
    )
    assert result.returncode == 0, result.stderr


def test_a_command_is_run_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "/nowhere"]) == 1
    assert "1 faults" in capsys.readouterr().out
