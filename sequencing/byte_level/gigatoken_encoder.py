"""gigatoken as an encoder: several times the speed of our kernels, and the same tokens.

The library knows the patterns of published tokenizers only, and it takes the name of a special
token in a text for that token. So it gets vocabularies without special tokens, and only those that
it can read; what it gives for a text of every kind is compared with the kernels before it is used.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level import splits
from massivetext.sequencing.byte_level.kernel_encoder import Merges
from massivetext.sequencing.byte_level.vocabulary import Vocabulary, character_of_bytes

_library: Any = None
with contextlib.suppress(ImportError):  # there are no wheels for every processor
    _library = importlib.import_module("gigatoken")

Encode = Callable[[bytes], NDArray[np.uint32]]

_SCHEMES: Final = {
    splits.R50K: "r50k",
    splits.GPT2: "r50k",
    splits.CL100K: "cl100k",
    splits.QWEN2: "qwen2",
    splits.O200K: "o200k",
}
"""gigatoken's name for the patterns of files of ranks."""

_PROBE: Final = (
    "The year's 1st crop wasn't LARGE: 12,345 t (7% less than in 1999).\n\nIT'S HTTPServer2 \n ",
    "def run(self):\r\n\treturn {'na\u00efve': caf\u00e9[0] // 2}  # stra\u00dfe\r\n\t x\u00a0y",
    "\u043f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u65e5\u672c\u8a9e\u3067\u3059"
    " \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0939\u093f\u0928\u094d\u0926\u0940 \u0663 \u00bd",
    "we'll WE'RE they'\u017f  two   three\n\n\n  end\u3000e\u0301 \U0001f469\u200d a/b//\n/c",
    "   ",
    " \n ",
    "\x00\x01 a" * 20,
    "aaaaaaaaaa" * 20,
)
"""Words of all kinds that patterns tell apart, and ends of text that they treat specially."""


def gigatoken_encoder(vocabulary: Vocabulary, merges: Merges, reference: Encode) -> Encode | None:
    """Returns what encodes text with the library, or None where it must not be used.

    Args:
        vocabulary: a tokenizer; its special and added tokens and its normalization are left out.
        merges: its merges, best first.
        reference: what encodes in the same way.
    """
    if _library is None:
        return None
    try:
        encode: Encode = load_library(vocabulary, merges).encode
        probes = [text.encode() for text in _PROBE]
        same = all(np.array_equal(encode(text), reference(text)) for text in probes)
    except Exception:  # Rust's errors have no class of their own: what it cannot take is ours
        return None
    return encode if same else None


def load_library(vocabulary: Vocabulary, merges: Merges) -> Any:
    """Returns gigatoken's tokenizer of a vocabulary."""
    scheme = _SCHEMES.get(vocabulary.patterns[0]) if len(vocabulary.patterns) == 1 else None
    named = [rank for rank, token in enumerate(vocabulary.tokens) if token]
    is_dense = len(named) == 1 + named[-1]
    if not vocabulary.is_ranked or not scheme or not is_dense:
        return _library.Tokenizer.from_json(_as_json(vocabulary, merges))
    lines = [base64.b64encode(vocabulary.tokens[rank]) + b" %d\n" % rank for rank in named]
    with tempfile.TemporaryDirectory() as folder:  # it reads files of ranks from a disk only
        path = Path(folder, "ranks.tiktoken")
        path.write_bytes(b"".join(lines))
        return _library.Tokenizer.from_tiktoken(path, scheme)


def _as_json(vocabulary: Vocabulary, merges: Merges) -> bytes:
    """Returns a tokenizer.json that says how words are cut and merged, and nothing else."""
    character = character_of_bytes()
    names = ["".join(map(character.__getitem__, token)) for token in vocabulary.tokens]
    words: dict[str, Any] = {"type": "ByteLevel", "add_prefix_space": False}
    cuts = [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        for pattern in vocabulary.patterns
    ]
    steps = {"type": "Sequence", "pretokenizers": [*cuts, {**words, "use_regex": False}]}
    is_gpt2 = vocabulary.patterns == (splits.GPT2,)
    model = {
        "type": "BPE",
        "ignore_merges": vocabulary.takes_words,
        "vocab": {name: token for token, name in enumerate(names) if name},
        "merges": [[names[left], names[right]] for left, right, _ in merges],
    }
    return json.dumps(
        {
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {**words, "use_regex": True} if is_gpt2 else steps,
            "post_processor": None,
            "decoder": words,
            "model": model,
        }
    ).encode()
