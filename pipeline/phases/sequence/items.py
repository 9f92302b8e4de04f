"""What phase SEQUENCE does with one item of the corpus: survey, sample, tokenise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.content_cache import load_by_content
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, crop_hash, split_by_part
from massivetext.sequencing.crops import crop_random, crop_range, expected_crop_bytes
from massivetext.sequencing.draws import Draw
from massivetext.sequencing.held_out import Side
from massivetext.sequencing.self_check import is_checked, require_same
from massivetext.sequencing.token_type import Tokens
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer
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

_ROW_GROUP_BYTES: Final = 2**23
"""Our choice: what is read at least when some parts of an item are wanted."""


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

    def __call__(self, item: WorkItem) -> ItemResult[Surveyed]:
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
        folder: for the batches, below the output folder.
        model: path of the tokenizer's model.
        model_sha256: its checksum; a process may meet several models under one path.
        special: names of its BOS and EOS, "" for its own.
        seed: of the run.
        crop_bytes: C; None for whole documents.
        parts: of the corpus.
        draws: subset -> what to draw.
        split: the documents that are drawn from.
    """

    output: str
    folder: str
    model: str
    model_sha256: str
    special: tuple[str, str]
    seed: int
    crop_bytes: int | None
    parts: int
    draws: Mapping[str, Draw]
    split: Side

    def __call__(self, item: WorkItem) -> ItemResult[Tokenised]:
        """Returns the crop file, and how many crops and tokens it holds."""
        crops = tokens = 0
        counter = Counter[str]()
        with (
            store.commit(self.output, f"{self.folder}/{item.name}.parquet") as pending,
            open_crop_writer(pending.stream, CROP_FILE_SCHEMA) as writer,
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

    def _load(self, path: str) -> Tokenizer:
        return make_tokenizer(store.read_bytes(path), *self.special)

    def _runs(self, item: WorkItem, counter: Counter[str]) -> Iterator[tuple[int, CropBatch]]:
        """Yields visits and crops of them, as many at a time as memory is meant to hold."""
        tokenizer = load_by_content(self.model, self.model_sha256, self._load)
        visits = list(self.draws[item.subset].by_visit())
        crops = {visit: _Crops() for visit, _, _ in visits}
        held_tokens = 0
        for document_id, text in read_texts(self.output, item.name):
            if not self.split.holds(document_id):
                continue
            for visit, first, last in visits:
                hash_64 = crop_hash(self.seed, document_id, visit)
                if not first <= hash_64 < last:
                    continue
                random_64 = crop_random(self.seed, item.subset, document_id, visit)
                start, stop = crop_range(text, self.crop_bytes, random_64)
                crop = bytes(text[start:stop])
                tokens = tokenizer.encode(crop)
                if is_checked(random_64):
                    self._check(tokenizer, crop, document_id, item.subset)
                    counter["checked"] += 1
                row = (hash_64, bytes.fromhex(document_id), start, stop, len(tokens))
                crops[visit].add(row, tokens)
                held_tokens += len(tokens)
            if held_tokens >= _RUN_TOKENS:
                yield from _taken(crops)
                held_tokens = 0
        yield from _taken(crops)


@dataclass
class _Crops:
    """Crops of a visit that wait to be written."""

    rows: list[tuple[int, bytes, int, int, int]] = field(default_factory=list)
    tokens: list[Tokens] = field(default_factory=list)

    def add(self, row: tuple[int, bytes, int, int, int], tokens: Tokens) -> None:
        """Adds a crop: a row of `CROP_DTYPE` and its tokens."""
        self.rows.append(row)
        self.tokens.append(tokens)


def _taken(crops: dict[int, _Crops]) -> Iterator[tuple[int, CropBatch]]:
    """Yields the crops of each visit that has any, and forgets them."""
    for visit, waiting in crops.items():
        if waiting.rows:
            batch = CropBatch(np.array(waiting.rows, CROP_DTYPE), np.concatenate(waiting.tokens))
            crops[visit] = _Crops()
            yield visit, batch


def _surveyed(sizes: Sequence[int], crop_bytes: int | None) -> Surveyed:
    expected = sum(expected_crop_bytes(size, crop_bytes) for size in sizes)
    return Surveyed(len(sizes), sum(sizes), expected)


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
) -> Iterator[tuple[int, int, list[bytes]]]:
    """Yields part, visit and some columns of the rows of a crop file that belong to some parts."""
    for group in store.row_groups(store.below(output, path)):
        held = group.metadata.column(0).statistics
        if held.max < parts.start or held.min >= parts.stop:
            continue
        table = group.read(["part", "visit", *columns])
        for part, visit, *arrays in zip(*(table[n] for n in table.column_names), strict=True):
            if part.as_py() in parts:
                yield part.as_py(), visit.as_py(), [array.as_py() for array in arrays]


def read_texts(output: str, name: str) -> Iterator[tuple[str, memoryview]]:
    """Yields id and UTF-8 text of an item's documents in the corpus."""
    for group in store.row_groups(store.below(output, f"corpus/{name}.parquet")):
        table = group.read(["id", "text"])
        for document_id, text in zip(table["id"], table["text"], strict=True):
            yield document_id.as_py(), memoryview(text.as_buffer())


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
