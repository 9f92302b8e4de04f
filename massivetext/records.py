"""What every room knows: records as readers yield them, document ids, and the Parquet schemas.

Nothing here imports Beam. The schemas are contracts: auditors and downstream programs read them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
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

_PLACE_FIELDS = [("item", pa.string()), ("row", pa.int64())]
"""Where a row lies: its work item, and its row in that item's file. Two copies of a record share an
id, never a place. In `corpus/` and `removed/` it is the document's place in `documents/`."""

TABLES_VERSION: Final = 3
"""Of all tables of an output folder, as their footers state it: raised when columns change."""

DOCUMENT_SCHEMA: Final = pa.schema(
    [
        *_IDENTITY_FIELDS,
        *_PLACE_FIELDS,
        ("url", pa.string()),
        ("title", pa.string()),
        ("text", pa.large_string()),
        ("text_bytes", pa.int64()),
        ("tokens", pa.int64()),
        ("metadata", pa.string()),
        *MEASURES.items(),
    ]
)
"""`documents/` and `corpus/`: `metadata` is a JSON object with sorted keys, `text_bytes` the UTF-8
length of the text, `tokens` null unless `tokenizer.model` is set."""

EVIDENCE_TYPE: Final = pa.list_(
    pa.struct(
        [
            ("rule", pa.string()),
            ("passage", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("places", pa.int64()),
        ]
    )
)
"""A passage that made a rule fire: its beginning, where in characters of the text it first stands,
and how often it counts."""

MARKDOWN_DOCUMENT_SCHEMA: Final = pa.schema([*DOCUMENT_SCHEMA, ("markdown", pa.large_string())])
"""`documents/` of a run that asks for Markdown: null where the text did not come from HTML."""

REJECTED_SCHEMA: Final = pa.schema(
    [
        *DOCUMENT_SCHEMA,
        ("stage", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("evidence", EVIDENCE_TYPE),
    ]
)
"""`rejected/`: `stage` is the first that objects in the paper's order, `reasons` every failed
rule; `text_bytes` is that of the whole text, of which `text` may be the beginning."""


def document_schema(own: Iterable[str] = (), *, has_markdown: bool = False) -> pa.Schema:
    """Returns the columns of `documents/` of a run that has own measures, or asks for Markdown.

    Args:
        own: the columns of own measures, behind ours; each a float64 in every row.
        has_markdown: whether the Markdown form has a column.
    """
    fields = [*DOCUMENT_SCHEMA, *((column, pa.float64()) for column in own)]
    return pa.schema([*fields, ("markdown", pa.large_string())] if has_markdown else fields)


def rejected_schema(own: Iterable[str] = ()) -> pa.Schema:
    """Returns the columns of `rejected/` of a run that has own measures."""
    verdict = [REJECTED_SCHEMA.field(name) for name in VERDICT_COLUMNS]
    return pa.schema([*document_schema(own), *verdict])


VERDICT_COLUMNS: Final = ("stage", "reasons", "evidence")
"""What rules say of a document: the columns that `rejected/` has beside those of documents."""

_TEST_FIELDS = [
    ("test_set", pa.string()),
    ("test_item", pa.string()),
    ("test_jaccard", pa.float64()),
    ("containment", pa.float64()),
]

_EXCLUSION_FIELDS = [("excluded_by", pa.string())]
"""The entry of a list of `[exclude]` that names a document: its kind and itself."""

_PARTNER_FIELDS = [
    ("reasons", pa.list_(pa.string())),
    ("partner_id", pa.string()),
    ("partner_source_id", pa.string()),
    ("partner_item", pa.string()),
    ("partner_row", pa.int64()),
    ("jaccard", pa.float64()),
]
"""A partner of an older corpus (`--against`) has an id and no place."""

REMOVED_SCHEMA: Final = pa.schema(
    [
        *_IDENTITY_FIELDS,
        *_PLACE_FIELDS,
        *_PARTNER_FIELDS,
        ("survivor_id", pa.string()),
        ("survivor_source_id", pa.string()),
        ("survivor_item", pa.string()),
        ("survivor_row", pa.int64()),
        *_TEST_FIELDS,
        *_EXCLUSION_FIELDS,
    ]
)
"""`removed/`: `reasons` holds all of exact, near, test_set, excluded that apply. The survivor is
the document at the end of the chain of partners that is in `corpus/`; null if that one was removed
as well."""

REMOVAL_SCHEMA: Final = pa.schema(
    [
        ("row", pa.int64()),
        *_IDENTITY_FIELDS,
        *_PARTNER_FIELDS,
        ("next_id", pa.string()),
        ("next_source_id", pa.string()),
        ("next_item", pa.string()),
        ("next_row", pa.int64()),
        *_TEST_FIELDS,
        *_EXCLUSION_FIELDS,
    ]
)
"""`dedup/`, `decontamination/` and `exclusions/`: what one phase alone would remove from an item's
documents.

`row` is the row in the item's `documents/` file. `next` is the document to ask about what stays:
the partner, or the winner of the cluster.
"""

_ORIGIN_FIELDS = [
    ("subset", pa.string()),
    *_PLACE_FIELDS,
    ("file", pa.string()),
    ("offset", pa.int64()),
    ("source_id", pa.string()),
    ("url", pa.string()),
]
"""Where a record without a document lies in its file (byte offset, or row), and what it is called
as far as that could be read."""

FAILED_SCHEMA: Final = pa.schema([*_ORIGIN_FIELDS, ("error", pa.string())])
"""`failed/`: what could not be read, and why."""

SKIPPED_SCHEMA: Final = pa.schema(
    [*_ORIGIN_FIELDS, ("kind", pa.string()), ("size_bytes", pa.int64())]
)
"""`skipped/`: records that hold no document, by kind, and the bytes of their blocks."""


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
        kind: what it is among the documents of its format, if that is to be counted.
    """

    source_id: str
    raw: bytes
    url: str = ""
    title: str = ""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    digests: tuple[str, ...] = ()
    explicit: float | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """A record that could not be read: becomes a row of `failed/`.

    Attributes:
        file: that it lies in.
        offset: where, in bytes, lines or rows.
        error: what was found, and what was expected.
        ends_file: whether nothing behind it could be read: the file is cut off, or damaged from
            there to its end, and nobody knows how many records are lost.
        source_id: its name in the source, or "" if it has none or that could not be read.
        url: where it came from, or "".
    """

    file: str
    offset: int
    error: str
    ends_file: bool = False
    source_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class SkippedRecord:
    """A record that holds no document (WARC request, DNS, image, ...); counted by its kind.

    Attributes:
        kind: what it is.
        size_bytes: of its block, as the archive holds it.
        digests: see `RawRecord`.
        offset: where it lies in its file, in bytes.
        source_id: its WARC-Record-ID, or "".
        url: where it came from, or "".
    """

    kind: str
    size_bytes: int = 0
    digests: tuple[str, ...] = ()
    offset: int = 0
    source_id: str = ""
    url: str = ""


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
