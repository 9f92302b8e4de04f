import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main
from tests.pipeline.commands.use import fails


def test_extract_prints_the_text_of_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "The people of the town have to be patient with the heat of the long summer."
    (tmp_path / "page.html").write_text(f"<nav><a href=/>Home</a></nav><p>{sentence}</p>")
    assert main(["extract", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == sentence + "\n"
    assert main(["extract", str(tmp_path / "page.html"), "--show"]) == 0
    assert sentence in capsys.readouterr().out


def test_extract_prints_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    page.write_text("<h1>Mill</h1><p>It <b>stands</b> in <a href=/ness>Ness</a>.</p>")
    for options, shown in (
        ([], "Mill\n\nIt stands in Ness.\n"),
        (["--format", "markdown"], "# Mill\n\nIt **stands** in Ness.\n"),
        (["--format", "markdown", "--links"], "# Mill\n\nIt **stands** in [Ness](/ness).\n"),
    ):
        assert main(["extract", str(page), *options]) == 0
        assert capsys.readouterr().out == shown


def test_what_cannot_be_shown_or_read_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = fails(capsys, "extract", "-", "--show", "--extractor", "trafilatura")
    assert code == 2
    assert "--show needs the extractor tree or lxml, not trafilatura" in err
    code, err = fails(capsys, "extract", "none.html")
    assert code == 2
    assert "cannot read none.html: No such file or directory; name an HTML file" in err


def test_extract_needs_neither_beam_nor_jax(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>The people of the town have to be patient with the heat of the summer.</p>")
    code = (
        "import sys\n"
        "sys.modules['apache_beam'] = sys.modules['jax'] = None\n"
        "from massivetext.pipeline.commands.cli import main\n"
        f"sys.exit(main(['extract', {str(page)!r}]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert "The people of the town" in result.stdout
