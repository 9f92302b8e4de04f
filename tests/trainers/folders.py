"""Runs whose shards trainers read: a made-up corpus, shards of some format, and all exports."""

from pathlib import Path

import numpy as np

from massivetext.formats import EXPORT_TARGETS
from massivetext.pipeline.commands.cli import main
from massivetext.sequencing import ShardReader
from tests.pipeline.phases.sequence.made_up_corpus import make_documents, sequence, with_sequence

CORPUS = {
    "books": make_documents("books", 60, 9_000),
    "web": make_documents("web", 400, 900),
}


def make(folder: Path, format_name: str) -> None:
    """Makes `out`, its exports (`out-mds`, ...) and `expected.npz` in a folder."""
    out = folder / "out"
    config = with_sequence(format=format_name, length=2048, shards=1, held_out=0.1)
    sequence(out, config, CORPUS)
    for target in EXPORT_TARGETS:
        assert main(["export", str(out), "--to", target]) == 0
    expected = {}
    for split, place in {"train": "sequences", "held_out": "sequences/held_out"}.items():
        reader = ShardReader(out / place)
        numbers = range(len(reader))
        assert len(numbers) > 1
        expected[split] = np.stack([reader[n] for n in numbers]).astype(np.int64)
        expected[f"{split}_segments"] = np.stack([reader.segment_ids(n) for n in numbers])
        expected[f"{split}_subsets"] = np.array([reader.provenance(n)[0].subset for n in numbers])
    np.savez(folder / "expected.npz", **expected)
