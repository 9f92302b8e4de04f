"""Rows of JSON lines and Parquet become records: which column is what (`[[source]] fields`).

A target that `fields` does not name is looked for under its own name. `meta.url` is the field `url`
of the object `meta`, unless a column has that very name. The content is the column of
`html` where `fields` names one, else that of `text`, and must be there; the others may be missing.
Every other column goes to the metadata if it is a scalar: numbers, booleans, dates and
strings of at most METADATA_CHARACTERS; longer strings, lists and mappings are content, not facts
about it, and are left out. A license may be a string, an object with `identifier` or `name` (as
Wikimedia Enterprise has it), or a list of these, joined by commas.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Mapping
from typing import Final

from massivetext.filters.stated_verdict import stated_score
from massivetext.pipeline.readers.contract import ReadContext
from massivetext.records import FailedRecord, Json, RawRecord

METADATA_CHARACTERS: Final = 1_000
"""Longest string that goes to the metadata. Our choice: URLs and authors fit, texts do not."""

_SHOWN_COLUMNS: Final = 20
"""Our choice: more names make no message clearer."""

_LABELS = ("id", "url", "title")


class RowError(ValueError):
    """A row that does not hold a document: what was found and what was expected."""


def content_field(fields: Mapping[str, str]) -> str:
    """Returns which of html and text the content is."""
    return "html" if "html" in fields else "text"


def record_of(row: Mapping[str, object], fields: Mapping[str, str], record_bytes: int) -> RawRecord:
    """Returns the record that a row describes.

    Raises:
        RowError: if the content is missing, too large, or not valid text.
    """
    kind = content_field(fields)
    columns = {target: fields.get(target, target) for target in (kind, *_LABELS, "license")}
    raw = _content(row, columns[kind], kind)
    if len(raw) > record_bytes:
        raise RowError(
            f"{kind} of {len(raw)} bytes is larger than limits.record_bytes = {record_bytes}"
        )
    labels = {target: _label(_get(row, columns[target]), columns[target]) for target in _LABELS}
    return RawRecord(
        source_id=labels["id"],
        raw=raw,
        url=labels["url"],
        title=labels["title"],
        metadata=_metadata(row, columns, kind),
        explicit=_explicit(row, fields),
    )


def record_or_failure(
    row: Mapping[str, object], offset: int, context: ReadContext
) -> RawRecord | FailedRecord:
    """Returns the record that a row describes, or why there is none, with the row's names.

    Args:
        row: what lies there.
        offset: where in the file, in bytes or rows.
        context: what the reader was told.
    """
    try:
        return record_of(row, context.fields, context.record_bytes)
    except RowError as error:
        source_id, url = _names(row, context.fields)
        return FailedRecord(context.file, offset, str(error), source_id=source_id, url=url)


def _names(row: Mapping[str, object], fields: Mapping[str, str]) -> tuple[str, str]:
    """Returns the id and the URL of a row that has no document, as far as they can be read."""
    names = []
    for target in ("id", "url"):
        column = fields.get(target, target)
        try:
            names.append(_label(_get(row, column), column))
        except RowError:
            names.append("")
    return names[0], names[1]


def place_of(row: Mapping[str, object], column: str) -> tuple[str, ...]:
    """Returns the names that lead to a column, or to a field of an object; () if there is none."""
    if column in row:
        return (column,)
    parent, dot, below = column.partition(".")
    while dot:
        inner = row.get(parent)
        place = place_of(inner, below) if isinstance(inner, Mapping) else ()
        if place:
            return (parent, *place)
        more, dot, below = below.partition(".")
        parent = f"{parent}.{more}"
    return ()


def _get(row: Mapping[str, object], column: str) -> object:
    """Returns the value of a column, or of a field of an object; None if there is none."""
    value: object = row
    for name in place_of(row, column) or (column,):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def require_content(row: Mapping[str, object], column: str, kind: str) -> None:
    """Checks that a row has the column of the content.

    Raises:
        RowError: if it has not.
    """
    if not place_of(row, column):
        raise RowError(
            f'no field "{column}"; found: {shown_columns(row)}; set fields.{kind} of the source'
        )


def _explicit(row: Mapping[str, object], fields: Mapping[str, str]) -> float | None:
    """Returns what the column of `fields.safesearch` says, if there is one; no name stands in."""
    if "safesearch" not in fields:
        return None
    column = fields["safesearch"]
    try:
        return stated_score(_get(row, column))
    except ValueError as error:
        raise RowError(f'field "{column}" is {error}') from None


def _content(row: Mapping[str, object], column: str, kind: str) -> bytes:
    require_content(row, column, kind)
    value = _get(row, column)
    if isinstance(value, bytes):
        return value if kind == "html" else check_utf8(value)
    if not isinstance(value, str):
        raise RowError(f'field "{column}" is {_type_name(value)}, expected a string')
    return _encode(value, column)


def shown_columns(row: Mapping[str, object]) -> str:
    """Returns the names of a row's columns, for messages; of objects their fields as well."""
    names = [
        f"{name}.{inner}" if inner else name
        for name, value in row.items()
        for inner in ("", *(value if isinstance(value, Mapping) else ()))
    ]
    return _without_surrogates(", ".join(sorted(names)[:_SHOWN_COLUMNS])) or "none"


