"""Exact and near-duplicates among documents of any source: the keys, pairs and rules of `dedup`.

    Sign        documents -> keys: hashes, rank and band keys, some 200 bytes each
    Exact       one document of each normalised text goes on       (keys travel)
    Candidates  pairs of documents that share a band key           (keys travel)
    Compare     exact Jaccard of these pairs, from 13-gram sets    (texts travel)
    Resolve     who goes
    Name        the ids of partners                                (ids travel)
    Mark        documents learn what became of them                (documents travel)

A phase of a run knows documents by their places in files. Here there are no files, so a document's
address is a hash of its names and its text, and copies of one document share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection, TaggedOutput
from numpy.typing import NDArray

from massivetext.dedup.beam import KeyedBytes, split_by
from massivetext.dedup.exact import GROUP_RECORD, TEXT_BUCKETS, exact_removals, group_records
from massivetext.dedup.groups import Records, partition_of, resolve_in_blocks
from massivetext.dedup.heads import Buckets, bucket_heads
from massivetext.dedup.in_memory import verify_pairs
from massivetext.dedup.keys import KeySettings, document_keys, shingle_counts
from massivetext.dedup.packed import pack_sets, unpack_sets
from massivetext.dedup.pairs import (
    BAND_BUCKETS,
    BAND_RECORD,
    PAIR,
    band_records,
    candidate_pairs,
    distinct_pairs,
)
from massivetext.dedup.removal import VERIFIED
from massivetext.dedup.removal_rules import REMOVAL_RULES, RemovalRule
from massivetext.dedup.shingles import shingle_sets
from massivetext.pipeline.engine.counters import time_spent
from massivetext.pipeline.transforms.documents import Document
from massivetext.records import document_id

AddressedDocument = tuple[int, Document]
"""A document's address, and itself."""

AddressedRemoval = tuple[int, tuple[int, int, float]]
"""A removed document; its partner, `REMOVAL.kind`, and the Jaccard."""

NamedRemoval = tuple[int, tuple[int, float, str]]
"""A removed document; `REMOVAL.kind`, the Jaccard, and the partner's id."""

KEYS: Final = "keys"
APART: Final = "apart"
BANDS: Final = "bands"
"""Tags of outputs."""


def document_name(document: Document) -> str:
    """Returns 32 hex digits that copies of a document share and no other document has."""
    raw = document.text.encode("utf-8", "surrogatepass")
    return document_id(document.subset, document.id, raw)


def document_address(document: Document) -> int:
    """Returns the first 63 bits of its name; Beam's integers have a sign."""
    return int(document_name(document)[:16], 16) >> 1


def signed_dtype(bands: int) -> np.dtype[Any]:
    """Returns a `GROUP_RECORD` with the document's band keys."""
    fields = [(name, GROUP_RECORD[name]) for name in GROUP_RECORD.names or ()]
    return np.dtype([*fields, ("bands", "<u8", (bands,))])


class Sign(beam.DoFn):
    """Lists of documents -> addressed documents; KEYS to compare; APART: what is not compared.

    What rules reject is not compared, as in a run, and neither is what has no word.
    """

    def __init__(self, settings: KeySettings, partitions: int) -> None:
        self.settings, self.partitions = settings, partitions

    def process(self, element: Sequence[Document]) -> Iterator[Any]:
        """Yields documents, and their records by partition."""
        started = time.perf_counter()
        by_subset: dict[str, list[Document]] = {}
        for document in element:
            if document.is_kept:
                by_subset.setdefault(document.subset, []).append(document)
            else:
                yield TaggedOutput(APART, document)
        for subset, documents in by_subset.items():
            yield from self._signed(subset, documents)
        time_spent("deduplicate", {"sign": time.perf_counter() - started})

    def _signed(self, subset: str, documents: Sequence[Document]) -> Iterator[Any]:
        texts, ids = [d.text for d in documents], [d.id for d in documents]
        keys = document_keys(texts, ids, subset, self.settings)
        addresses = np.array([document_address(d) for d in documents], np.uint64)
        filled = shingle_counts(keys["rank"]) > 0
        for document, address, has_words in zip(documents, addresses, filled, strict=True):
            if has_words:
                yield int(address), document
            else:
                yield TaggedOutput(APART, document)
        groups = group_records(keys, addresses)
        signed = np.empty(groups.size, signed_dtype(self.settings.bands))
        for name in GROUP_RECORD.names or ():
            signed[name] = groups[name]
        signed["bands"] = keys["bands"][filled]
        for part in split_by(signed, partition_of(signed["group_high"], self.partitions)):
            yield TaggedOutput(KEYS, part)


