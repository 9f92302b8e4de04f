"""What every room knows: records as readers yield them, document ids, and the Parquet schemas.

Nothing here imports Beam. The schemas are contracts: auditors and downstream programs read them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import xxhash

from massivetext.measure_table import QUALITY, REPETITION

QUALITY_MEASURES: Final[Mapping[str, pa.DataType]] = {m.name: m.type for m in QUALITY}
"""The quality measures of the paper's A.1.1, as columns."""

REPETITION_MEASURES: Final[Mapping[str, pa.DataType]] = {m.name: m.type for m in REPETITION}
"""The repetition measures of the paper's Table A1, as columns."""

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""A value that JSON can hold."""

CONTENT_MEASURES: Final[Mapping[str, pa.DataType]] = {
    "language": pa.string(),
    "language_score": pa.float64(),
    "safesearch_score": pa.float64(),
    "safesearch_signals": pa.list_(pa.string()),
    "opt_out_signals": pa.list_(pa.string()),
}
"""What the content stage (language, SafeSearch, opt-outs) found."""

MEASURES: Final[Mapping[str, pa.DataType]] = {
    **QUALITY_MEASURES,
    **REPETITION_MEASURES,
    **CONTENT_MEASURES,
}
"""Every measure of a document, in the order of the columns."""

_IDENTITY_FIELDS = [
    ("id", pa.string()),
    ("source_id", pa.string()),
    ("subset", pa.string()),
]

DOCUMENT_SCHEMA: Final = pa.schema(
    [
        *_IDENTITY_FIELDS,
        ("url", pa.string()),
        ("title", pa.string()),
        ("text", pa.large_string()),
        ("metadata", pa.string()),
        *MEASURES.items(),
    ]
)
"""`documents/` and `corpus/`: `metadata` is a JSON object with sorted keys."""

MARKDOWN_DOCUMENT_SCHEMA: Final = pa.schema([*DOCUMENT_SCHEMA, ("markdown", pa.large_string())])
"""`documents/` of a run that asks for Markdown: null where the text did not come from HTML."""

REJECTED_SCHEMA: Final = pa.schema(
    [*DOCUMENT_SCHEMA, ("stage", pa.string()), ("reasons", pa.list_(pa.string()))]
)
"""`rejected/`: `stage` is the first that objects in the paper's order, `reasons` every failed
rule."""

REMOVED_SCHEMA: Final = pa.schema(
    [
        *_IDENTITY_FIELDS,
        ("reasons", pa.list_(pa.string())),
        ("partner_id", pa.string()),
        ("partner_source_id", pa.string()),
        ("jaccard", pa.float64()),
        ("test_set", pa.string()),
        ("test_item", pa.string()),
        ("test_jaccard", pa.float64()),
        ("containment", pa.float64()),
    ]
)
"""`removed/`: `reasons` holds all of exact, near, test_set that apply."""

REMOVAL_SCHEMA: Final = pa.schema([("row", pa.int64()), *REMOVED_SCHEMA])
"""`dedup/` and `decontamination/`: what one phase alone would remove from an item's documents.

`row` is the row in the item's `documents/` file: two copies of a record share an id, not a row.
"""

FAILED_SCHEMA: Final = pa.schema(
    [
        ("subset", pa.string()),
        ("file", pa.string()),
        ("offset", pa.int64()),
        ("error", pa.string()),
    ]
)
"""`failed/`: what could not be read, and where (byte offset, line number or row of the file)."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One document as it lies in a source file.

    Attributes:
        source_id: its name in the source; empty if the source gives none (see `document_id`).
        raw: the page's bytes (web) or the text's UTF-8 bytes (text), as read.
        url: where it came from, or empty.
        title: its title if the source states one, or empty.
        metadata: JSON-able facts of the source: content type, timestamp, license, ...
        headers: HTTP response headers with lower-case names, for SafeSearch and opt-outs; empty
            without HTTP.
        digests: whether its bytes have the digests that the archive states: "block fits", "payload
            differs" and so on; empty if it states none.
        explicit: how explicit the source says it is, in [0, 1]; None if it does not say.
    """

    source_id: str
    raw: bytes
    url: str = ""
    title: str = ""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    digests: tuple[str, ...] = ()
    explicit: float | None = None


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """A record that could not be read: becomes a row of `failed/`.

    Attributes:
        file: that it lies in.
        offset: where, in bytes, lines or rows.
        error: what was found, and what was expected.
        ends_file: whether nothing behind it could be read: the file is cut off, or damaged from
            there to its end, and nobody knows how many records are lost.
    """

    file: str
    offset: int
    error: str
    ends_file: bool = False


@dataclass(frozen=True, slots=True)
class SkippedRecord:
    """A record that holds no document (WARC request, DNS, image, ...); counted by its kind.

    Attributes:
        kind: what it is.
        size_bytes: of its block, as the archive holds it.
        digests: see `RawRecord`.
    """

    kind: str
    size_bytes: int = 0
    digests: tuple[str, ...] = ()


Record = RawRecord | FailedRecord | SkippedRecord


def document_id(subset: str, source_id: str, raw: bytes) -> str:
    """Returns the document's id: 32 hex digits, xxh3-128 over (subset, source_id, raw bytes).

    So an id depends on no folder, file, range, worker or runner. Each part is preceded by its
    length, so that no two different triples give the same bytes.
    """
    digest = xxhash.xxh3_128()
    for part in (subset.encode(), source_id.encode(errors="surrogatepass"), raw):
        digest.update(struct.pack("<Q", len(part)))
        digest.update(part)
    return digest.hexdigest()


def stable_hash(seed: int, key: str, purpose: str) -> int:
    """Returns 64 random bits that depend on nothing but (seed, key, purpose).

    The only source of randomness in the pipeline: the same on every runner, in every order.
    """
    return xxhash.xxh3_64_intdigest(f"{purpose}\0{key}".encode(), seed=seed & (2**64 - 1))


def address(item_number: int, row: int) -> int:
    """Returns the 64-bit address of a row of a work item's file in `documents/`."""
    return item_number << 32 | row