def check_utf8(raw: bytes) -> bytes:
    """Returns the bytes if they are UTF-8.

    Raises:
        RowError: otherwise.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise RowError(
            f"byte 0x{raw[error.start]:02x} at byte {error.start} is not UTF-8; convert the text"
        ) from None
    return raw


def _encode(text: str, column: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise RowError(
            f'field "{column}" has U+{ord(text[error.start]):04X} at character {error.start}: '
            "a lone surrogate, or a byte that is not UTF-8"
        ) from None


def _label(value: object, column: str) -> str:
    """Returns an id, url or title: a string, a number (written out), or nothing."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return _encode(value, column).decode()
    raise RowError(f'field "{column}" is {_type_name(value)}, expected a string or a number')


def _metadata(row: Mapping[str, object], columns: Mapping[str, str], kind: str) -> dict[str, Json]:
    taken = set(columns.values())
    metadata: dict[str, Json] = {
        _without_surrogates(name): scalar
        for name, value in row.items()
        if name not in taken and (scalar := _scalar(value)) is not None
    }
    metadata["content_type"] = "text/html" if kind == "html" else "text/plain"
    if isinstance(_get(row, columns[kind]), str):
        metadata["charset"] = "utf-8"  # whatever the page says of itself: the row was decoded
    license_named = _get(row, columns["license"])
    if license_named is not None:
        metadata["license"] = _license(license_named, columns["license"])
    return metadata


def _license(value: object, column: str) -> str:
    """Returns one license's name; several are joined: all of them would have to be allowed."""
    listed = value if isinstance(value, list) else [value]
    names = [name for item in listed if (name := _license_name(item)) is not None]
    if len(names) == len(listed):
        return _without_surrogates(", ".join(sorted(names)))
    raise RowError(f'field "{column}" is {_type_name(value)}, expected a string or strings')


def _license_name(value: object) -> str | None:
    """Returns a license's name as one item states it, an identifier before a title."""
    if isinstance(value, Mapping):
        stated = (value.get("identifier"), value.get("name"))
        return next((name for name in stated if isinstance(name, str) and name), None)
    return value if isinstance(value, str) else None


def _scalar(value: object) -> str | float | bool | None:
    """Returns a JSON-able scalar, or None for what does not belong into the metadata."""
    if isinstance(value, str):
        return _without_surrogates(value) if len(value) <= METADATA_CHARACTERS else None
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, int)) else None


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _type_name(value: object) -> str:
    """Returns what JSON calls the type of a value."""
    names = {type(None): "null", bool: "a boolean", dict: "an object", list: "an array"}
    names |= {int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), type(value).__name__)
