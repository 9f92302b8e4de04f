"""What phase SEQUENCE does with one item of the corpus: survey, sample, tokenise."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.sequence.kept_tokens import (
    WANTED_DTYPE,
    TokenFiles,
    WantedCrops,
)
from massivetext.pipeline.phases.sequence.tokenizer_file import TokenizerFile
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, crop_hash, split_by_part
from massivetext.sequencing.crops import crop_random, crop_range, expected_crop_bytes
from massivetext.sequencing.draws import Draw
from massivetext.sequencing.held_out import Side
from massivetext.sequencing.self_check import is_checked, require_same
from massivetext.sequencing.tokenizer import Tokenizer
from massivetext.sequencing.tokenizer_training import sampled_words

WORDS_SCHEMA: Final = pa.schema([("word", pa.large_string()), ("count", pa.int64())])
"""The words of the tokenizer's sample."""

CROP_FILE_SCHEMA: Final = pa.schema(
    [
        ("part", pa.uint32()),
        ("visit", pa.uint32()),
        ("crops", pa.large_binary()),
        ("tokens", pa.large_binary()),
    ]
)
"""Tokenised crops: one row a part, visit and run, the arrays of a `CropBatch` as bytes."""

_RUN_TOKENS: Final = 2**25
"""Our choice: 64 MB of tokens are kept in memory, then sorted by part and written."""

TOKENISE_BYTES: Final = 150_000_000
"""Memory that an item takes whose crops are tokenised (measured: 110 MB)."""

SURVEY_BYTES: Final = 200_000_000
"""Memory that an item takes whose words are counted (measured: 190 MB for all of 64 MB of text)."""

_ROW_GROUP_BYTES: Final = 2**20
"""Our choice: what is read at least when a part of an item is wanted."""


@dataclass(frozen=True)
class CorpusItem:
    """A file of the corpus.

    Attributes:
        number: as that of its work item.
        name: as that of its work item.
        subset: that its documents belong to.
        xxh3: of the file.
        weight: its size in bytes.
    """

    number: int
    name: str
    subset: str
    xxh3: str
    weight: float

    @property
    def identity(self) -> list[str]:
        """Its content: other documents make another item of it."""
        return [self.name, self.xxh3]


@dataclass(frozen=True)
class Surveyed:
    """What there is of an item, or of a subset.

    Attributes:
        documents: in the corpus.
        text_bytes: of them, UTF-8.
        crop_bytes: that one crop of each gives, expected.
    """

    documents: int = 0
    text_bytes: int = 0
    crop_bytes: int = 0

    def __add__(self, other: Surveyed) -> Surveyed:
        return Surveyed(
            self.documents + other.documents,
            self.text_bytes + other.text_bytes,
            self.crop_bytes + other.crop_bytes,
        )


@dataclass(frozen=True)
class Tokenised:
    """What a draw took from an item.

    Attributes:
        crops: their number.
        tokens: in them, without BOS and EOS.
        checked: crops whose beginning a reference encoder has encoded, too.
    """

    crops: int
    tokens: int
    checked: int = 0


@dataclass(frozen=True)
class SurveyItem:
    """Counts an item's text, and the words of what is drawn of it for the tokenizer's sample.

    Attributes:
        output: the output folder.
        folder: for the sample, below the output folder.
        seed: of the run.
        crop_bytes: C; None for whole documents.
        limits: subset -> hash below which its passages are drawn; empty if none are needed.
        split: the documents to train on.
    """

    output: str
    folder: str
    seed: int
    crop_bytes: int | None
    limits: Mapping[str, int]
    split: Side

    def __call__(self, item: CorpusItem) -> ItemResult[Surveyed]:
        """Returns the sample file, and what there is of both sides: to train on, and held out."""
        sizes: dict[bool, list[int]] = {True: [], False: []}
        limit = self.limits.get(item.subset, 0)
        words: Counter[str] = Counter()
        for document_id, text in read_texts(self.output, item.name):
            is_learned = self.split.holds(document_id)
            sizes[is_learned].append(len(text))
            if limit and is_learned:
                words.update(sampled_words(bytes(text), self.seed, document_id, limit))
        files: tuple[store.FileEntry, ...] = ()
        if item.subset in self.limits:
            rows = [{"word": word, "count": count} for word, count in sorted(words.items())]
            table = pa.Table.from_pylist(rows, WORDS_SCHEMA)
            path = f"{self.folder}/{item.name}.parquet"
            files = (store.write_table(self.output, path, table),)
        found = tuple(_surveyed(sizes[side], self.crop_bytes) for side in (True, False))
        return ItemResult(files, found=found)


