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
    """Returns numbers below 2^35 in seven bits a byte, lowest first, the last byte below 128."""
    shifts_5 = np.arange(0, 35, 7, dtype=np.uint64)
    sevens_Lx5 = numbers_L.astype(np.uint64)[:, None] >> shifts_5
    is_used_Lx5 = sevens_Lx5 > 0
    is_used_Lx5[:, 0] = True
    goes_on_Lx5 = np.zeros_like(is_used_Lx5)
    goes_on_Lx5[:, :-1] = is_used_Lx5[:, 1:]
    bytes_Lx5 = (sevens_Lx5 & 0x7F).astype(np.uint8) | (goes_on_Lx5.astype(np.uint8) << 7)
    return bytes_Lx5[is_used_Lx5].tobytes()


def _field(number: int, content: bytes) -> bytes:
    head = np.array([number << 3 | _WITH_LENGTH, len(content)], np.uint32)
    return varints(head) + content


def _examples(split: ExportedSplit, shard: int) -> Iterator[bytes]:
    for tokens_NxL in split.batches(shard):
        yield from map(example, tokens_NxL)


EXPORT: Final = MaxTextExport()
