"""The kernel against the reference, and the conformance vectors."""

import dataclasses
import itertools
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massivetext.config import Config, Quality, Repetition
from massivetext.filters import failed_rules, measure, measures
from massivetext.measure_table import QUALITY, REPETITION, Measure
from massivetext.records import QUALITY_MEASURES, REPETITION_MEASURES
from tests.reference import measures as reference

OPTIONS = [
    {"count": count, "characters": characters}
    for count in ("all", "repeats")
    for characters in ("words", "text")
]

SPACES = [
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    "\u2028",
    "\u2029",
    "\x85",
    "\x1c",
    "\u3000",
    "\xa0",
]
WORDS = [
    "a",
    "the",
    "The",
    "of,",
    "(and)",
    "b",
    "é",
    "漢字",
    "…",
    "...",
    ".",
    "#",
    "-",
    "–",
    "•",
    "x\0y",
]
WORDS += ["\u200d", "👩\u200d💻", "İ", "THAT", "1.5", "...."]

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
wordy_text = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)), max_size=300).map(
    lambda pairs: "".join(word + space for word, space in pairs)
)
repetitive_text = st.builds(
    lambda parts, order: "".join(parts[i % len(parts)] for i in order),
    st.lists(any_text | wordy_text, min_size=1, max_size=4),
    st.lists(st.integers(0, 3), max_size=12),
)


def assert_agree(texts: list[str]) -> None:
    for options in OPTIONS:
        rows = measure(texts, **options).to_pylist()
        assert rows == [reference.measures(text, **options) for text in texts]


# ---- the reference ---------------------------------------------------------------------------


@given(st.lists(any_text | wordy_text | repetitive_text, max_size=4))
@example([])
@example([""])
@example(["", " ", "\n", "a", "", "\0"])
@example([". . . . . ....... … . ..\n. . .\n....\n. ..\n…", "-", "- ", "-a\n–\u3000b\n* c\n+\n·d"])
@example(["a\r\n\r\na\rb\n\x85\nc", "a\u2028a\u2028b", "\ufeffa\u200db\n\ufeffa\u200db"])
def test_the_kernel_is_the_reference(texts):
    assert_agree(texts)


@given(st.lists(wordy_text, min_size=1, max_size=5))
def test_a_text_measures_the_same_in_any_company(texts):
    together = measure(texts).to_pylist()
    assert together == [measure([text]).to_pylist()[0] for text in texts]


@pytest.mark.parametrize(
    "text",
    ["word " * 200_000, "x" * 1_000_000, "\n".join("ab cd" for _ in range(50_000)), "字" * 300_000],
    ids=["one line", "one word", "equal lines", "one word of CJK"],
)
def test_a_megabyte_is_the_reference(text):
    assert measure([text]).to_pylist() == [reference.measures(text)]


# ---- docs/paper.md, section 11: exactly at a threshold stays ----------------------------------


def document(words: int, specials: tuple[str, ...] = ()) -> str:
    """A text of so many words that no rule objects to, but for what `specials` bring."""
    plain = ["the", "of", *(f"word{i:06}"[:8] if i < 9999 else f"w{i:06}" for i in range(words))]
    return " ".join([*specials, *plain][:words])


RULES_AT_THRESHOLDS = [
    ("quality.min_words", document(50), document(49)),
    ("quality.max_words", document(100_000), document(100_001)),
    ("quality.min_mean_word_length", "the of " + "abc " * 49 + "abcd", "the of " + "abc " * 50),
    ("quality.max_mean_word_length", "abcdefghij " * 50, "abcdefghij " * 49 + "abcdefghijk"),
    ("quality.max_hash_to_word_ratio", document(50, ("#a",) * 5), document(50, ("#a",) * 6)),
    ("quality.max_ellipsis_to_word_ratio", document(50, ("a…",) * 5), document(50, ("a…",) * 6)),
    (
        "quality.max_ellipsis_to_word_ratio",
        document(50, ("a...",) * 5),
        document(50, ("a...",) * 6),
    ),
    ("quality.max_bullet_line_fraction", "• a\n" * 9 + "a", "• a\n" * 10),
    ("quality.max_ellipsis_line_fraction", "a…\n" * 3 + "a\n" * 7, "a…\n" * 4 + "a\n" * 6),
    ("quality.min_alphabetic_word_fraction", "a " * 40 + "1 " * 10, "a " * 39 + "1 " * 11),
    ("quality.min_stop_words", "the of", "the the the"),
]


@pytest.mark.parametrize(("rule", "kept", "dropped"), RULES_AT_THRESHOLDS)
def test_a_rule_drops_beyond_its_threshold_only(rule, kept, dropped):
    assert rule not in failed_rules(kept)
    assert rule in failed_rules(dropped)


def test_hash_symbols_and_ellipses_are_separate():
    text = document(50, ("#a",) * 5 + ("b…",) * 5)
    row = measure([text]).to_pylist()[0]
    assert (row["hash_to_word_ratio"], row["ellipsis_to_word_ratio"]) == (0.1, 0.1)
    assert [rule for rule in failed_rules(text) if "ratio" in rule] == []