@dataclass(frozen=True)
class TokeniseItem:
    """Cuts and encodes a crop of each document that a draw holds, for each of its visits.

    Attributes:
        output: the output folder.
        files: of the batches; what stands in them is not encoded again.
        draw: number of the draw.
        tokenizer: where it is.
        seed: of the run.
        crop_bytes: C; None for whole documents.
        parts: of the corpus.
        draws: subset -> what to draw.
        split: the documents that are drawn from.
    """

    output: str
    files: TokenFiles
    draw: int
    tokenizer: TokenizerFile
    seed: int
    crop_bytes: int | None
    parts: int
    draws: Mapping[str, Draw]
    split: Side

    def __call__(self, item: CorpusItem) -> ItemResult[Tokenised]:
        """Returns the crop file, and how many crops and tokens it holds."""
        crops = tokens = 0
        counter = Counter[str]()
        with (
            store.commit(self.output, self.files.path(self.draw, item.name)) as pending,
            open_crop_writer(pending.stream, self.files.stamped(CROP_FILE_SCHEMA)) as writer,
        ):
            for visit, batch in self._runs(item, counter):
                crops += len(batch.crops_C)
                tokens += len(batch.tokens)
                for table in _tables(visit, split_by_part(batch, self.parts)):
                    writer.write_table(table)
        return ItemResult((pending.entry,), found=(Tokenised(crops, tokens, counter["checked"]),))

    def _check(self, tokenizer: Tokenizer, crop: bytes, document_id: str, subset: str) -> None:
        try:
            require_same(tokenizer, crop)
        except ValueError as error:
            raise RunError(
                f"document {document_id} of {subset}: {error}. No shard was written; this is a "
                "fault of massivetext or of a library that it uses, please report it"
            ) from None

    def _runs(self, item: CorpusItem, counter: Counter[str]) -> Iterator[tuple[int, CropBatch]]:
        """Yields visits and crops of them, as many at a time as memory is meant to hold."""
        wanted = self._wanted(item)
        waiting: dict[int, list[CropBatch]] = defaultdict(list)
        held_tokens = 0
        found = self._found(item, wanted, counter)
        for visit, batch in itertools.chain(found, self._encoded(item, wanted, counter)):
            waiting[visit].append(batch)
            held_tokens += len(batch.tokens)
            if held_tokens >= _RUN_TOKENS:
                yield from _joined(waiting)
                waiting, held_tokens = defaultdict(list), 0
        yield from _joined(waiting)

    def _wanted(self, item: CorpusItem) -> WantedCrops:
        """Returns the crops that the draw holds; reads no text."""
        rows: dict[int, list[tuple[int, bytes, int]]] = {}
        visits = list(self.draws[item.subset].by_visit())
        for row, document_id in enumerate(_read_ids(self.output, item.name)):
            if not self.split.holds(document_id):
                continue
            for visit, first, last in visits:
                hash_64 = crop_hash(self.seed, document_id, visit)
                if first <= hash_64 < last:
                    crop = (hash_64, bytes.fromhex(document_id), row)
                    rows.setdefault(visit, []).append(crop)
        return WantedCrops({v: np.array(found, WANTED_DTYPE) for v, found in rows.items()})

    def _found(
        self, item: CorpusItem, wanted: WantedCrops, counter: Counter[str]
    ) -> Iterator[tuple[int, CropBatch]]:
        """Yields visits and crops that were encoded before; each counts as checked if it was."""
        for visit, batch in self.files.find(item.name, wanted):
            for document in batch.crops_C["document"]:
                document_id = document.tobytes().hex()
                random_64 = crop_random(self.seed, item.subset, document_id, visit)
                counter["checked"] += is_checked(random_64)
            yield visit, batch

    def _encoded(
        self, item: CorpusItem, wanted: WantedCrops, counter: Counter[str]
    ) -> Iterator[tuple[int, CropBatch]]:
        """Yields visits and crops that were not; of each document those of all visits together."""
        left = dict(wanted.left())
        tokenizer = self.tokenizer.load() if left else None
        for row, document_id, text in _read_rows(self.output, item.name, left):
            assert tokenizer is not None
            for visit, hash_64 in left[row]:
                random_64 = crop_random(self.seed, item.subset, document_id, visit)
                start, stop = crop_range(text, self.crop_bytes, random_64)
                crop = bytes(text[start:stop])
                tokens = tokenizer.encode(crop)
                if is_checked(random_64):
                    self._check(tokenizer, crop, document_id, item.subset)
                    counter["checked"] += 1
                found = (hash_64, bytes.fromhex(document_id), start, stop, len(tokens))
                yield visit, CropBatch(np.array([found], CROP_DTYPE), tokens)


