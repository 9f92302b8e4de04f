"""Reading shards: what a folder holds, one sequence with its sources, and batches for a trainer.

    python examples/read_shards.py out/sample/sequences --sequence 247

Needs numpy and the library of the shards' format, and neither Beam nor JAX.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from massivetext import ShardReader

BEGINNING = 60  # characters of a piece that are shown


def shares(reader: ShardReader) -> dict[str, float]:
    """Returns the share of each subset in the sequences."""
    total = max(1, reader.dataset.records)
    return {name: entry.sequences / total for name, entry in reader.dataset.subsets.items()}


def pieces(reader: ShardReader, sequence: int) -> Iterator[str]:
    """Yields a line for each document that a sequence has a part of."""
    tokenizer, tokens = reader.tokenizer(), reader[sequence]
    for piece in reader.provenance(sequence):
        text = tokenizer.decode(tokens[piece.token_start : piece.token_end])
        size = piece.token_end - piece.token_start
        yield f"{size:>5} tokens of {piece.subset} {piece.document_id}: {text[:BEGINNING]!r}"


def batches(
    reader: ShardReader, size: int, host: int = 0, hosts: int = 1
) -> Iterator[tuple[NDArray[np.integer], NDArray[np.int32]]]:
    """Yields (tokens, segments) of `size` sequences, shape (size, length), for one of the hosts.

    `segments` counts the crops of a sequence from 1: a mask that lets nobody look into another
    document compares them.
    """
    mine = range(host, len(reader), hosts)
    for first in range(0, len(mine) - size + 1, size):
        chosen = mine[first : first + size]
        yield (
            np.stack([reader[n] for n in chosen]),
            np.stack([reader.segment_ids(n) for n in chosen]),
        )


def main(folder: str, sequence: int, size: int) -> None:
    """Prints what there is."""
    reader = ShardReader(folder)
    print(f"{len(reader):,} sequences of {reader.dataset.sequence_length:,} tokens")
    for subset, share in shares(reader).items():
        print(f"  {share:6.1%}  {subset}")
    print(f"sequence {sequence}:")
    for line in pieces(reader, sequence):
        print(line)
    for tokens, segments in islice(batches(reader, size), 1):
        print(f"a batch: tokens {tokens.dtype}{tokens.shape}, up to {segments.max()} segments")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help="with dataset.json: a path, or a URL that fsspec knows")
    parser.add_argument("--sequence", type=int, default=0, help="which one to show")
    parser.add_argument("--batch", type=int, default=4, help="sequences a batch")
    options = parser.parse_args()
    main(options.folder, options.sequence, options.batch)
