"""Small vocabularies of every family, trained by the library of Hugging Face."""

import base64
import json
from collections.abc import Callable

import pytest
import tiktoken
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from massivetext.sequencing.byte_level import splits

FAMILIES = ("GPT2", "LLAMA3", "QWEN2", "O200K", "TEKKEN")

TEXTS = [
    "The year's 1st crop wasn't large: 12,345 t, 7% less than in 1999.\n\nIT'S ABOUT HTTPServer2.",
    "def run(self):\n    return {'naïve': café[0] // 2}  # straße\r\n\tпривет, мир! 日本語です",
    "we'll we're they've I'd I'm  two   three\n\n\n  end  \u00a0\u3000x ½ ² ٣ e\u0301 \U0001f600",
]


def trained(pattern: str, vocab_size: int = 600, **changes: object) -> tokenizers.Tokenizer:
    """Returns a byte-level tokenizer whose words are those of a pattern."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A <|end|>", special_tokens=[("<|begin|>", 0), ("<|end|>", 1)]
    )
    if changes.get("normalizer"):
        tokenizer.normalizer = getattr(normalizers, str(changes["normalizer"]))()
    tokenizer.encode_special_tokens = True
    return tokenizer


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> tokenizers.Tokenizer:
    return trained(getattr(splits, request.param))


def as_json(tokenizer: tokenizers.Tokenizer, change: Callable[[dict], None] | None = None) -> bytes:
    """Returns its tokenizer.json, changed."""
    told = json.loads(tokenizer.to_str())
    if change:
        change(told)
    return json.dumps(told).encode()


def ranks_of(encoding: tiktoken.Encoding) -> bytes:
    """Returns the file of ranks of an encoding."""
    ranks = encoding._mergeable_ranks
    return b"".join(
        base64.b64encode(token) + b" %d\n" % rank
        for token, rank in sorted(ranks.items(), key=lambda item: item[1])
    )