def distinct_words(count: int) -> list[str]:
    return [f"w{i:04}" for i in range(count)]


def test_the_two_readings_of_a_repeated_10_gram():
    """100 equally long words; one 10-gram stands twice, the other 80 words are distinct."""
    gram, others = distinct_words(90)[:10], distinct_words(90)[10:]
    text = " ".join([*gram, *others, *gram])
    name = "duplicate_10_gram_character_fraction"
    rule = f"repetition.max_{name}"
    assert measure([text])[name].to_pylist() == [0.20]
    assert measure([text], count="repeats")[name].to_pylist() == [0.10]
    assert rule in failed_rules(text)
    assert rule not in failed_rules(text, Config(repetition=Repetition(count="repeats")))


def test_the_top_gram_covers_no_character_twice():
    text = " ".join(["ha"] * 60)
    assert measure([text])["top_2_gram_character_fraction"].to_pylist() == [1.0]
    assert measure([text], characters="text")["top_2_gram_character_fraction"].to_pylist() == [
        120 / 179
    ]
    assert "repetition.max_top_2_gram_character_fraction" in failed_rules(text)


def test_the_top_gram_occurs_twice_and_is_the_longest_of_equals():
    name = "top_2_gram_character_fraction"
    assert measure(["one two three four"])[name].to_pylist() == [0.0]
    assert measure(["a b c a b d long word e long word f"])[name].to_pylist() == [16 / 24]


def test_copies_are_what_comes_after_the_first():
    row = measure(["same\nsame\n\n  other \nsame\n\nsame\nsame"]).to_pylist()[0]
    assert row["duplicate_line_fraction"] == 4 / 6
    assert row["duplicate_line_character_fraction"] == 16 / 25
    assert row["duplicate_paragraph_fraction"] == 1 / 3
    assert row["duplicate_paragraph_character_fraction"] == 8 / 25


@pytest.mark.parametrize(
    ("text", "ellipses"),
    [
        ("...", 1),
        ("....", 1),
        ("......", 2),
        (". . .", 1),
        (". . . .", 1),
        ("…...", 2),
        (".. .", 0),
    ],
)
def test_ellipses_are_found_from_left_to_right_without_overlap(text, ellipses):
    row = measure([text]).to_pylist()[0]
    assert row["ellipsis_to_word_ratio"] == ellipses / len(text.split())


@pytest.mark.parametrize("text", ["• a", "•a", "- a", "-", "–\tb", "* c", "+", " ▪x", "·"])
def test_bullets(text):
    assert measure([text])["bullet_line_fraction"].to_pylist() == [1.0]


@pytest.mark.parametrize("text", ["-1 degree", "*args", "–", "+49 30", "a - b", "—dash"])
def test_what_is_no_bullet(text):
    expected = 1.0 if text == "–" else 0.0  # a dash alone is a bullet without a text
    assert measure([text])["bullet_line_fraction"].to_pylist() == [expected]


def test_stop_words_are_distinct_in_any_case_and_without_their_punctuation():
    texts = [
        "THE “the” (The)",
        "of—and",
        "“With”… ¿Have?",
        "the1 _of_ 'to'",
        "the be to of and that",
    ]
    assert measure(texts)["stop_words"].to_pylist() == [1, 0, 2, 2, 6]


