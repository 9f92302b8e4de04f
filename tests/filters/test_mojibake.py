"""The signs of a wrong decoding: each kind is counted, and sound text of any language has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.filters import failed_rules, measure
from massivetext.filters.evidence import gather_evidence
from tests.reference.measures import doubly_encoded, stray_letters


def count(text: str) -> int:
    return measure([text])["mojibake"].to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("A caf\ufffd and r\ufffdsum\ufffd", 3),
        ("It wasnâ€™t the cafÃ© that we knew", 2),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", 6),
        ("ä½\xa0å¥½", 2),
        ("a smile ðŸ˜€ here", 1),
        ("Price: Â£5 and 20Â°", 2),
        ("Jim Patй and his rйsumй", 3),
        ("Beyoncй", 1),
        ("pаypal", 1),
        ("Привeт", 1),
        ("", 0),
    ],
)
def test_each_sign_counts(text: str, signs: int) -> None:
    assert count(text) == signs
    assert ("quality.max_mojibake" in failed_rules(text)) is False, "no rule by default"


@pytest.mark.parametrize(
    "text",
    [
        "Das macht Spaß… und „Fuß”, sagte er – groß”.",
        "« À la carte », le CAFÉ… déjà vu",
        "não são João, ÂNGELA, MANHÃ, CORAÇÃO",
        "Съешь же ещё этих мягких французских булок, да выпей iPhone-ом чаю",
        "ΔT = 5 kΩ, 3 μm, β-carotene",
        "日本語のWebページ、iPhoneケース",
        "ภาษาไทยกับiPhone",
        "naïve café, Zoë’s résumé — £5, 20°, 3½ × 4…",
    ],
)
def test_sound_text_has_no_signs(text: str) -> None:
    assert count(text) == 0


PIECES = st.one_of(
    st.sampled_from("a Zé9ßÃâ€™\x80\xa0©ðŸ˜Ð¿йЖשم日\ufffd😀×"),
    st.just("ascii text of more than thirty-two bytes"),
)


@given(st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=4))
def test_the_kernel_is_the_reference(texts: list[str]) -> None:
    expected = [t.count("\ufffd") + doubly_encoded(t) + stray_letters(t) for t in texts]
    assert measure(texts)["mojibake"].to_pylist() == expected


def test_what_was_garbled_is_shown() -> None:
    text = "The cafÃ© of Patй"
    [evidence] = gather_evidence(text, ["quality.max_mojibake"])
    assert [str(span) for span in evidence.spans] == [
        "1 x 'Ã©' at characters 7-9",
        "1 x 'tй' at characters 15-17",
    ]
