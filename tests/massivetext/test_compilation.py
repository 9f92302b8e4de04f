import time

import pytest

from massivetext import compilation
from massivetext.compilation import (
    begin_compiling,
    compiled_seconds,
    end_compiling,
    note_compiled_elsewhere,
    share_announcement,
    tell_compiled,
    use_announcement,
    working_seconds,
)


@pytest.fixture(autouse=True)
def new_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "_account", compilation._Account())


def test_compiling_is_said_once_and_for_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    begin_compiling()
    begin_compiling()  # a helper of the first
    end_compiling()
    assert compiled_seconds() == 0.0
    end_compiling()
    begin_compiling()
    end_compiling()
    tell_compiled()
    tell_compiled()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("massivetext: compiling kernels, once for each installation")
    assert last == "massivetext: compiled kernels in 0 s"


def test_the_time_of_compiling_is_no_work() -> None:
    begun = working_seconds(), time.process_time()
    begin_compiling()
    while time.process_time() < begun[1] + 0.1:
        pass
    end_compiling()
    assert working_seconds() - begun[0] <= time.process_time() - begun[1] - 0.09


def test_what_compiled_nothing_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tell_compiled()
    assert capsys.readouterr().err == ""


def test_one_process_of_several_says_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    announcement = share_announcement()
    assert announcement.take()  # as another process would
    use_announcement(announcement)
    note_compiled_elsewhere(70.2)
    begin_compiling()
    end_compiling()  # at the same time, so it is not added
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(compilation._account, "seconds", 60.0)
    tell_compiled()
    assert capsys.readouterr().err == "massivetext: compiled kernels in 70 s\n"
