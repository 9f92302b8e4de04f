import json
import logging

import pytest

from massivetext.events import use_log_form
from massivetext.pipeline.engine.logs import TellRecords, set_up_logs


def test_libraries_log_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs()
    set_up_logs()
    handlers = logging.getLogger().handlers
    assert sum(isinstance(handler, TellRecords) for handler in handlers) == 1
    try:
        raise ValueError("amid it")
    except ValueError:
        logging.getLogger("apache_beam.x").exception("no answer\nat all")
    logging.getLogger("massivetext.pipeline.x").warning("no answer; trying again")
    assert capsys.readouterr().err == (
        "massivetext: apache_beam.x: no answer\nmassivetext: no answer; trying again\n"
    )


def test_libraries_log_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs()
    use_log_form("json")
    try:
        logging.getLogger("apache_beam.x").error("no answer\nat all")
    finally:
        use_log_form("text")
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    record.pop("time")
    assert record == {
        "event": "log",
        "level": "error",
        "message": "no answer\nat all",
        "logger": "apache_beam.x",
    }