def _joined(waiting: Mapping[int, Sequence[CropBatch]]) -> Iterator[tuple[int, CropBatch]]:
    """Yields the crops of each visit as one batch."""
    for visit, batches in sorted(waiting.items()):
        crops_C = np.concatenate([batch.crops_C for batch in batches])
        yield visit, CropBatch(crops_C, np.concatenate([batch.tokens for batch in batches]))


def _surveyed(sizes: Sequence[int], crop_bytes: int | None) -> Surveyed:
    expected = sum(expected_crop_bytes(size, crop_bytes) for size in sizes)
    return Surveyed(len(sizes), sum(sizes), expected)


def binary_column(array: NDArray[np.generic]) -> pa.Array:
    """Returns a column of one row that holds an array's bytes, without a copy."""
    offsets = np.array([0, array.nbytes], np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(array)]
    return pa.Array.from_buffers(pa.large_binary(), 1, buffers)


def open_crop_writer(stream: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """Returns a writer of arrays that are read once or twice, then deleted: so as they are."""
    names = [field.name for field in schema if not pa.types.is_large_binary(field.type)]
    return pq.ParquetWriter(
        stream,
        schema,
        compression="none",
        use_dictionary=False,
        write_statistics=names,  # pyright: ignore[reportArgumentType]  # a list of columns too
    )


def read_crop_file(
    output: str, path: str, parts: range, columns: list[str]
) -> Iterator[tuple[int, int, list[memoryview]]]:
    """Yields part, visit and some columns of the rows of a crop file that belong to some parts."""
    for group in store.row_groups(store.below(output, path)):
        held = group.metadata.column(0).statistics
        if held.max < parts.start or held.min >= parts.stop:
            continue
        table = group.read(["part", "visit", *columns])
        for part, visit, *arrays in zip(*(table[n] for n in table.column_names), strict=True):
            if part.as_py() in parts:
                found = [memoryview(array.as_buffer()) for array in arrays]
                yield part.as_py(), visit.as_py(), found


def read_texts(output: str, name: str) -> Iterator[tuple[str, memoryview]]:
    """Yields id and UTF-8 text of an item's documents in the corpus."""
    for group in _corpus_groups(output, name):
        for _, document_id, text in _texts_of(group):
            yield document_id, text


def _read_rows(
    output: str, name: str, rows: Collection[int]
) -> Iterator[tuple[int, str, memoryview]]:
    """Yields row, id and UTF-8 text of some of an item's documents in the corpus.

    Groups of rows without any of them are not read.
    """
    for group in _corpus_groups(output, name):
        group_rows = range(group.first_row, group.first_row + group.metadata.num_rows)
        if any(row in rows for row in group_rows):
            yield from (found for found in _texts_of(group) if found[0] in rows)


def _read_ids(output: str, name: str) -> Iterator[str]:
    """Yields the ids of an item's documents in the corpus, in the order of their rows."""
    for group in _corpus_groups(output, name):
        yield from group.read(["id"])["id"].to_pylist()


def _corpus_groups(output: str, name: str) -> Iterator[store.RowGroup]:
    return store.row_groups(store.below(output, f"corpus/{name}.parquet"))


def _texts_of(group: store.RowGroup) -> Iterator[tuple[int, str, memoryview]]:
    table = group.read(["id", "text"])
    pairs = zip(table["id"], table["text"], strict=True)
    for row, (document_id, text) in enumerate(pairs, group.first_row):
        yield row, document_id.as_py(), memoryview(text.as_buffer())


def _tables(visit: int, batches: Mapping[int, CropBatch]) -> Iterator[pa.Table]:
    """Yields the rows of the parts, as many at a time as become a row group."""
    rows: list[dict[str, int | bytes]] = []
    held_bytes = 0
    for part, batch in batches.items():
        crops, tokens = batch.to_bytes()
        rows.append({"part": part, "visit": visit, "crops": crops, "tokens": tokens})
        held_bytes += len(tokens)
        if held_bytes >= _ROW_GROUP_BYTES:
            yield pa.Table.from_pylist(rows, CROP_FILE_SCHEMA)
            rows, held_bytes = [], 0
    if rows:
        yield pa.Table.from_pylist(rows, CROP_FILE_SCHEMA)
