import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.tokenizer import make_tokenizer

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u2581"))


@given(text=any_text)
def test_identity_is_lossless(identity, text):
    tokens = identity.encode(text.encode())
    assert identity.decode(tokens) == text
    assert identity.token_bytes[tokens].sum() == len(text.encode())


@pytest.mark.parametrize("text", ["a\n\n\tb", "    def f():\n\treturn  1\n", "  \n ", "\r\n", ""])
def test_white_space_is_kept(identity, nfkc, text):
    for tokenizer in (identity, nfkc):
        assert tokenizer.decode(tokenizer.encode(text.encode())) == text


def test_nfkc_folds_what_the_paper_folds(nfkc):
    assert nfkc.decode(nfkc.encode("2⁵ ½ x₂ ﬁ".encode())) == "25 1⁄2 x2 fi"


def test_no_special_token_comes_from_text(identity):
    tokens = identity.encode(b"<s> </s> <unk> <0x0A> \x00")
    assert identity.decode(tokens) == "<s> </s> <unk> <0x0A> \x00"
    assert not np.isin(tokens, [0, identity.bos, identity.eos]).any()


@pytest.mark.parametrize("text", [b"\xff", b"abc\xe6\x97", b"\xf4\x90\x80\x80", b"\xed\xa0\x80"])
def test_what_is_no_utf8_is_refused(identity, text):
    with pytest.raises(UnicodeDecodeError):
        identity.encode(text)


def test_ids_and_hash(identity, identity_model):
    assert (identity.bos, identity.eos) == (1, 2)
    assert identity.vocab_size == 700
    assert identity.token_bytes.shape == (700,)
    assert identity.token_bytes[:3].tolist() == [0, 0, 0]
    assert identity.encode(b"abc").dtype == np.uint16
    assert len(identity.sha256) == 64
    assert make_tokenizer(identity_model).sha256 == identity.sha256


def test_a_tokenizer_can_be_pickled(identity):
    copy = pickle.loads(pickle.dumps(identity))
    assert copy.sha256 == identity.sha256
    assert np.array_equal(copy.encode(b"the crop"), identity.encode(b"the crop"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"byte_fallback": False}, "no byte pieces"),
        ({"byte_fallback": True, "bos_id": -1}, "BOS id -1"),
        ({"byte_fallback": True, "eos_id": -1}, "EOS id -1"),
    ],
)
def test_unsuitable_models_are_refused(train_tiny, options, message):
    with pytest.raises(ValueError, match=message):
        make_tokenizer(train_tiny(**options))


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match="not a SentencePiece model"):
        make_tokenizer(b"<!doctype html>")
