"""Our signatures as objects of the library datasketch: for an LSH, or sketches, of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from massivetext.config import Dedup
from massivetext.dedup.minhash import PERMUTATION_SEED, permutations, signatures
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import shingle_batch

if TYPE_CHECKING:
    from datasketch import MinHash

_ASKED = Dedup()


def to_datasketch(
    texts: Sequence[str],
    *,
    count: int = _ASKED.bands * _ASKED.rows,
    ngram: int = _ASKED.ngram,
    fold_case: bool = _ASKED.fold_case,
) -> list[MinHash]:
    """Returns the signatures of texts, those that duplicates are looked for by, as MinHashes.

    Their estimates are those of our signatures; `update` takes a shingle's 64-bit hash. Their seed
    is not datasketch's default, so that datasketch refuses to compare them with others of its own,
    which have other permutations.

    Args:
        texts: of documents, as `documents/` and `corpus/` hold them.
        count: permutations; the default is that of `[dedup]`, bands times rows.
        ngram: words a shingle.
        fold_case: whether upper and lower case are the same.
    """
    from datasketch import MinHash  # here: nobody else in the program needs it

    shingles = shingle_batch(split_batch(texts, fold_case), ngram)
    return [
        MinHash(
            seed=PERMUTATION_SEED,
            hashfunc=_high_half,
            hashvalues=signature,
            permutations=permutations(count),
            scheme="affine32",
        )
        for signature in signatures(shingles, count)
    ]


def _high_half(shingle: int) -> int:
    """Returns what of a shingle's hash enters a signature."""
    return int(shingle) >> 32
