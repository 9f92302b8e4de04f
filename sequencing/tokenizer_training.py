"""Training of the tokenizer: which passages of the corpus it sees, and SentencePiece's options.

Documents are cut into passages; passages are drawn by hash with the weights of the mixture, so the
sample depends on the documents alone, not on files, order or workers. Workers count its words, as
training merges nothing across their borders: SentencePiece gets each word once, with its count.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import sentencepiece

from massivetext.records import stable_hash
from massivetext.sequencing.mixture import Shares
from massivetext.sequencing.sentencepiece_file import replace_in_pieces

MAX_VOCAB_SIZE: Final = 1 << 16
"""Our choice: what is trained here fits in shards of uint16. The paper has 32,000 pieces."""

SAMPLE_BYTES: Final = 50_000_000
"""Our choice: many times what 32,000 merges need."""

PASSAGE_BYTES: Final = 30_720
"""Our choice: the size of a crop, so that a few long books cannot fill a subset's part."""

_MAX_WORD_BYTES: Final = 2**24
"""SentencePiece silently drops longer ones; its default is 4,192."""

_TAB, _AS_TAB = "\t", "\b"
"""SentencePiece reads `word<tab>count`, so a backspace stands for the tab in training: it comes
right before it, which keeps the order by which ties are broken."""

_CHANGED: Final = {ord(_TAB): _AS_TAB, **dict.fromkeys(map(ord, f"\0{_AS_TAB}\u2585\ufffd"))}
"""Left out of the sample: NUL, the backspace, U+2585 (SentencePiece skips every word that holds
one) and U+FFFD (the trace of a broken character)."""

_WORD: Final = re.compile(r"[ \u2581]+[^ \u2581]*|[^ \u2581]+")
"""What SentencePiece splits text into before it learns: spaces (for it U+2581 is one) go with what
follows them. Other spaces, which nfkc makes ordinary ones, it splits at itself: only a run of both
kinds is not seen as one."""


@dataclass(frozen=True)
class TrainedTokenizer:
    """A SentencePiece model, and what the user must know about it."""

    model: bytes
    warnings: tuple[str, ...]


def sampling_limits(shares: Shares, subset_bytes: Mapping[str, int]) -> dict[str, int]:
    """Returns, for each subset, the hash below which its passages are drawn.

    A subset gives its share of SAMPLE_BYTES, or all of its text if it has less.
    """
    return {
        subset: int(min(Fraction(1), share * SAMPLE_BYTES / max(1, subset_bytes[subset])) * 2**64)
        for subset, share in shares.items()
    }


def drawn_passages(encoded: bytes, seed: int, document_id: str, limit: int) -> Iterator[str]:
    """Yields the passages of a document that are drawn for the sample.

    Args:
        encoded: the document in UTF-8.
        seed: of the run.
        document_id: of the document.
        limit: passages whose hash is below it are drawn (see `sampling_limits`).
    """
    for number, start in enumerate(range(0, len(encoded), PASSAGE_BYTES)):
        if stable_hash(seed, f"{document_id}\0{number}", "tokenizer sample") < limit:
            # A character cut at the border is left out, as every character is seen elsewhere.
            yield encoded[start : start + PASSAGE_BYTES].decode(errors="ignore")


def word_frequencies(passages: Iterable[str]) -> Counter[str]:
    """Returns how often each word occurs, spaces before it included."""
    counts: Counter[str] = Counter()
    for passage in passages:
        counts.update(_WORD.findall(passage.translate(_CHANGED)))
    return counts


def sampled_words(encoded: bytes, seed: int, document_id: str, limit: int) -> Counter[str]:
    """Returns the words of the passages of a document that are drawn (see `drawn_passages`)."""
    return word_frequencies(drawn_passages(encoded, seed, document_id, limit))


def train_tokenizer(
    word_counts: Mapping[str, int], vocab_size: int, normalization: str, num_threads: int = 1
) -> TrainedTokenizer:
    """Trains a tokenizer; the same words give the same bytes, in whatever order they come.

    Args:
        word_counts: how often each word of the sample occurs (see `word_frequencies`).
        vocab_size: pieces wanted, 256 bytes, unknown, BOS and EOS included.
        normalization: `identity` (lossless) or `nfkc` (the paper's).
        num_threads: written into the model, so another number gives other bytes.

    Returns:
        the model; with a warning if the sample supports fewer pieces than wanted.

    Raises:
        ValueError: if the text is empty, or vocab_size is too small or too large.
    """
    if vocab_size > MAX_VOCAB_SIZE:
        raise ValueError(
            f"tokenizer.vocab_size = {vocab_size:,}: shards hold tokens as uint16, "
            f"so at most {MAX_VOCAB_SIZE:,} pieces are possible"
        )
    if all(word.isspace() for word in word_counts):
        raise ValueError("no text to train a tokenizer on: the corpus is empty")
    weighted = (f"{word}\t{count}" for word, count in sorted(word_counts.items()))
    model = _train(weighted, vocab_size, normalization, num_threads)
    size = sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
    if size == vocab_size:
        return TrainedTokenizer(model, ())
    warning = (
        f"the corpus supports a vocabulary of {size:,} pieces only (asked: {vocab_size:,}); "
        "the tokenizer has that many"
    )
    return TrainedTokenizer(model, (warning,))


def _train(weighted: Iterator[str], vocab_size: int, normalization: str, num_threads: int) -> bytes:
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=weighted,
            input_format="tsv",
            model_writer=model,
            model_type="bpe",
            vocab_size=vocab_size,
            hard_vocab_limit=False,  # a small corpus gets the largest vocabulary it supports
            byte_fallback=True,
            normalization_rule_name=normalization,
            # Newlines, tabs and runs of spaces are kept as they are:
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            allow_whitespace_only_pieces=True,
            character_coverage=0.9995,  # SentencePiece's default; the rest falls back to bytes
            max_sentence_length=_MAX_WORD_BYTES,
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,  # sequences are never padded
            num_threads=num_threads,
            minloglevel=2,
        )
    except RuntimeError as error:
        if "required_chars" in str(error):
            raise ValueError(
                f"tokenizer.vocab_size = {vocab_size:,} is too small for the characters of the "
                f"corpus and 256 byte pieces ({error})"
            ) from None
        raise
    return replace_in_pieces(model.getvalue(), _AS_TAB.encode(), _TAB.encode())
