import inspect
from pathlib import Path

import pytest

import massivetext
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases import run as phases_run
from tests.pipeline.commands.use import SOURCE, fails


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


def test_an_output_folder_that_cannot_be_written_ends_with_2(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "file").write_text("no folder")
    code, err = fails(capsys, "run", str(config), "--output", str(config.parent / "file"))
    assert code == 2
    assert "cannot write to the output folder" in err


def test_the_command_line_is_two_calls_above_the_phases(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads a traceback of a run should meet the data soon."""
    callers: list[str] = []

    def run_phases(job: object, items: object, command: str) -> None:
        callers.extend(frame.function for frame in inspect.stack()[1:3])
        assert command == "run"

    monkeypatch.setattr(phases_run, "run_phases", run_phases)
    assert main(["run", str(config), "--output", str(config.parent / "out"), "--quiet"]) == 0
    assert callers == ["run", "main"]


def test_a_dozen_calls_lie_between_the_command_and_the_first_byte(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of our own, counted with `main` and with the read itself."""
    package = Path(massivetext.__file__).parent
    rooms = tuple(str((package / room).resolve()) for room in ("", "pipeline"))
    depths: list[int] = []
    read = store.WatchedStream.read

    def counted(self: store.WatchedStream, size: int = -1) -> bytes:
        files = [str(Path(frame.filename).resolve()) for frame in inspect.stack()]
        if any(file.endswith("curate.py") for file in files):  # not while files are listed
            depths.append(1 + sum(file.startswith(rooms) for file in files))
        return read(self, size)

    monkeypatch.setattr(store.WatchedStream, "read", counted)
    output = str(config.parent / "deep")
    (config.parent / "a.jsonl").write_text('{"text": "a word"}\n')
    config.write_text(
        '[[source]]\nsubset = "web"\nkind = "text"\nformat = "jsonl"\npath = "a.jsonl"\n'
        'fields = { text = "text" }\n'
    )
    assert main(["curate", str(config), "--output", output, "--workers", "1", "--quiet"]) == 0
    assert 8 < depths[0] <= 12