class Exact(beam.PTransform):
    """(partition, keys) -> exact removals; BANDS: the band keys of the documents that go on."""

    def __init__(self, bands: int, partitions: int) -> None:
        super().__init__()
        self.bands, self.partitions = bands, partitions

    def expand(self, pcoll: PCollection[KeyedBytes]) -> Any:
        """Returns `AddressedRemoval`s, and (partition, `BAND_RECORD`s) under BANDS."""
        finding = beam.FlatMap(_exact, signed_dtype(self.bands), self.partitions)
        return (
            pcoll
            | "By text" >> beam.GroupByKey()
            | "Compare texts" >> finding.with_outputs(BANDS, main="removals")
        )


def _exact(
    element: tuple[int, Iterable[bytes]], dtype: np.dtype[Any], partitions: int
) -> Iterator[Any]:
    for block in _blocks(element[1], dtype, TEXT_BUCKETS):
        removals = exact_removals(block)
        yield from _addressed(removals)
        winners = block[~np.isin(block["address"], removals["address"])]
        bands = band_records(winners, winners["address"])
        for part in split_by(bands, partition_of(bands["key"], partitions)):
            yield TaggedOutput(BANDS, part)


class Candidates(beam.PTransform):
    """(partition, band keys) -> pairs to look at, by the partition of the lower document."""

    def __init__(self, threshold: float, partitions: int) -> None:
        super().__init__()
        self.threshold, self.partitions = threshold, partitions

    def expand(self, pcoll: PCollection[KeyedBytes]) -> Any:
        """Returns (partition, `PAIR`s); a pair comes up once a band that it shares."""
        pairing = beam.FlatMap(_candidates, self.threshold, self.partitions)
        return (
            pcoll | "By band" >> beam.GroupByKey() | "Pair" >> pairing.with_output_types(KeyedBytes)
        )


def _candidates(
    element: tuple[int, Iterable[bytes]], threshold: float, partitions: int
) -> Iterator[KeyedBytes]:
    for block in _blocks(element[1], BAND_RECORD, BAND_BUCKETS):
        pairs = candidate_pairs(block, threshold)
        yield from split_by(pairs, partition_of(pairs["lower"], partitions))


class Compare(beam.PTransform):
    """(documents, pairs) -> those pairs whose exact Jaccard is above the threshold.

    A text is sent once to where its address is asked for; from there only its 13-gram set goes on,
    once to each partition that has a pair with it.
    """

    def __init__(
        self, rule: RemovalRule, threshold: float, ngram: int, fold_case: bool, partitions: int
    ) -> None:
        super().__init__()
        self.rule, self.threshold, self.partitions = rule, threshold, partitions
        self.ngram, self.fold_case = ngram, fold_case

    def expand(self, pcoll: tuple[PCollection[AddressedDocument], PCollection[KeyedBytes]]) -> Any:
        """Returns (partition, `VERIFIED`)."""
        documents, pairs = pcoll
        texts = documents | "Texts" >> beam.MapTuple(_text).with_output_types(tuple[int, str])
        asks = pairs | "Ask" >> beam.FlatMap(_asks).with_output_types(tuple[int, int])
        setting = beam.FlatMap(_send_set, self.ngram, self.fold_case)
        sets = (
            {"texts": texts, "asks": asks}
            | "By address" >> beam.CoGroupByKey()
            | "Sets" >> setting.with_output_types(KeyedBytes)
        )
        verifying = beam.FlatMap(_verify, self.rule, self.threshold)
        return (
            {"pairs": pairs, "sets": sets}
            | "By partition" >> beam.CoGroupByKey()
            | "Compare sets" >> verifying.with_output_types(KeyedBytes)
        )


def _text(address: int, document: Document) -> tuple[int, str]:
    return address, document.text


def _asks(element: KeyedBytes) -> Iterator[tuple[int, int]]:
    partition, packed = element
    pairs = np.frombuffer(packed, PAIR)
    for address in np.union1d(pairs["lower"], pairs["partner"]).tolist():
        yield address, partition


