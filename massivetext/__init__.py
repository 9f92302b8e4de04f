"""Raw crawls and text collections in, the token shards of a Gopher-style model out.

The rooms, in the order of the data: `filters` (language, SafeSearch, quality, repetition), `dedup`
(near-duplicates, test sets), `sequencing` (tokens, crops, shards), `model` (the trainer), and
`pipeline`, where Beam, files and the command line stand around them.
"""

__version__ = "0.1.0"
