"""A small corpus and tokenizers trained on it, made once."""

import io
import random
from collections.abc import Callable

import pytest
import sentencepiece

from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer
from massivetext.sequencing.tokenizer_training import train_tokenizer, word_frequencies

WORDS = (
    "the of and to in that have with be crop token sequence document visit bucket shard weight",
    "naïve café straße Ελλάδα мир 日本語 数 résumé ½ ﬁnal 2⁵ x₂ — “quoted” def return None",
)


def make_text(rng: random.Random, words: int) -> str:
    """Returns words with the white space of prose and code between them."""
    vocabulary = " ".join(WORDS).split()
    gaps = [" "] * 12 + [", ", ". ", "\n", "\n\n", "\n    ", "\t", "  ", ".\n"]
    return "".join(rng.choice(vocabulary) + rng.choice(gaps) for _ in range(words))


@pytest.fixture(scope="session")
def passages() -> list[str]:
    rng = random.Random(0)
    return [make_text(rng, 300) for _ in range(60)]


@pytest.fixture(scope="session")
def identity_model(passages) -> bytes:
    return train_tokenizer(word_frequencies(passages), 700, "identity").model


@pytest.fixture(scope="session")
def nfkc_model(passages) -> bytes:
    return train_tokenizer(word_frequencies(passages), 700, "nfkc").model


@pytest.fixture(scope="session")
def identity(identity_model) -> Tokenizer:
    return make_tokenizer(identity_model)


@pytest.fixture(scope="session")
def nfkc(nfkc_model) -> Tokenizer:
    return make_tokenizer(nfkc_model)


@pytest.fixture(scope="session")
def train_tiny() -> Callable[..., bytes]:
    """Trains with SentencePiece itself: its own defaults, but for what is given."""

    def train_with(**options: object) -> bytes:
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["the quick brown fox jumps over the lazy dog"] * 9),
            model_writer=model,
            hard_vocab_limit=False,
            minloglevel=2,
            **{"vocab_size": 300, "model_type": "bpe", "byte_fallback": True, **options},
        )
        return model.getvalue()

    return train_with
