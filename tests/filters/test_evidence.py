"""Evidence: the passages behind a failure, exactly as much of the text as the measure counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import Config, Repetition
from massivetext.filters import failed_rules, measure
from massivetext.filters.evidence import (
    PASSAGE_CHARACTERS,
    Evidence,
    Passage,
    Span,
    first_passages,
    gather_evidence,
)
from massivetext.filters.passages import Range, no_passage
from massivetext.filters.rules import RULES, TEXT_RULES
from tests.filters.test_measures import wordy_text

TEXT = """Home | About | Contact
• one two three four five six
• one two three four five six

Home | About | Contact
And so on . . .
1.5 #tag and #tag …"""


def evidence_of(rule: str, text: str = TEXT, config: Config | None = None) -> Evidence:
    [evidence] = gather_evidence(text, [rule], config)
    assert evidence.rule == rule
    return evidence


def passages(rule: str) -> dict[str, int]:
    return {span.text: len(span.places) for span in evidence_of(rule).spans}


def test_repeated_lines_and_where_they_stand():
    spans = evidence_of("repetition.max_duplicate_line_fraction").spans
    assert [span.text for span in spans] == [
        "• one two three four five six",
        "Home | About | Contact",
    ]
    for span in spans:
        [(start, end)] = span.places  # the copies, not the first
        assert TEXT[start:end] == span.text
        assert TEXT.index(span.text) < start


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("quality.max_bullet_line_fraction", {"• one two three four five six": 2}),
        ("quality.max_ellipsis_line_fraction", {"1.5 #tag and #tag …": 1, "And so on . . .": 1}),
        ("quality.max_ellipsis_to_word_ratio", {". . .": 1, "…": 1}),
        ("quality.max_hash_to_word_ratio", {"#": 2}),
        ("quality.min_alphabetic_word_fraction", {"|": 4, ".": 3, "1.5": 1, "•": 2, "…": 1}),
        ("quality.min_stop_words", {"And": 1, "and": 1}),
        ("repetition.max_top_2_gram_character_fraction", {"three four": 2}),
        (
            "repetition.max_duplicate_5_gram_character_fraction",
            {"Home | About | Contact": 2, "• one two three four five six": 2},
        ),
    ],
)
def test_passages(rule, expected):
    assert passages(rule) == expected


def test_repeated_paragraphs():
    text = "a b\nc\n\nother\n\n a b\nc "
    [span] = evidence_of("repetition.max_duplicate_paragraph_fraction", text).spans
    assert [text[start:end] for start, end in span.places] == ["a b\nc"]


def test_the_longest_words_show_why_words_are_too_long():
    spans = evidence_of("quality.max_mean_word_length", "a bb " + "x" * 30).spans
    assert [span.text for span in spans] == ["x" * 30, "bb", "a"]


@pytest.mark.parametrize("rule", ["quality.min_words", "quality.max_words", "language.keep"])
def test_a_rule_on_the_text_as_a_whole_shows_it(rule):
    [span] = evidence_of(rule, "\n too short\n").spans
    assert span == Span("too short", (Range(2, 11),))


def test_only_rules_beside_the_text_have_no_evidence():
    without = [name for name, rule in RULES.items() if rule.evidence is no_passage]
    assert without == ["source.licenses", "safesearch.max_score", "opt_outs.reject"]
    assert gather_evidence("any text", without) == []
    assert gather_evidence("", [rule.name for rule in TEXT_RULES]) == []


def test_an_unknown_rule_is_an_error():
    with pytest.raises(KeyError, match="max_surprise"):
        gather_evidence("a text", ["quality.max_surprise"])


def test_a_long_list_is_cut_and_says_so():
    text = " ".join(f"{number}" for number in range(100))
    evidence = gather_evidence(text, ["quality.min_alphabetic_word_fraction"], limit=7)[0]
    assert (len(evidence.spans), evidence.further) == (7, 93)


