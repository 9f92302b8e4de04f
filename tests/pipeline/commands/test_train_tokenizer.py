"""`massivetext train-tokenizer` on the corpus of the sample run."""

from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.sequencing.tokenizer import load_tokenizer

CONFIG = str(Path(__file__).parents[3] / "sample/config.toml")


def test_it_is_the_tokenizer_of_the_shards_and_is_compared(
    sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, shards = tmp_path / "new.model", sample_run / "sequences/tokenizer.model"
    given = ["train-tokenizer", CONFIG, "--output", str(sample_run), "--model", str(model)]
    assert main([*given, "--beside", str(shards)]) == 0
    assert model.read_bytes() == shards.read_bytes()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{model}: {load_tokenizer(str(model)).vocab_size:,} pieces"
    assert lines[1].split() == ["bytes", "per", "token", "new.model", "tokenizer.model"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:]}
    assert set(rows) == {"books", "c4", "github", "massiveweb", "news", "wikipedia"}
    assert all(other == ours and gain == "(+0.0%)" for ours, other, gain in rows.values())
    assert 3.5 < float(rows["wikipedia"][0]) < 5.5


def test_what_cannot_be_done_is_one_line(
    sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["train-tokenizer", CONFIG, "--output"]
    assert main([*given, str(tmp_path)]) == 2
    assert "holds no finished phase 'corpus'" in capsys.readouterr().err
    taken = tmp_path / "taken.model"
    taken.write_text("mine")
    assert main([*given, str(sample_run), "--model", str(taken)]) == 2
    assert "exists and is another file" in capsys.readouterr().err
    assert taken.read_text() == "mine"
    assert main([*given, str(sample_run), "--beside", str(taken)]) == 2
    assert f"--beside {taken}: " in capsys.readouterr().err
    taken.write_text("")
    assert main([*given, str(sample_run), "--beside", str(taken)]) == 2
    assert f"--beside {taken}: the file is empty" in capsys.readouterr().err
    for place in (tmp_path, tmp_path / "none/new.model"):
        assert main([*given, str(sample_run), "--model", str(place)]) == 2
        assert "expected a file in a folder that can be written to" in capsys.readouterr().err
