"""Which 13-grams of a text stand for it in an index of passages.

The least hash of every WINDOW consecutive ones ("winnowing": Schleimer, Wilkerson and Aiken, SIGMOD
2003). Whoever samples two texts so finds every passage of WINDOW 13-grams that they share, and most
shorter ones, for 2 / (WINDOW + 1) of all 13-grams; keeping all hashes below a bound takes as many
and finds nothing for certain. A document's LEAST lowest hashes are taken as well, so that short
ones are found though they were edited.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.shingles import ShingleBatch

WINDOW: Final = 32
"""Our choice: with 13-grams, every passage of 44 words is found, some three lines of text, by 6 %
of the 13-grams. Half the window would take twice the bytes."""

LEAST: Final = 4
"""Our choice: a text that shares half of its 13-grams with a short document lacks all of these with
a chance of 1/16."""


def sample_grams(shingles: ShingleBatch) -> NDArray[np.bool_]:
    """Returns bool (shingles,): which of all shingles, in the order of the text, are taken."""
    from massivetext.dedup import sampling_kernel  # here: numba takes most of a second to import

    is_sampled = np.zeros(shingles.hashes.size, np.uint8)
    sampling_kernel.mark_samples(shingles.hashes, shingles.offsets, WINDOW, LEAST, is_sampled)
    return is_sampled.astype(bool)


def passage_words(ngram: int) -> int:
    """Returns the words of a passage that is found for certain, for shingles of `ngram` words."""
    return WINDOW + ngram - 1
