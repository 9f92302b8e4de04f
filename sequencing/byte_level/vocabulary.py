"""What the file of a byte-level tokenizer says: a tokenizer.json, or ranks as tiktoken has them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from massivetext.sequencing.byte_level import splits

Normalization = Literal["", "NFC", "NFKC", "NFD", "NFKD"]

_END_OF_TEXT: Final = "<|endoftext|>"

MOST_IDS: Final = 1 << 24
"""Our choice: many times the largest vocabulary that is published; it bounds the memory."""


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level tokenizer.

    Attributes:
        tokens: bytes of each token id; empty for special tokens and ids without a token.
        special: name -> id, of tokens that no text gives.
        added: texts that become a token wherever they stand, before all else -> id.
        merges: (left token, right token, made token), best first; none if it is ranked.
        is_ranked: whether all pairs merge that make a token, the least token first (tiktoken).
        takes_words: whether a word that is a token is taken as it is.
        patterns: cut a text into words, one after the other.
        normalization: of the text before all else.
        begin: name of the special token that the file puts before a text, "" for none.
        end: the same behind it.
    """

    tokens: tuple[bytes, ...]
    special: Mapping[str, int]
    added: Mapping[str, int]
    merges: Sequence[tuple[int, int, int]]
    is_ranked: bool
    takes_words: bool
    patterns: tuple[str, ...]
    normalization: Normalization = ""
    begin: str = ""
    end: str = ""


def parse_vocabulary(content: bytes) -> Vocabulary:
    """Returns what a file says.

    Raises:
        ValueError: if it is neither kind, or of a kind that cannot be encoded with here.
    """
    if content.lstrip()[:1] == b"{":
        return _parse_json(content)
    return _parse_ranks(content)


@dataclass(frozen=True)
class _Family:
    """A published file of ranks: it holds neither a pattern nor special tokens."""

    pattern: str
    special: tuple[tuple[str, int], ...]
    size: int
    begin: str = _END_OF_TEXT
    end: str = _END_OF_TEXT


def _llama(pattern: str, ranks: int, size: int) -> _Family:
    begin, end = "<|begin_of_text|>", "<|end_of_text|>"
    return _Family(pattern, ((begin, ranks), (end, ranks + 1)), size, begin, end)


_FAMILIES: Final = {
    # tiktoken, openai_public.py
    50_256: _Family(splits.GPT2, ((_END_OF_TEXT, 50_256),), 50_257),
    50_280: _Family(splits.GPT2, ((_END_OF_TEXT, 50_256),), 50_281),
    100_256: _Family(splits.CL100K, ((_END_OF_TEXT, 100_257),), 100_277),
    199_998: _Family(splits.O200K, ((_END_OF_TEXT, 199_999),), 200_019),
    # llama-models, llama3/tokenizer.py and llama4/tokenizer.py: 256 and 2,048 special tokens
    128_000: _llama(splits.LLAMA3, 128_000, 128_256),
    200_000: _llama(splits.O200K, 200_000, 202_048),
    # Qwen, tokenization_qwen.py: <|endoftext|> and 207 more
    151_643: _Family(splits.QWEN2, ((_END_OF_TEXT, 151_643),), 151_851),
}
"""By their numbers of ranks."""


