import numpy as np
import pytest

from massivetext.sequencing.self_check import CHECKED_CROPS, is_checked, require_same


def test_one_crop_in_many_is_checked():
    assert sum(map(is_checked, range(10 * CHECKED_CROPS))) == 10


def test_what_the_encoders_give_is_the_same(identity, nfkc, passages):
    for tokenizer in (identity, nfkc):
        for text in ["", "naïve café 日本 ﬁ½", "é" * 2_000, *passages]:
            require_same(tokenizer, text.encode())


@pytest.mark.parametrize(
    ("found", "message"), [([1, 2, 4], "at token 2"), ([1, 2], "at token 2"), ([], "at token 0")]
)
def test_other_tokens_are_named(identity, monkeypatch, found, message):
    monkeypatch.setattr(type(identity), "encode", lambda *_: np.array(found, np.uint16))
    monkeypatch.setattr(type(identity), "encode_by_reference", lambda *_: np.array([1, 2, 3]))
    with pytest.raises(ValueError, match=f"differ from those of the reference encoder.*{message}"):
        require_same(identity, b"any text")
