"""The fast encoder against SentencePiece itself, which is its definition."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sequencing import fast_encoder, sentencepiece_file, word_cache
from massivetext.sequencing.fast_encoder import FastEncoder, why_not
from massivetext.sequencing.sentencepiece_file import parse_sentencepiece
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer
from massivetext.sequencing.tokenizer_training import train_tokenizer, word_frequencies

TRICKY = [
    "", " ", "\n", "a", "\0", "▁", "▁▁ a▁", "\ufffd", "\ufeff", "é", "e\u0301",
    "<s></s><unk><0x0A>", "\r\n\t\r", "日本語日本語", "😀👩\u200d👩\u200d👧", "a" * 3_000,
    " " * 3_000,
    "\n" * 500, "ab" * 2_000, "▁" * 99, "ﬁ½2⁵", "x\u0300\u0301\u0302\u0303", "\U0010ffff",
    "crop" * 400, "the the  the   the    the",
]  # fmt: skip

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def assert_same(tokenizer: Tokenizer, text: str) -> None:
    encoded = text.encode()
    expected = tokenizer.encode_by_reference(encoded)
    assert tokenizer.encode(encoded).tolist() == expected.tolist()


@pytest.fixture(params=["identity", "nfkc"])
def tokenizer(request) -> Tokenizer:
    found: Tokenizer = request.getfixturevalue(request.param)
    assert found._fast[0] is not None, "the fast encoder must take our own models"
    return found


@pytest.mark.parametrize("text", TRICKY, ids=lambda text: ascii(text[:12]))
def test_tricky_texts(tokenizer, text):
    assert_same(tokenizer, text)


@given(text=any_text)
def test_any_text_identity(identity, text):
    assert_same(identity, text)


@given(text=any_text)
def test_any_text_nfkc(nfkc, text):
    assert_same(nfkc, text)


@given(data=st.data())
def test_texts_made_of_pieces(identity, data):
    pieces = [
        p.text.replace("▁", " ") for p in parse_sentencepiece(identity.model).pieces if p.type == 1
    ]
    parts = data.draw(st.lists(st.sampled_from(pieces), max_size=60))
    assert_same(identity, "".join(parts))


@given(
    alphabet=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
    size=st.integers(1, 400),
)
def test_long_words_of_few_letters(identity, alphabet, seed, size):
    """Many merges compete: the heap's order is put to the test."""
    assert_same(identity, "".join(random.Random(seed).choices(alphabet + "ecrop", k=size)))


@settings(max_examples=12)
@given(texts=st.lists(any_text.filter(str.strip), min_size=1, max_size=20), text=any_text)
def test_any_vocabulary(texts, text):
    """The places where text may be cut follow from the vocabulary, whatever it is."""
    try:
        model = train_tokenizer(word_frequencies(t * 3 for t in texts), 1_000, "identity").model
    except ValueError:  # nothing but characters that are not learned
        return
    tokenizer = make_tokenizer(model)
    for sample in (text, *texts, " ".join(texts), text.join(texts)):
        assert_same(tokenizer, sample)


def test_words_that_take_each_others_place_change_nothing(identity, monkeypatch):
    monkeypatch.setattr(fast_encoder, "empty_cache", lambda: word_cache.empty_cache(2, 2))
    small = FastEncoder(parse_sentencepiece(identity.model))
    rng = random.Random(0)
    for _ in range(300):
        words = ["".join(rng.choices("cropt naïve", k=rng.randint(1, 60))) for _ in range(5)]
        text = " ".join(words).encode()
        assert small.encode(text).tolist() == identity.encode_by_reference(text).tolist()


def test_texts_larger_than_the_working_space(identity, monkeypatch):
    monkeypatch.setattr(fast_encoder, "KEPT_BYTES", 64)
    small = FastEncoder(parse_sentencepiece(identity.model))
    for text in (b"x" * 1_000, b"crop " * 500, b"short", "日本語".encode() * 200):
        assert small.encode(text).tolist() == identity.encode_by_reference(text).tolist()


def test_threads_do_not_disturb_each_other(identity):
    rng = random.Random(1)
    texts = [
        " ".join(rng.choices(["crop", "naïve", "日本", "\n"], k=400)).encode() for _ in range(40)
    ]
    expected = [identity.encode_by_reference(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(identity.encode, texts * 5))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected * 5, strict=True))


@pytest.mark.parametrize("rule", ["identity", "nfkc"])
def test_models_that_put_a_space_in_front(train_tiny, passages, rule):
    """As those of Llama 2 and Mistral."""
    model = train_tiny(
        add_dummy_prefix=True, remove_extra_whitespaces=False, normalization_rule_name=rule
    )
    tokenizer = make_tokenizer(model)
    assert tokenizer._fast[0] is not None
    for text in [*passages[:9], "", " ", "  two", "\n", "the", "ﬁve ½", "▁x", "naïve"]:
        assert_same(tokenizer, text)


@pytest.mark.parametrize("rule", ["identity", "nfkc"])
def test_symbols_of_a_user_are_tokens_wherever_they_stand(train_tiny, passages, rule):
    """As the instruction marks of Mistral's later models."""
    model = train_tiny(
        user_defined_symbols=["[INST]", "brown fox"],
        remove_extra_whitespaces=False,
        normalization_rule_name=rule,
    )
    tokenizer = make_tokenizer(model)
    assert tokenizer._fast[0] is not None
    for text in [*passages[:5], "a [INST] b", "the brown fox", "brown  fox", "［INST］ ﬁ", "[INST"]:
        assert_same(tokenizer, text)


@pytest.mark.parametrize("tied", [2, 5, 400])
def test_of_equal_scores_the_leftmost_pair_is_merged_first(identity, passages, tied):
    """Mistral's models have pieces of equal scores."""
    model = sentencepiece_file._parse("ModelProto", identity.model)
    for piece in model.pieces:
        piece.score = piece.score // tied * tied
    tokenizer = make_tokenizer(model.SerializeToString())
    assert tokenizer._fast[0] is not None
    for text in [*passages[:9], "thethethe", "nanana", "ofofandand"]:
        assert_same(tokenizer, text)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "spaces"),  # SentencePiece's defaults: a space is added in front
        ({"model_type": "unigram"}, "not a BPE"),
        ({"byte_fallback": False}, "no byte fallback"),
    ],
)
def test_other_models_are_left_to_sentencepiece(train_tiny, options, reason):
    model = train_tiny(**options)
    parsed = parse_sentencepiece(model)
    assert reason in why_not(parsed)
    with pytest.raises(ValueError, match="cannot take this model"):
        FastEncoder(parsed)
    if parsed.has_byte_fallback:
        tokenizer = make_tokenizer(model)
        assert tokenizer._fast[0] is None
        assert_same(tokenizer, "the quick  brown\nfox ▁")
