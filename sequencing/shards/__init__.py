"""Files of equal-length token sequences: one module a format, and a reader for all of them."""

from massivetext.sequencing.shards.formats import FORMATS as FORMATS
from massivetext.sequencing.shards.formats import provenance_name as provenance_name
from massivetext.sequencing.shards.formats import shard_name as shard_name
from massivetext.sequencing.shards.reader import NoShardsError as NoShardsError
from massivetext.sequencing.shards.reader import ShardReader as ShardReader
