"""Dataset cards: what Hugging Face `datasets` and the Hub read of a folder, as its `README.md`.

Without one, every Parquet file of a folder is taken for a part of one table. `datasets` keeps a
copy of what it has read, and finds it by the folder's last name and the configuration in the card,
not by the files: so the configuration has a checksum of them, or the shards of one run would be
given out for those of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import xxhash

CARD_FILE: Final = "README.md"

TRAIN: Final = "train"
HELD_OUT: Final = "held_out"
"""Names of the splits; that of held-out documents is also the name of their folder."""

_TEXT: Final = """
# Token sequences

Written by massivetext: `input_ids` are the tokens of a sequence, `segment_ids` tell which crop of a
document each belongs to (from 1), `subset` is where its documents come from. The tokenizer lies
beside the shards.
"""


def shards_card(checksums: Iterable[str], is_held_out: bool, has_held_out: bool) -> str:
    """Returns the card of a folder of Parquet shards, as a run writes it.

    Args:
        checksums: of the shards, in their order.
        is_held_out: whether the folder is that of held-out documents.
        has_held_out: whether it has such a folder below it.
    """
    splits = {HELD_OUT if is_held_out else TRAIN: "shard-*.parquet"}
    if has_held_out:
        splits[HELD_OUT] = f"{HELD_OUT}/shard-*.parquet"
    return card(splits, checksums)


def card(splits: Mapping[str, str], checksums: Iterable[str]) -> str:
    """Returns a card.

    Args:
        splits: pattern of the files of each split, below the folder of the card.
        checksums: of the files.
    """
    checksum = xxhash.xxh3_64_hexdigest("\n".join(checksums).encode())
    lines = ["---", "configs:", "- config_name: default"]
    lines += [f"  description: shards with the checksum {checksum}", "  data_files:"]
    for split, pattern in splits.items():
        lines += [f"  - split: {split}", f"    path: {pattern}"]
    return "\n".join([*lines, "---", _TEXT])
