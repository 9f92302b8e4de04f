"""Shards as files of other libraries: one module a target, with its `EXPORT`.

A new target is such a module and a name in `massivetext/formats.py`.
"""

from massivetext.sequencing.shards.exports.export import export_to as export_to
from massivetext.sequencing.shards.exports.export import write_export as write_export
from massivetext.sequencing.shards.exports.exported import ExportedSplit as ExportedSplit
from massivetext.sequencing.shards.exports.exported import (
    UnreadableShardError as UnreadableShardError,
)
