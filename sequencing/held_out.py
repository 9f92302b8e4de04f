"""Which documents are held out of the training shards: by a hash of their ids.

The paper holds nothing out of its training text. Copies are gone before, so that a document that is
held out has none among the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from massivetext.records import stable_hash


@dataclass(frozen=True)
class Side:
    """One side of the corpus: the documents to train on, or those that are held out.

    Attributes:
        seed: of the run.
        share: of the documents that are held out, on average.
        is_held_out: which side.
    """

    seed: int
    share: float = 0.0
    is_held_out: bool = False

    def holds(self, document_id: str) -> bool:
        """Whether a document is on this side."""
        if not self.share:
            return not self.is_held_out
        below = int(Fraction(str(self.share)) * 2**64)
        return (stable_hash(self.seed, document_id, "held out") < below) == self.is_held_out

    @property
    def other(self) -> Side:
        """The other side."""
        return Side(self.seed, self.share, not self.is_held_out)
