"""Documents to training sequences (A.1.2): crops, tokens, groups of ten, a mixture, shards.

In the order of the data: `crops` (which bytes of a document), `tokenizer` and
`tokenizer_training`, `crop_batches` (tokenised crops on their way), `packing` (crops to sequences),
`mixture` and `draws` (how many of each subset, and what to read for them), `filling` (one shard's
sequences), `shards` (the files, one module a format) and `dataset` (what `dataset.json` says).
`beam` wires them.
"""

from massivetext.sequencing.shards import ShardReader as ShardReader
