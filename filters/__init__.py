"""Which documents are good text: language, SafeSearch, quality, repetition (A.1.1).

`measure` computes, `verdicts.judge` applies the table of `rules`; `failed_rules` does both for one
text.
"""

from massivetext.filters.measures import failed_rules, measure

__all__ = ["failed_rules", "measure"]