def _send_set(
    element: tuple[int, dict[str, Iterable[Any]]], ngram: int, fold_case: bool
) -> Iterator[KeyedBytes]:
    address, found = element
    partitions = sorted(set(found["asks"]))
    if partitions:
        text = next(iter(found["texts"]))
        sets = shingle_sets([text], ngram, fold_case)
        packed = pack_sets(np.array([address], np.uint64), sets)
        for partition in partitions:
            yield partition, packed


def _verify(
    element: tuple[int, dict[str, Iterable[bytes]]], rule: RemovalRule, threshold: float
) -> Iterator[KeyedBytes]:
    partition, found = element
    pairs = distinct_pairs(np.frombuffer(b"".join(found["pairs"]), PAIR))
    sets = unpack_sets(found["sets"])
    verified = verify_pairs(rule, pairs, sets, sets, threshold)
    if verified.size:
        yield partition, verified.tobytes()


class Resolve(beam.PTransform):
    """(partition, verified pairs) -> near removals.

    The rule `pairwise` decides where the lower document's pairs are. The other two must know all
    verified pairs, which go to one worker: 40 bytes each.
    """

    def __init__(self, rule: RemovalRule) -> None:
        super().__init__()
        self.rule = rule

    def expand(self, pcoll: PCollection[KeyedBytes]) -> Any:
        """Returns removals."""
        verified: Any = pcoll
        if self.rule != "pairwise":
            together = beam.MapTuple(_together).with_output_types(KeyedBytes)
            joining = beam.MapTuple(_joined).with_output_types(KeyedBytes)
            verified = (
                verified
                | "Together" >> together
                | "All pairs" >> beam.GroupByKey()
                | "Join" >> joining
            )
        deciding = beam.FlatMap(_decide, self.rule)
        return verified | "Decide" >> deciding.with_output_types(AddressedRemoval)


def _together(partition: int, packed: bytes) -> KeyedBytes:
    del partition
    return 0, packed


def _joined(partition: int, packed: Iterable[bytes]) -> KeyedBytes:
    return partition, b"".join(packed)


def _decide(element: KeyedBytes, rule: RemovalRule) -> Iterator[AddressedRemoval]:
    yield from _addressed(REMOVAL_RULES[rule](np.frombuffer(element[1], VERIFIED)))


class Name(beam.PTransform):
    """(documents, removals) -> removals with the ids of their partners."""

    def expand(
        self, pcoll: tuple[PCollection[AddressedDocument], PCollection[AddressedRemoval]]
    ) -> Any:
        """Returns named removals."""
        documents, removals = pcoll
        ids = documents | "Ids" >> beam.MapTuple(_id).with_output_types(tuple[int, str])
        turned = removals | "Ask" >> beam.MapTuple(_turned).with_output_types(AddressedRemoval)
        return (
            {"ids": ids, "asks": turned}
            | "By partner" >> beam.CoGroupByKey()
            | "Answer" >> beam.FlatMap(_answer).with_output_types(NamedRemoval)
        )


def _id(address: int, document: Document) -> tuple[int, str]:
    return address, document.id


def _turned(address: int, removal: tuple[int, int, float]) -> AddressedRemoval:
    partner, kind, jaccard = removal
    return partner, (address, kind, jaccard)


def _answer(element: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[NamedRemoval]:
    _, found = element
    asks = sorted(set(found["asks"]))
    if asks:
        partner_id = next(iter(found["ids"]))
        for address, kind, jaccard in asks:
            yield address, (kind, jaccard, partner_id)


def _addressed(removals: Records) -> Iterator[AddressedRemoval]:
    columns = (removals[name].tolist() for name in ("address", "partner", "kind", "jaccard"))
    for address, partner, kind, jaccard in zip(*columns, strict=True):
        yield address, (partner, kind, jaccard)


def _blocks(packed: Iterable[bytes], dtype: np.dtype[Any], buckets: Buckets) -> Iterator[Records]:
    """Yields the records of a partition, each block with the heads of the whole."""
    heads_of: Callable[[Records], Records] = partial(bucket_heads, buckets=buckets)
    yield from resolve_in_blocks(_Parts(packed, dtype), heads_of, lambda records: iter([records]))


@dataclass(frozen=True)
class _Parts:
    """The records of a group, read anew each time they are iterated."""

    packed: Iterable[bytes]
    dtype: np.dtype[Any]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (np.frombuffer(part, self.dtype) for part in self.packed)
