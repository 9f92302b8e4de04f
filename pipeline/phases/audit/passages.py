"""Writes `passages/`: where every sampled 13-gram of the documents in `corpus/` lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.config import Dedup
from massivetext.dedup.beam import KeyedBytes
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.sampling import WINDOW, sample_grams
from massivetext.dedup.shingles import shingle_batch
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.audit.parts import Parts
from massivetext.pipeline.phases.audit.passage_index import (
    GRAM_SAMPLE,
    PASSAGE_ENTRY,
    PASSAGES,
    in_passage_order,
    part_bytes,
    part_entries,
    spread_hashes,
)
from massivetext.pipeline.phases.dedup.shuffles import ByBlock, join_records
from massivetext.pipeline.phases.document_batches import document_batches, documents_path
from massivetext.pipeline.phases.manifest import dump_record
from massivetext.pipeline.phases.plan import WorkItem

PASSAGES_VERSION: Final = 1

_WORD_BYTES: Final = 5
"""Our estimate, only to guess how much is shuffled: fewer bytes than most words have with the
space behind them."""

SHUFFLED_SHARE: Final = 2 / (WINDOW + 1) * PASSAGE_ENTRY.itemsize / _WORD_BYTES
"""What is sent of a byte of text."""

_SENT_SAMPLES: Final = 1 << 20
"""Our choice: samples that are read and sent at once, 12 MB."""


@dataclass(frozen=True)
class WriteSamples:
    """Writes the sampled 13-grams of an item's documents in `corpus/`.

    Their text form is read, which duplicates are judged by, also where shards are made of Markdown.

    Attributes:
        output: the output folder.
        ngram: words a shingle, as in deduplication.
        fold_case: as in deduplication.
        path: where they go, by the name of the item.
    """

    output: str
    ngram: int
    fold_case: bool
    path: Callable[[str], str]

    def __call__(self, item: WorkItem) -> store.FileEntry:
        """Returns the file: `GRAM_SAMPLE`s, as they lie in memory."""
        removed = store.read_table(
            store.below(self.output, f"removed/{item.name}.parquet"), ["row"]
        )["row"].to_numpy()
        path = documents_path(self.output, item.name)
        with store.commit(self.output, self.path(item.name)) as pending:
            for rows, batch in document_batches(path, ["text"]):
                stays = ~np.isin(rows, removed)
                texts = batch["text"].filter(stays).to_pylist()
                samples = samples_of(texts, rows[stays], self.ngram, self.fold_case)
                pending.stream.write(samples.tobytes())
        return pending.entry


def samples_of(
    texts: Sequence[str], rows: NDArray[np.int64], ngram: int, fold_case: bool
) -> NDArray[np.void]:
    """Returns the `GRAM_SAMPLE`s of a batch of documents."""
    shingles = shingle_batch(split_batch(texts, fold_case), ngram)
    taken = sample_grams(shingles)
    samples = np.empty(int(taken.sum()), GRAM_SAMPLE)
    samples["hash"] = spread_hashes(shingles.hashes[taken])
    samples["row"] = np.repeat(rows, shingles.sizes)[taken]
    return samples


@dataclass(frozen=True)
class IndexPassages:
    """Writes `passages/`: the transforms of a round of parts.

    Attributes:
        output: the output folder.
        items: the work items of the run.
        first_documents: number of the first document of each item.
        samples_path: where the samples of an item lie, by its name.
    """

    output: str
    items: Sequence[WorkItem]
    first_documents: Sequence[int]
    samples_path: Callable[[str], str]

    def __call__(self, start: PCollection, part: list[int]) -> Any:
        """Returns the outcomes of a round."""
        parts, items = Parts(*part), self.items
        sent = (
            start
            | "Sampled items" >> Redistribute(lambda: items)
            | "Send passages" >> beam.FlatMap(self._send, parts).with_output_types(KeyedBytes)
        )
        return (
            (start, sent)
            | "By part of passages" >> ByBlock(parts.numbers)
            | "Write passages" >> beam.Map(self._write, parts)
        )

    def _send(self, item: WorkItem, parts: Parts) -> Iterator[KeyedBytes]:
        first_document = self.first_documents[item.number]
        with store.open_input(store.below(self.output, self.samples_path(item.name))) as stream:
            while content := stream.read(_SENT_SAMPLES * GRAM_SAMPLE.itemsize):
                samples = np.frombuffer(content, GRAM_SAMPLE)
                entries = part_entries(samples, first_document)
                for number, chosen in parts.split(samples["hash"]):
                    yield number, entries[chosen].tobytes()

    def _write(self, element: tuple[int, Iterable[bytes]], parts: Parts) -> ItemResult[None]:
        number, packed = element
        entries = in_passage_order(join_records(packed, PASSAGE_ENTRY))
        path = f"passages/{parts.file_name(number)}.bin"
        with store.commit(self.output, path) as pending:
            for piece in part_bytes(entries):
                pending.stream.write(piece)
        return ItemResult((pending.entry,), statistics={"passages": entries.size})


def describe_passages(
    output: str, parts: int, items: Sequence[WorkItem], first_documents: Sequence[int], asked: Dedup
) -> store.FileEntry:
    """Writes how the index is cut, whose documents its numbers are, and how 13-grams were made."""
    description = {
        "schema_version": PASSAGES_VERSION,
        "parts": parts,
        "ngram": asked.ngram,
        "fold_case": asked.fold_case,
        "items": [item.name for item in items],
        "first_documents": list(first_documents),
    }
    return store.write_bytes(output, PASSAGES, dump_record(description))
