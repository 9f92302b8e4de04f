import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.visible_text import made_visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("Ünïcode 中文 🙂", "Ünïcode 中文 🙂"),
        ("moc.live\u202e", "moc.live<U+202E>"),
        ("\x1b]0;title\x07", "<U+001B>]0;title<U+0007>"),
        ("two\nlines\u2028more", "two<U+000A>lines<U+2028>more"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("\ud800", "<U+D800>"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert made_visible(text) == shown


def test_a_long_text_is_cut_and_its_length_told() -> None:
    assert made_visible("x" * 1_000_000, 5) == "xxxxx... (1,000,000 characters)"
    assert made_visible("x" * 5, 5) == "xxxxx"


@given(st.text(), st.integers(0, 40))
def test_nothing_is_left_that_acts(text: str, most: int) -> None:
    shown = made_visible(text, most)
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert unseen.isdisjoint(map(unicodedata.category, shown))
    assert len(shown) <= 10 * most + 30
