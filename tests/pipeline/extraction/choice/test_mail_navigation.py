"""The links around a letter in a mail archive."""

import pytest

from massivetext.pipeline.extraction import extract_text

LETTER = (
    "<pre>The gauge at the old pier shows 40 cm more than the one\n"
    "at the lock. Which of them is right?\n\nJo</pre>"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Previous message: <a href=1>New gauge</a>", "Next message: <a href=2>Low water</a>"),
        ("In reply to: <a href=1>New gauge</a>", "Messages sorted by: <a href=2>[ date ]</a>"),
        ("[<a href=1>Prev in Thread</a>]", "[<a href=2>Next in Thread</a>]"),
        ("Prev by Date: <a href=1>Re: Gauge</a>", "Next by thread: <a href=2>Re: Gauge</a>"),
    ],
)
def test_navigation_of_archives_goes(before: str, after: str) -> None:
    page = f"<h1>Low water</h1><ul><li>{before}</li></ul>{LETTER}<ul><li>{after}</li></ul>"
    text = extract_text(f"<html><body>{page}</body></html>".encode())
    assert "Which of them is right?" in text
    assert [line for line in text.lower().splitlines() if before[:8].lower() in line] == []
    assert "gauge</a>" not in text


def test_a_letter_may_speak_of_messages() -> None:
    line = "Next message: <a href=x>mine</a> will say more."
    text = extract_text(f"<html><body><p>{line}</p>{LETTER}</body></html>".encode())
    assert "will say more" in text
