import io
import json
import sys
from datetime import datetime

import pytest

from massivetext.events import form_asked, line_of, log_form, muted, tell, use_log_form


@pytest.fixture
def json_lines() -> object:
    use_log_form("json")
    yield
    use_log_form("text")


def test_text_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    tell("warning", "too\nmany lines", level="warning")
    tell("progress", "curate: read: 1/2 items", phase="curate")
    assert capsys.readouterr().err == "massivetext: too many lines\ncurate: read: 1/2 items\n"


def test_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str], json_lines: object) -> None:
    tell("step", "curate: read: 2\nitems", phase="curate", items_done=2, records=None)
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert datetime.fromisoformat(record.pop("time")).tzinfo is not None
    assert record == {
        "event": "step",
        "level": "info",
        "message": "curate: read: 2\nitems",
        "phase": "curate",
        "items_done": 2,
    }


def test_muted_events_are_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    with muted("warning"):
        tell("warning", "of the sample")
        tell("error", "of the run")
    tell("warning", "of the run")
    assert capsys.readouterr().err == "massivetext: of the run\nmassivetext: of the run\n"


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (["run", "c.toml", "--log", "json"], "json"),
        (["run", "--log=json", "c.toml"], "json"),
        (["run", "c.toml", "--log", "text"], "text"),
        (["run", "--log"], "text"),
        ([], "text"),
    ],
)
def test_the_form_is_known_before_arguments_are_parsed(arguments: list[str], form: str) -> None:
    assert form_asked(arguments) == form
    assert log_form() == "text"


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [None, Full()])
def test_nothing_fails_because_nobody_can_be_told(
    monkeypatch: pytest.MonkeyPatch, stream: object
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    tell("error", "lost")
    assert line_of("error", "lost") == "massivetext: lost\n"
