"""Duplicates and test sets: exact and near-duplicate removal by 13-gram Jaccard, without Beam.

In the order of the data: `normalise` (text to words), `shingles` (words to 13-gram hashes),
`minhash` (13-grams to band keys), `keys` (one record a document), `pairs` (band keys to candidate
pairs), `jaccard` (exact verification), `removal` (who goes), and beside them `testsets` and
`decontamination`. `beam` wires them as PTransforms.
"""
