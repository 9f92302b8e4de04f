"""The table of character classes is Python's own, for every code point."""

import re
import sys

import pytest

from massivetext.filters.characters import BULLETS, BULLETS_BEFORE_SPACE, character_classes
from massivetext.filters.repetition_kernel import STOP_WORDS
from massivetext.filters.text_kernel import (
    ALPHANUMERIC,
    BULLET,
    BULLET_BEFORE_SPACE,
    LETTER,
    WHITE_SPACE,
)

EVERY_CHARACTER = [chr(i) for i in range(sys.maxunicode + 1)]


@pytest.mark.parametrize(
    ("mark", "member"),
    [
        (WHITE_SPACE, str.isspace),
        (LETTER, str.isalpha),
        (ALPHANUMERIC, str.isalnum),
        (BULLET, BULLETS.__contains__),
        (BULLET_BEFORE_SPACE, BULLETS_BEFORE_SPACE.__contains__),
    ],
)
def test_classes_are_those_of_python(mark, member):
    expected = [member(character) for character in EVERY_CHARACTER]
    assert (character_classes() & mark != 0).tolist() == expected


def test_white_space_beyond_ascii_starts_with_the_bytes_that_the_kernel_reserves_room_for():
    leads = {c.encode()[0] for c in EVERY_CHARACTER if c.isspace() and not c.isascii()}
    assert leads == {0xC2, 0xE1, 0xE2, 0xE3}


def test_evidence_and_measures_agree_on_white_space():
    assert all(bool(re.match(r"\s", c)) == c.isspace() for c in EVERY_CHARACTER)


def test_no_other_character_has_the_letters_of_a_stop_word_as_its_lower_case():
    letters = set("".join(STOP_WORDS))
    others = [c for c in EVERY_CHARACTER if not c.isascii() and set(c.lower()) <= letters]
    assert others == []
