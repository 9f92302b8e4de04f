"""MaxText: ArrayRecord of `tf.train.Example`, with the tokens as the feature `input_ids`.

MaxText's grain pipeline reads it with `train_data_columns=['input_ids'] tokenize_train_data=false`
(`ParseFeatures` of `maxtext/input_pipeline/input_pipeline_utils.py`). Examples are protocol buffers
of one shape, so they are written here without TensorFlow; the format is
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.shards.arrayrecord import FORMAT, write_records
from massivetext.sequencing.shards.exports.exported import ExportedSplit
from massivetext.sequencing.shards.exports.varint_kernel import MOST_VARINT_BYTES, write_varints
from massivetext.sequencing.token_type import Tokens

FEATURE: Final = "input_ids"

# Field numbers of tensorflow/core/example/{example,feature}.proto; a map is a list of pairs.
_EXAMPLE_FEATURES: Final = 1
_FEATURES_PAIR: Final = 1
_PAIR_KEY: Final = 1
_PAIR_VALUE: Final = 2
_FEATURE_INT64_LIST: Final = 3
_INT64_LIST_VALUE: Final = 1

_WITH_LENGTH: Final = 2  # the wire type of messages, strings and packed lists


class MaxTextExport:
    """An Example a sequence."""

    def least_bytes(self, dataset: Dataset) -> int:
        """Returns the size of tokens of a byte each, the smallest there are."""
        return dataset.tokens

    def write_split(self, folder: str, split: ExportedSplit) -> None:
        """Writes the files of a split."""
        for shard, name in split.shard_names(FORMAT.suffix):
            write_records(os.path.join(folder, name), _examples(split, shard), folder)

    def more_files(self, splits: Sequence[str], checksums: Sequence[str]) -> Mapping[str, str]:
        """Returns none."""
        return {}


def example(tokens_L: Tokens) -> bytes:
    """Returns a serialised `tf.train.Example` whose one feature is a list of tokens."""
    int64_list = _field(_INT64_LIST_VALUE, varints(tokens_L))
    feature = _field(_FEATURE_INT64_LIST, int64_list)
    pair = _field(_PAIR_KEY, FEATURE.encode()) + _field(_PAIR_VALUE, feature)
    return _field(_EXAMPLE_FEATURES, _field(_FEATURES_PAIR, pair))


def varints(numbers_L: Tokens) -> bytes:
    """Returns numbers as a packed list of protocol buffers."""
    out = np.empty(MOST_VARINT_BYTES * len(numbers_L), np.uint8)
    size_bytes = write_varints(numbers_L.astype(np.uint32), out)
    return out[:size_bytes].tobytes()


def _field(number: int, content: bytes) -> bytes:
    return varints(np.array([number << 3 | _WITH_LENGTH, len(content)])) + content


def _examples(split: ExportedSplit, shard: int) -> Iterator[bytes]:
    for tokens_NxL in split.batches(shard):
        yield from map(example, tokens_NxL)


EXPORT: Final = MaxTextExport()
