"""Duplicates and test sets: exact and near-duplicate removal by 13-gram Jaccard, without Beam.

In the order of the data: `normalise` (text to words), `shingles` (words to 13-gram hashes),
`minhash` (13-grams to band keys), `keys` (one record a document), `exact` and `pairs` (documents of
one text, of one band key; `heads` for buckets of any size), `jaccard` and `removal` (exact
verification), `rules` (who goes), and beside them `testsets` and `decontamination`. `beam` wires
them as PTransforms over `row_blocks`; `in_memory` does all for a corpus in memory. `sampling` picks
the 13-grams of an index of passages, and `to_datasketch` gives signatures to those who use that
library.
"""

from massivetext.dedup.datasketch_objects import to_datasketch

__all__ = ["to_datasketch"]
