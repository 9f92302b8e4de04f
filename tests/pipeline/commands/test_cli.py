import json
import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main

SOURCE = """
[[source]]
subset = "books"
kind = "text"
format = "text"
path = "{path}"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("The people of the town have to be patient with the heat. " * 9)
    file = tmp_path / "config.toml"
    file.write_text(SOURCE.format(path="*.txt"))
    return file


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and message of a command that must write nothing to standard output."""
    try:
        code = main(arguments)
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("[qualty]\nmin_words = 3", "unknown key 'qualty' at the top level; did you mean"),
        ("[sequence]\nweights = { books = -1 }", "sequence.weights.books is -1.0"),
        ("[sequence]\nweights = { c4 = 1 }", "names 'c4', but no [[source]] has that subset"),
        (SOURCE.format(path="none/*.txt"), "source 'books': no file matches"),
        ('[language]\nmodel = "none.bin"', "language.model: no file"),
        ('[tokenizer]\nmodel = "none.model"', "tokenizer.model = "),
        ('[tokenizer]\nmodel = "a.txt"', "tokenizer.model = "),
        ('[decontamination]\ntitles = ["none.txt"]', "none.txt does not exist"),
        (
            '[[decontamination.test_set]]\nname = "w"\nformat = "text"\npath = "none.txt"',
            "none.txt",
        ),
    ],
)
def test_bad_configurations_end_with_2_before_any_work(
    config: Path, capsys: pytest.CaptureFixture[str], change: str, message: str
) -> None:
    config.write_text(config.read_text() + change)
    output = config.parent / "out"
    code, err = fails(capsys, "run", str(config), "--output", str(output))
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not (output / "documents").exists()


def test_a_corpus_without_any_weight_is_refused_before_any_work(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace('"books"', '"letters"'))
    code, err = fails(capsys, "run", str(config), "--output", str(config.parent / "out"))
    assert code == 2
    assert "no subset of the corpus (letters) has a weight" in err
    assert main(["curate", str(config), "--output", str(config.parent / "out"), "--quiet"]) == 0


def test_bad_use_ends_with_2(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(capsys, "run", "none.toml")[0] == 2
    assert fails(capsys, "run", str(config), "--memory", "much")[0] == 2
    assert fails(capsys, "run", str(config), "--workers", "0")[0] == 2
    assert fails(capsys, "dance")[0] == 2
    assert fails(capsys, "extract", "none.html")[0] == 2
    code, err = fails(capsys, "extract", "-", "--show", "--extractor", "trafilatura")
    assert code == 2
    assert "--show needs the built-in extractor; drop --extractor" in err
    assert fails(capsys, "extract", "-", "--extractor", "boilerpipe")[0] == 2
    assert fails(capsys, "explain", str(config.parent))[0] == 2
    assert fails(capsys, "explain", str(config.parent), "x")[0] == 2
    code, err = fails(capsys, "dedup", str(config), "--output", str(config.parent / "out"))
    assert code == 2
    assert "run `massivetext curate`" in err


def test_an_output_folder_that_cannot_be_written_ends_with_2(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "file").write_text("no folder")
    code, err = fails(capsys, "run", str(config), "--output", str(config.parent / "file"))
    assert code == 2
    assert "cannot write to the output folder" in err


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


def test_extract_prints_the_text_of_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "The people of the town have to be patient with the heat of the long summer."
    (tmp_path / "page.html").write_text(f"<nav><a href=/>Home</a></nav><p>{sentence}</p>")
    assert main(["extract", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == sentence + "\n"
    assert main(["extract", str(tmp_path / "page.html"), "--show"]) == 0
    assert sentence in capsys.readouterr().out


def test_verify_finds_a_changed_byte(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = config.parent / "out"
    assert main(["curate", str(config), "--output", str(output), "--quiet"]) == 0
    assert main(["verify", str(output)]) == 0
    assert "3 files checked, 0 faults" in capsys.readouterr().out
    file = output / "documents/books/a.txt.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (output / "failed/books/a.txt.parquet").unlink()
    assert main(["verify", str(output)]) == 1
    out = capsys.readouterr().out
    assert "documents/books/a.txt.parquet" in out
    assert "failed/books/a.txt.parquet: missing" in out
    assert "2 faults" in out


def test_verify_finds_a_ledger_that_does_not_balance(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = config.parent / "out"
    assert main(["curate", str(config), "--output", str(output), "--quiet"]) == 0
    file = output / "phases/curate/manifest.json"
    manifest = json.loads(file.read_text())
    manifest["items"]["books/a.txt"]["ledger"]["kept"] += 1
    file.write_text(json.dumps(manifest))
    assert main(["verify", str(output)]) == 1
    assert "does not balance" in capsys.readouterr().out


def test_help_needs_neither_beam_nor_jax() -> None:
    code = (
        "import sys\n"
        "sys.modules['apache_beam'] = sys.modules['jax'] = None\n"
        "from massivetext.pipeline.commands.cli import main\n"
        "main(['--help'])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert "massivetext" in result.stdout
    assert "train" in result.stdout