def _parse_ranks(content: bytes) -> Vocabulary:
    """Returns the vocabulary of a file of lines: a token in base 64, a space, its rank."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            encoded, rank = line.split()
            ranks[base64.b64decode(encoded, validate=True)] = int(rank)
        except (ValueError, binascii.Error):
            raise ValueError(
                f"line {number} is not a token in base 64 and its rank, as in a tiktoken file"
            ) from None
    family = _FAMILIES.get(len(ranks))
    if family is None:
        known = ", ".join(f"{count:,}" for count in sorted(_FAMILIES))
        raise ValueError(
            f"a tiktoken file of {len(ranks):,} ranks, whose pattern is not known (known are those "
            f"of {known} ranks); a tokenizer.json says its own"
        )
    return Vocabulary(
        tokens=_by_id({rank: token for token, rank in ranks.items()}, family.size),
        special=dict(family.special),
        added={},
        merges=(),
        is_ranked=True,
        takes_words=True,
        patterns=(family.pattern,),
        begin=family.begin,
        end=family.end,
    )


def _by_id(tokens: Mapping[int, bytes], size: int) -> tuple[bytes, ...]:
    """Returns the bytes of each id below `size`, and of each that is named.

    Raises:
        ValueError: if an id is negative, or too large for a vocabulary.
    """
    for token in tokens:
        if not 0 <= token < MOST_IDS:
            raise ValueError(f"it has the token id {token:,}; expected 0 to {MOST_IDS - 1:,}")
    size = max(size, 1 + max(tokens, default=-1))
    return tuple(tokens.get(token, b"") for token in range(size))


def _parse_json(content: bytes) -> Vocabulary:
    """Returns the vocabulary of a tokenizer.json."""
    try:
        told = json.loads(content)
        pairs = [_pair(merge) for merge in told["model"]["merges"]]
        names: dict[str, int] = dict(told["model"]["vocab"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(
            "not a tokenizer.json of a BPE model (no model.vocab and model.merges)"
        ) from None
    try:
        return _vocabulary_of(told, names, pairs)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f"a tokenizer.json in which something is not as `tokenizers` writes it ({error!r})"
        ) from None


def _vocabulary_of(
    told: Mapping[str, Any], names: Mapping[str, int], pairs: Sequence[tuple[str, str]]
) -> Vocabulary:
    """Returns the vocabulary of a tokenizer.json with these names of tokens and merges."""
    model = told["model"]
    _require_byte_level(told, model)
    added = {entry["content"]: entry for entry in told.get("added_tokens") or ()}
    special = {name: entry["id"] for name, entry in added.items() if entry.get("special")}
    literal = {name: entry["id"] for name, entry in added.items() if name not in special}
    for name in literal:
        if any(added[name].get(key) for key in ("lstrip", "rstrip", "single_word")):
            raise ValueError(f"its added token {name!r} takes white space, which is not supported")
    tokens = {token: _bytes_of(name) for name, token in names.items() if name not in special}
    tokens |= {token: b"" for token in special.values()}
    tokens |= {token: name.encode() for name, token in literal.items()}
    begin, end = _ends(told.get("post_processor"))
    return Vocabulary(
        tokens=_by_id(tokens, 0),
        special=special,
        added=literal,
        merges=_named_merges(names, pairs),
        is_ranked=False,
        takes_words=bool(model.get("ignore_merges")),
        patterns=tuple(_patterns(told.get("pre_tokenizer"))),
        normalization=_normalization(told.get("normalizer")),
        begin=begin,
        end=end,
    )


def _named_merges(
    names: Mapping[str, int], pairs: Sequence[tuple[str, str]]
) -> list[tuple[int, int, int]]:
    """Returns the merges by token ids."""
    try:
        return [(names[a], names[b], names[a + b]) for a, b in pairs]
    except KeyError as error:
        raise ValueError(f"its merges name {error}, which is not a token of model.vocab") from None


def _pair(merge: str | list[str]) -> tuple[str, str]:
    """Returns both sides of a merge, in the older spelling or the newer one."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _require_byte_level(told: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Refuses what would give other tokens than merges of bytes."""
    kinds = {part["type"] for part in _steps(told.get("pre_tokenizer"), "pretokenizers")}
    unusual = [
        name
        for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")
        if model.get(name)
    ]
    if model.get("type") not in (None, "BPE") or "ByteLevel" not in kinds or unusual:
        found = ", ".join([f"{model.get('type')} model", *sorted(kinds), *unusual])
        raise ValueError(
            f"a tokenizer.json that is not byte-level BPE ({found}); of SentencePiece models, give "
            "the tokenizer.model"
        )


def _steps(told: Mapping[str, Any] | None, name: str) -> list[Mapping[str, Any]]:
    """Returns the steps of a part of a tokenizer.json, which may be a sequence."""
    if not told:
        return []
    return list(told[name]) if told["type"] == "Sequence" else [told]


def _patterns(told: Mapping[str, Any] | None) -> list[str]:
    """Returns the regular expressions of a `pre_tokenizer`."""
    patterns = []
    for step in _steps(told, "pretokenizers"):
        if step["type"] == "ByteLevel":
            if step.get("add_prefix_space"):
                raise ValueError("it adds a space before a text (add_prefix_space)")
            patterns += [splits.GPT2] if step.get("use_regex", True) else []
        elif step["type"] == "Split" and "Regex" in step["pattern"]:
            if step.get("behavior") != "Isolated" or step.get("invert"):
                behavior = step.get("behavior")
                raise ValueError(f"its pre-tokenizer splits in an unusual way ({behavior})")
            patterns.append(step["pattern"]["Regex"])
        elif step["type"] == "Digits":
            patterns.append(r"\p{N}" if step.get("individual_digits") else r"\p{N}+")
        else:
            raise ValueError(f"its pre-tokenizer {step['type']} is not supported")
    return patterns


def _normalization(told: Mapping[str, Any] | None) -> Normalization:
    steps = [step["type"] for step in _steps(told, "normalizers")]
    if not steps:
        return ""
    if len(steps) == 1 and steps[0] in ("NFC", "NFKC", "NFD", "NFKD"):
        return steps[0]
    raise ValueError(f"its normalizer {', '.join(steps)} is not supported")


def _ends(told: Mapping[str, Any] | None) -> tuple[str, str]:
    """Returns the special tokens that a `post_processor` puts round a text."""
    for step in _steps(told, "processors"):
        if step["type"] == "TemplateProcessing":
            ids = [
                part["SpecialToken"]["id"] if "SpecialToken" in part else None
                for part in step["single"]
            ]
            if None in ids:
                text = ids.index(None)
                before = [name for name in ids[:text] if name]
                behind = [name for name in ids[text + 1 :] if name]
                return (before or [""])[-1], (behind or [""])[0]
    return "", ""


def _byte_characters() -> dict[str, int]:
    """Returns the byte that each character of a byte-level vocabulary stands for.

    GPT-2, encoder.py: printable bytes of Latin-1 stand for themselves, all others follow from 256.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    characters = {chr(byte): byte for byte in printable}
    return characters | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES: Final = _byte_characters()


def character_of_bytes() -> dict[int, str]:
    """Returns the character that stands for each byte in a byte-level vocabulary."""
    return {byte: character for character, byte in _BYTES.items()}


def _bytes_of(name: str) -> bytes:
    """Returns the bytes that a token of a byte-level vocabulary stands for."""
    try:
        return bytes(_BYTES[character] for character in name)
    except KeyError:
        return name.encode()  # a token of its own kind: no merge makes it