def test_a_fraction_is_one_division():
    """Summing 1/n a word misses the tie at 80 % in more than half of these sizes."""
    for size in range(5, 2005, 5):
        text = " ".join(["a"] * (size * 4 // 5) + ["1"] * (size // 5))
        assert "quality.min_alphabetic_word_fraction" not in failed_rules(text)


def test_a_good_text_breaks_no_rule():
    prose = (
        "It was the best of plans to walk along the river with an old friend, and we have never "
        "regretted that day. Swallows flew low over mills; children called their dogs home. "
        "Somebody had left a blue umbrella on our bench, which nobody came back for, although "
        "rain began soon after four. What else should I tell you about those hours in May?"
    )
    assert failed_rules(prose) == []
    assert failed_rules(prose, Config(quality=Quality(min_words=100))) == ["quality.min_words"]


def test_an_empty_text_measures_nothing():
    assert set(measure([""]).to_pylist()[0].values()) == {0}
    assert failed_rules("") == [
        "quality.min_words",
        "quality.min_mean_word_length",
        "quality.min_alphabetic_word_fraction",
        "quality.min_stop_words",
    ]


# ---- columns ----------------------------------------------------------------------------------


PAPER_COLUMNS = {
    "words": pa.int64(),
    "mean_word_length": pa.float64(),
    "hash_to_word_ratio": pa.float64(),
    "ellipsis_to_word_ratio": pa.float64(),
    "bullet_line_fraction": pa.float64(),
    "ellipsis_line_fraction": pa.float64(),
    "alphabetic_word_fraction": pa.float64(),
    "stop_words": pa.int64(),
    "duplicate_line_fraction": pa.float64(),
    "duplicate_paragraph_fraction": pa.float64(),
    "duplicate_line_character_fraction": pa.float64(),
    "duplicate_paragraph_character_fraction": pa.float64(),
    **{f"top_{n}_gram_character_fraction": pa.float64() for n in (2, 3, 4)},
    **{f"duplicate_{n}_gram_character_fraction": pa.float64() for n in (5, 6, 7, 8, 9, 10)},
}
"""What downstream programs read, in this order; further measures stand among or after them."""


def test_columns_are_the_contract():
    schema = measure(["a b", "c"]).schema
    types = dict(zip(schema.names, schema.types, strict=True))
    found = {name: type_ for name, type_ in types.items() if name in PAPER_COLUMNS}
    assert list(found.items()) == list(PAPER_COLUMNS.items())
    assert types == {**QUALITY_MEASURES, **REPETITION_MEASURES}
    assert set(types) == set(reference.measures("a b"))
    assert measure([]).schema == schema
    assert measure([]).num_rows == 0


# ---- the table of measures --------------------------------------------------------------------

MEASURES = (*QUALITY, *REPETITION)

SWAPS = """It, the 1st: "#hash" and #tag ... 20 - 3?
- a bullet line that trails off…
- a bullet line that trails off…
* another line
+ and one more

one two three four five six seven eight nine ten eleven; 1.5 BE OF
one two three four five six seven eight nine ten, twelve
zero one two three four five six seven eight nine, twelve

- a bullet line that trails off…
one two three four five six seven eight nine, thirteen (with URL: https://a.example/b_c?d=e)
one two three four five six seven eight, fourteen "that"
one two three four five six seven; fifteen
un deux trois quatre cinq six sept huit neuf
un deux trois quatre cinq six sept huit vingt
alpha beta gamma delta epsilon
zeta alpha beta gamma delta epsilon eta

the paragraph again

the paragraph again

- a bullet line that trails off…
one two three four five six! sixteen
one two three four five: seventeen have
the the to to to

and so
 and so
"""
"""A text in which no two measures are equal throughout, so that a swap shows."""


def parts(text: str) -> list[str]:
    """The text, and parts of it: two measures that are equal in all of them are one measure."""
    lines = text.splitlines(keepends=True)
    return [text, *("".join(lines[start : start + 9]) for start in range(0, len(lines), 3))]


def test_two_swapped_measures_are_seen(monkeypatch):
    texts = parts(SWAPS)
    expected = [reference.measures(text) for text in texts]
    assert measure(texts).to_pylist() == expected
    for first, second in itertools.combinations(MEASURES, 2):
        swapped = {
            first.name: dataclasses.replace(second, name=first.name),
            second.name: dataclasses.replace(first, name=second.name),
        }
        for table, rows in (("QUALITY", QUALITY), ("REPETITION", REPETITION)):
            monkeypatch.setattr(measures, table, [swapped.get(row.name, row) for row in rows])
        found = columns_of(texts)
        wrong = {name for name in found if found[name] != [row[name] for row in expected]}
        assert wrong == set(swapped), "SWAPS does not tell them apart; extend it"


def columns_of(texts: list[str]) -> dict[str, list[float]]:
    """The measures of texts before the schema fixes their types."""
    tallies = measures._tallies(pa.array(texts, pa.large_string()), "all")
    return {name: list(column) for name, column in measures._columns(tallies, "words").items()}


def test_a_missing_measure_is_an_error(monkeypatch):
    monkeypatch.setattr(measures, "QUALITY", QUALITY[1:])
    with pytest.raises(KeyError, match=QUALITY[0].name):
        measure(["a text"])


def test_a_measure_of_an_unknown_tally_is_an_error(monkeypatch):
    monkeypatch.setattr(measures, "QUALITY", (*QUALITY, Measure("new", "unheard", "words")))
    with pytest.raises(KeyError, match="unheard"):
        measure(["a text"])


def test_every_measure_has_one_row():
    names = [row.name for row in MEASURES]
    assert len(set(names)) == len(names)
    assert len({(row.part, row.whole) for row in MEASURES}) == len(MEASURES)


# ---- all of the development data --------------------------------------------------------------


def corpus_texts(folder: Path) -> list[str]:
    texts: list[str] = []
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".parquet":
            texts += pq.read_table(file, columns=["text"])["text"].to_pylist()
        elif ".jsonl" in file.name and file.name != "manifest.jsonl":
            with pa.input_stream(file) as stream:
                texts += [json.loads(line)["text"] for line in stream.read().splitlines()]
        elif file.name.endswith(".txt"):
            texts.append(file.read_text(encoding="utf-8"))
    return texts


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_kernel_is_the_reference_on_the_whole_corpus(shared_folder):
    texts = corpus_texts(shared_folder / "data/corpus")
    assert len(texts) > 10_000
    for start in range(0, len(texts), 200):
        batch = texts[start : start + 200]
        assert measure(batch).to_pylist() == [reference.measures(text) for text in batch]
