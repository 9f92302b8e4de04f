"""What travels between the transforms: records of sources, and documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from massivetext.config import Source
from massivetext.records import Json, RawRecord, Record


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of a source, as `Read` yields it.

    Attributes:
        source: where it comes from; says how it becomes text and which rules apply.
        record: a `RawRecord`, or a `FailedRecord` or `SkippedRecord`, which hold no document.
    """

    source: Source
    record: Record


@dataclass(frozen=True, slots=True)
class Origin:
    """What `Judge` must know of the record that a document was made of.

    Attributes:
        source: decides which rules apply.
        record: its headers, and what the source says of it.
        encoding: of its page, or "".
        html: the markup of its page, in UTF-8.
    """

    source: Source
    record: RawRecord
    encoding: str = ""
    html: bytes = b""


@dataclass(frozen=True, slots=True)
class Document:
    """A text, its names, and what has been found about it so far.

    Attributes:
        id: names it; of two duplicates a draw by seed and id decides which one stays.
        text: what is measured and compared.
        subset: the part of the data that it belongs to.
        source_id: its name in the source.
        url: where it came from, or empty.
        title: or empty.
        metadata: JSON-able facts: content type, encoding, license, ...
        markdown: the other form of the text, if `extraction.format` asks for it.
        origin: what `Judge` needs, which leaves it out of what it gives on; a document of one's own
            without one is judged as a web page is, by every rule.
        measures: by name, once it is judged.
        stage: the first stage, in the paper's order, that objects.
        reasons: every rule that objects, or `exact` or `near`; empty as long as it is kept.
        evidence: the passages that rules object to: rule, passage, start, end, places.
        partner_id: of a duplicate, the document that it resembles.
        jaccard: of a duplicate, how much, in 13-grams.
    """

    id: str
    text: str
    subset: str = ""
    source_id: str = ""
    url: str = ""
    title: str = ""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    markdown: str | None = None
    origin: Origin | None = field(default=None, repr=False)
    measures: Mapping[str, Any] = field(default_factory=dict, repr=False)
    stage: str | None = None
    reasons: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    partner_id: str = ""
    jaccard: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether no rule objects and no duplicate stands for it."""
        return not self.reasons