def test_a_span_is_shown_on_one_short_line():
    span = Span("a\nb" + "c" * 400, tuple(Range(i, i + 403) for i in range(5)))
    shown = str(span)
    assert shown.startswith("5 x 'a\\nbccc")
    assert shown.endswith("... at characters 0-403, 1-404, 2-405 and 2 more")
    assert "\n" not in shown
    assert len(shown) < 250
    assert str(Span("the cat", (Range(3, 10),))) == "1 x 'the cat' at characters 3-10"


def covered(text: str, evidence: list[Evidence]) -> set[int]:
    """The characters of the text, white space apart, that lie in any place."""
    return {
        i
        for found in evidence
        for span in found.spans
        for start, end in span.places
        for i in range(start, end)
        if not text[i].isspace()
    }


@pytest.mark.parametrize("count", ["all", "repeats"])
@given(text=wordy_text)
def test_evidence_covers_what_the_measure_counts(count, text):
    config = Config(repetition=Repetition(count=count))
    row = measure([text], count=count).to_pylist()[0]
    letters = sum(not character.isspace() for character in text)
    grams = [rule for rule in RULES.values() if "gram" in rule.name]
    for rule in grams:
        evidence = gather_evidence(text, [rule.name], config, limit=10_000)
        found = len(covered(text, evidence))
        assert row[rule.measure] == (found / letters if letters else 0.0)


@given(text=wordy_text)
def test_evidence_counts_what_the_measure_counts(text):
    row = measure([text]).to_pylist()[0]
    lines = [line for line in text.split("\n") if line.strip()]
    counted = {
        "quality.max_hash_to_word_ratio": len(text.split()),
        "quality.max_ellipsis_to_word_ratio": len(text.split()),
        "quality.max_bullet_line_fraction": len(lines),
        "quality.max_ellipsis_line_fraction": len(lines),
        "repetition.max_duplicate_line_fraction": len(lines),
    }
    for name, whole in counted.items():
        evidence = gather_evidence(text, [name], limit=10_000)
        places = sum(len(span.places) for found in evidence for span in found.spans)
        assert row[RULES[name].measure] == (places / whole if whole else 0.0)


@given(text=wordy_text)
def test_the_stop_words_that_are_there_are_shown(text):
    evidence = gather_evidence(text, ["quality.min_stop_words"], limit=10_000)
    shown = {span.text.strip("(),.").lower() for found in evidence for span in found.spans}
    assert len(shown) == measure([text])["stop_words"][0].as_py()


@given(st.lists(st.sampled_from(["a b c d e f", "g", "- h", "i...", "", "#", "j k"]), max_size=60))
def test_stored_passages_are_bounded_and_lie_in_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    rules = failed_rules(text)
    passages = first_passages(text, rules, Config().repetition)
    assert [p.rule for p in passages] == [
        r for r in rules if text.split() and r in _names(passages)
    ]
    for passage in passages:
        assert text[passage.start : passage.end].startswith(passage.passage)
        assert 0 < len(passage.passage) <= PASSAGE_CHARACTERS
        assert passage.places >= 1
    missing = set(rules) - _names(passages)
    assert not text.split() or not missing


def _names(passages: list[Passage]) -> set[str]:
    return {passage.rule for passage in passages}


def test_a_passage_behind_much_clean_text_is_found() -> None:
    clean = " ".join(f"word{n}" for n in range(6_000))
    text = clean + "\n" + "the very same nine words again and again and " * 900
    rules = ["repetition.max_duplicate_9_gram_character_fraction"]
    (passage,) = first_passages(text, rules, Config().repetition)
    assert passage.start >= len(clean)
    assert "the very same nine words" in passage.passage


def test_rules_beside_the_text_have_no_passage() -> None:
    rules = ["source.licenses", "language.keep", "safesearch.max_score"]
    assert first_passages("A text.", rules, Config().repetition) == []
