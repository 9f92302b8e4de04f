"""The map of characters against SentencePiece itself, which is its definition."""

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.character_map import CharacterMap
from massivetext.sequencing.sentencepiece_file import parse_sentencepiece

RULES = ["nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"]

pieces = st.sampled_from(
    [
        *("e\u0301", "\u0301", "a\u0328\u0301", "ﬁ", "½", "２", "ﷺ", "한글", "\u1112\u1161\u11ab"),
        *(
            "\u200b",
            "\u00ad",
            "\r\n",
            "\t",
            "\x7f",
            "\x00",
            "\u3000",
            "Å",
            "ß",
            "İ",
            "ｶﾞ",
            "か\u3099",
        ),
        *("plain text ", "日本語", "\U0001f600", "\U00010330", "\ufeff", "\u2126", "ΣΑΣ", "１２３"),
    ]
)


@pytest.fixture(scope="module", params=RULES)
def normalizer(request, train_tiny):
    model = train_tiny(
        normalization_rule_name=request.param,
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return processor, CharacterMap(parse_sentencepiece(model).character_map)


@given(text=st.lists(pieces | st.text(max_size=6), max_size=12).map("".join))
def test_any_text_is_as_sentencepiece_has_it(normalizer, text):
    processor, character_map = normalizer
    text = text.encode("utf-8", "ignore").decode()
    expected = processor.normalize(text).replace("\u2581", " ")
    assert character_map.normalize(text.encode()).decode().replace("\u2581", " ") == expected


def test_a_text_that_grows_many_times_is_whole(normalizer):
    processor, character_map = normalizer
    text = "ﷺ" * 5_000
    assert character_map.normalize(text.encode()).decode() == processor.normalize(text).replace(
        "\u2581", " "
    )


@pytest.mark.parametrize("damaged", [b"", b"\xff\xff\xff\x7f", b"\x04\0\0\0abcd", bytes(2_000)])
def test_a_damaged_map_is_refused(damaged):
    with pytest.raises(ValueError, match="its map of characters is damaged"):
        CharacterMap(damaged)
