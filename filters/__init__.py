"""Which documents are good text: language, SafeSearch, quality, repetition (A.1.1).

`measure` computes, `rules` judges; `failed_rules` does both for one text.
"""

from massivetext.filters.measures import failed_rules, measure

__all__ = ["failed_rules", "measure"]
