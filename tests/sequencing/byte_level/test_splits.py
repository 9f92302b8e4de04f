import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.byte_level import splits
from massivetext.sequencing.byte_level.splits import (
    SPLIT_RULES,
    CompiledSplitter,
    PatternSplitter,
    Splitter,
    splitter_of,
)
from massivetext.sequencing.byte_level.unicode_classes import class_table, computed_table

NAMES = {
    name: value
    for name, value in vars(splits).items()
    if isinstance(value, str) and value in SPLIT_RULES
}

pieces = st.sampled_from(
    [
        *(" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2028", "\x00", "x/y\n", "e\u0301"),
        *"a B cd EF gH é É ǅ ʰ א 日 本 \u0301 's 'S 'll 'LL 'Re ' \u017f '\u017f don't".split(),
        *"1 23 4567 ½ ٣ ! ?! / // - _ 😀".split(),
    ]
)


def stops(splitter: Splitter, text: str) -> list[int]:
    return splitter.stops(text.encode(), np.empty(len(text.encode()), np.int64)).tolist()


@pytest.mark.parametrize("name", sorted(NAMES))
@given(text=st.lists(pieces, max_size=14).map("".join))
def test_compiled_words_are_those_of_the_pattern(name: str, text: str) -> None:
    pattern = NAMES[name]
    expected = stops(PatternSplitter([pattern]), text)
    assert stops(CompiledSplitter(SPLIT_RULES[pattern]), text) == expected


@pytest.mark.parametrize("name", sorted(NAMES))
@given(text=st.text(st.characters(max_codepoint=0x52F), max_size=20))
def test_any_european_text(name: str, text: str) -> None:
    test_compiled_words_are_those_of_the_pattern.hypothesis.inner_test(name, text)


def words(pattern: str, text: str) -> list[str]:
    ends = stops(splitter_of([pattern]), text)
    return [text.encode()[a:b].decode() for a, b in itertools.pairwise([0, *ends])]


def test_known_examples() -> None:
    gpt2 = ["It", "'s", " ", " 12345", " a", "\n", "\n", "b"]
    assert words(splits.GPT2, "It's  12345 a\n\nb") == gpt2
    llama3 = ["It", "'S", " ", "123", "45", ",\n\n", " x"]
    assert words(splits.LLAMA3, "It'S 12345,\n\n x") == llama3
    assert words(splits.QWEN2, "12 3") == ["1", "2", " ", "3"]
    o200k = ["HTTPServer's", " path", "To", "X", "/\n"]
    assert words(splits.O200K, "HTTPServer's pathToX/\n") == o200k
    assert words(splits.CL100K, "x\n  ") == ["x", "\n  "]
    assert words(splits.LLAMA3, "x\n  ") == ["x", "\n", "  "]


def test_several_patterns_cut_one_after_the_other() -> None:
    assert stops(splitter_of([r"\p{N}", r"[ab]+|\s+"]), "ab1 ba2") == [2, 3, 4, 6, 7]


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("text", ["1", "a", " ", "!", "\n", "ก", "A", "'"])
def test_a_million_of_one_character_take_linear_time(name: str, text: str) -> None:
    """One pass over them: a second look at each would take minutes."""
    splitter = CompiledSplitter(SPLIT_RULES[NAMES[name]])
    assert stops(splitter, text * 1_000_000)[-1] == len(text.encode()) * 1_000_000


def test_what_is_no_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="its pattern cannot be read"):
        splitter_of(["(["])


def test_the_stored_classes_are_those_of_unicode() -> None:
    """But for characters that were added, or changed, since or before this Python."""
    differing = np.flatnonzero(class_table() != computed_table())
    assert len(differing) < 10_000
    assert differing.min(initial=0x1000) > 0x52F
