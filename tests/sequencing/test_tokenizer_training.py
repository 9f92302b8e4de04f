import io
import random
from fractions import Fraction

import pytest
import sentencepiece

from massivetext.sequencing import tokenizer_training as training
from massivetext.sequencing.tokenizer import make_tokenizer
from massivetext.sequencing.tokenizer_training import (
    PASSAGE_BYTES,
    train_tokenizer,
    word_frequencies,
)

EVERYTHING = 2**64


def pieces_of(model: bytes) -> list[str]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def train_on_text(texts: list[str], vocab_size: int, normalization: str) -> bytes:
    """Reference: SentencePiece with whole texts."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        byte_fallback=True,
        normalization_rule_name=normalization,
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        allow_whitespace_only_pieces=True,
        max_sentence_length=2**24,
        minloglevel=2,
    )
    return model.getvalue()


@pytest.mark.parametrize("normalization", ["identity", "nfkc"])
def test_counted_words_teach_what_the_texts_teach(passages, normalization):
    odd = ["  \t\t two  tabs\t \n\tx = 1\n\n", "no-break\u00a0space ▁▁ low  ", "ﬁ a¨b ..."]
    texts = [*passages, *odd * 5]
    reference = pieces_of(train_on_text(texts, 600, normalization))
    learned = pieces_of(train_tokenizer(word_frequencies(texts), 600, normalization).model)
    assert len(learned) == len(reference) == 600
    # SentencePiece cuts its candidates off among equally frequent ones, as they come.
    assert len({*learned} & {*reference}) >= 597
    assert learned[:400] == reference[:400]


def test_words_keep_the_spaces_before_them():
    counts = word_frequencies(["a  b\n\n c d ", "d\n\n e", "\0 d\ufffd"])
    assert counts == {"a": 1, "  b\n\n": 1, " c": 1, " d": 2, " ": 1, "d\n\n": 1, " e": 1}


@pytest.mark.parametrize("normalization", ["identity", "nfkc"])
def test_the_same_words_give_the_same_bytes(passages, normalization):
    shuffled = random.Random(1).sample(passages, len(passages))
    counts = [word_frequencies(texts) for texts in (passages, passages, shuffled)]
    assert len({train_tokenizer(words, 600, normalization).model for words in counts}) == 1


def test_other_passages_give_another_model(passages, identity_model):
    assert train_tokenizer(word_frequencies(passages[1:]), 700, "identity").model != identity_model


def test_a_small_corpus_gets_what_it_supports_and_says_so():
    trained = train_tokenizer({"a": 1, " small": 1, " corpus\n": 1}, 32_000, "identity")
    size = make_tokenizer(trained.model).vocab_size
    assert 259 < size < 320
    assert f"{size} pieces only (asked: 32,000)" in trained.warnings[0]


def test_a_vocabulary_as_asked_gives_no_warning(passages):
    assert train_tokenizer(word_frequencies(passages), 600, "identity").warnings == ()


def test_newlines_and_indents_are_learned(identity_model):
    pieces = pieces_of(identity_model)
    assert "\n" in pieces
    assert any(piece.endswith("▁▁") for piece in pieces)


def test_broken_characters_are_not_learned_and_hide_nothing():
    text = "\0 zebra\ufffd zebra \u2585 zebra zebra "
    pieces = pieces_of(train_tokenizer(word_frequencies([text] * 50), 400, "identity").model)
    assert any("zebra" in piece for piece in pieces)
    assert not any(c in piece for piece in pieces for c in "\0\ufffd\u2585")


def test_long_words_are_learned_from():
    word = "zebra-crossing-" * 500  # SentencePiece's default drops what exceeds 4,192 bytes
    assert "zebra" in pieces_of(train_tokenizer({word: 1}, 300, "identity").model)


@pytest.mark.parametrize(
    ("text", "vocab_size", "message"),
    [
        ("", 1_000, "the corpus is empty"),
        (" \n\0 \n", 1_000, "the corpus is empty"),
        ("text", 65_537, "at most 65,536"),
        ("text", 260, "too small"),
    ],
)
def test_impossible_training_is_refused(text, vocab_size, message):
    with pytest.raises(ValueError, match=message):
        train_tokenizer(word_frequencies([text]), vocab_size, "identity")


def test_limits_follow_the_weights():
    shares = {"web": Fraction(3, 4), "wiki": Fraction(1, 4)}
    limits = training.sampling_limits(shares, {"web": 10**9, "wiki": 10**6})
    assert limits["web"] == int(Fraction(75, 2000) * 2**64)
    assert limits["wiki"] == EVERYTHING  # all of it is less than its share


def test_passages_cover_a_document_and_cut_no_character():
    text = "é" * PASSAGE_BYTES + "x"
    drawn = list(training.drawn_passages(text.encode(), 0, "a", EVERYTHING))
    assert "".join(drawn) == text
    odd = "x" + "é" * PASSAGE_BYTES
    drawn = list(training.drawn_passages(odd.encode(), 0, "a", EVERYTHING))
    assert all(set(passage) <= {"x", "é"} for passage in drawn)
    assert sum(map(len, drawn)) >= len(odd) - len(drawn)


def test_passages_are_drawn_by_document_number_and_seed():
    documents = [f"{i:032x}" for i in range(4_000)]

    def drawn(seed: int) -> set[str]:
        return {d for d in documents if list(training.drawn_passages(b"x", seed, d, 2**62))}

    assert len(drawn(0)) == pytest.approx(1_000, abs=5 * 27.4)  # binomial, p = 1/4
    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert not list(training.drawn_passages(b"x", 0, "a", 0))
