"""Which groups a document belongs to, as its row tells: the keys that `groups` counts by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.config import Slice
from massivetext.filters.hosts import host_of, is_address
from massivetext.filters.public_suffixes import public_suffixes
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.outcome import metadata_of
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.records import DOCUMENT_SCHEMA

GroupKey = tuple[str, str]
"""Kind and name of a group."""

ORDERED: Final = "\x01"
"""Begins kinds whose groups are few and all told, in the order of their names: lengths, numbers,
patterns, and the one group of all documents."""

EVERY: Final[GroupKey] = (ORDERED, "")

_NAME_CHARACTERS: Final = 300
"""Our choice: longer names of strangers are no names; their beginnings stand for them."""

_STEPS: Final = 20
"""Our choice: bins of numbers between 0 and 1, as scores are."""

STAYED: Final = "\x02"
"""Begins kinds that count only what stays: the sites of the web pages in the corpus."""

_SITES: Final = ("domain", "tld")

_COLUMNS: Final = ("row", "url", "language", "text_bytes", "safesearch_signals")

SAFESEARCH: Final = "safesearch"
"""The kind of groups of documents that have a signal of SafeSearch, by signal and host."""


def item_groups(
    output: str,
    item: WorkItem,
    slices: Sequence[Slice],
    searched: int | None,
    has_corpus: bool,
    is_web: bool,
) -> dict[GroupKey, Counter[str]]:
    """Returns documents, rejected and removed ones of every group of an item.

    Args:
        output: the output folder.
        item: the work item.
        slices: of the user's.
        searched: characters of a text that patterns are searched in; None for all of it.
        has_corpus: whether `removed/` is written.
        is_web: whether its source is one of web pages, whose sites are counted in the corpus, too.
    """
    removed = np.zeros(0, np.int64)
    if has_corpus:
        path = store.below(output, f"removed/{item.name}.parquet")
        removed = store.read_table(path, ["row"])["row"].to_numpy()
    counts: dict[GroupKey, Counter[str]] = {}
    for folder in ("documents", "rejected"):
        for group in store.row_groups(store.below(output, f"{folder}/{item.name}.parquet")):
            table = group.read(_columns(slices))
            verdicts = ["rejected"] * table.num_rows
            if folder == "documents":
                gone = np.isin(table["row"].to_numpy(), removed)
                verdicts = ["removed" if is_gone else "" for is_gone in gone.tolist()]
            for kind, names in _names(table, slices, searched):
                for name, verdict in zip(names, verdicts, strict=True):
                    if name is not None:
                        found = counts.setdefault((kind, name), Counter())
                        found["documents"] += 1
                        if verdict:
                            found[verdict] += 1
                        elif has_corpus and is_web and kind in _SITES:
                            counts.setdefault((STAYED + kind, name), Counter())["documents"] += 1
    return counts


def _columns(slices: Sequence[Slice]) -> list[str]:
    wanted = [*_COLUMNS]
    for one in slices:
        if one.pattern:
            wanted.append("text")
        else:
            wanted.append(one.column if one.column in DOCUMENT_SCHEMA.names else "metadata")
    return list(dict.fromkeys(wanted))


def _names(
    table: pa.Table, slices: Sequence[Slice], searched: int | None
) -> Iterator[tuple[str, Sequence[str | None]]]:
    """Yields, of each kind, the group of every document; None for one that is in none."""
    kind, name = EVERY
    yield kind, [name] * table.num_rows
    domains = [_domain_of(url) for url in table["url"].to_pylist()]
    yield "domain", [domain for domain, _ in domains]
    yield "tld", [tld for _, tld in domains]
    yield "language", table["language"].to_pylist()
    yield from _signals(table["safesearch_signals"].to_pylist(), table["url"].to_pylist())
    yield f"{ORDERED}length", [length_bin(size) for size in table["text_bytes"].to_pylist()]
    for one in slices:
        if one.pattern:
            found = _matches(table, one.pattern, searched)
            names = ["matches" if is_match else "others" for is_match in found]
            yield f"{ORDERED}{one.name}", names
        else:
            yield from _by_value(one.name, _values(table, one.column))


def _domain_of(url: str | None) -> tuple[str | None, str | None]:
    """Returns registered domain and top-level domain of a URL; an address has only the first."""
    host = host_of(url or "")
    if not host:
        return None, None
    domain = public_suffixes().registered_domain(host)
    tld = None if is_address(host) or "." not in host else f".{host.rpartition('.')[2]}"
    return domain[:_NAME_CHARACTERS], tld and tld[:_NAME_CHARACTERS]


def _signals(
    signals: Sequence[Sequence[str]], urls: Sequence[str | None]
) -> Iterator[tuple[str, Sequence[str | None]]]:
    """Yields the SafeSearch signals of every document with its host: the first, the second, ..."""
    for number in range(max(map(len, signals), default=0)):
        yield (
            SAFESEARCH,
            [
                f"{found[number]} {host_of(url or '')}"[:_NAME_CHARACTERS].rstrip()
                if number < len(found)
                else None
                for found, url in zip(signals, urls, strict=True)
            ],
        )


def _matches(table: pa.Table, pattern: str, searched: int | None) -> list[bool]:
    """Returns whether a pattern (RE2) is found in the URL or in the beginning of the text."""
    texts = table["text"]
    if searched is not None:
        options = pc.SliceOptions(0, searched)
        texts = pc.call_function("utf8_slice_codeunits", [texts], options)
    looked = pc.MatchSubstringOptions(pattern)
    in_text, in_url = (
        pc.call_function("match_substring_regex", [column], looked).fill_null(False)
        for column in (texts, table["url"])
    )
    found: list[bool] = pc.call_function("or", [in_text, in_url]).to_pylist()
    return found


def _values(table: pa.Table, column: str) -> list[Any]:
    """Returns a column of the table, or what the metadata of each document have of that name."""
    if column in DOCUMENT_SCHEMA.names:
        return table[column].to_pylist()
    return [metadata_of({"metadata": m}).get(column) for m in table["metadata"].to_pylist()]


def _by_value(name: str, values: list[Any]) -> Iterator[tuple[str, Sequence[str | None]]]:
    """Yields the groups of a column: numbers by bins, all else by value."""
    is_number = [isinstance(v, (int, float)) and not isinstance(v, bool) for v in values]
    if any(is_number):
        bins = [number_bin(v) if n else None for v, n in zip(values, is_number, strict=True)]
        yield f"{ORDERED}{name}", bins
    if not all(is_number):
        others = [
            None if n or v is None or v == "" else str(v)[:_NAME_CHARACTERS]
            for v, n in zip(values, is_number, strict=True)
        ]
        if any(other is not None for other in others):
            yield f"{name}, no number" if any(is_number) else name, others


def length_bin(size_bytes: int) -> str:
    """Returns the powers of two that a length in bytes lies between."""
    if not size_bytes:
        return "0"
    exponent = size_bytes.bit_length() - 1
    return f"{1 << exponent:,} to {(2 << exponent) - 1:,}"


def number_bin(number: float) -> str | None:
    """Returns the bin of a number: twentieths from 0 to 1, powers of two above, one below 0."""
    try:
        value = float(number)
    except OverflowError:  # JSON has whole numbers of any length
        value = math.inf if number > 0 else -math.inf
    if math.isnan(value):
        return None
    if value < 0:
        return _NEGATIVE
    if value <= 1:
        step = min(int(value * _STEPS), _STEPS - 1)
        return f"{step / _STEPS:.2f} to {(step + 1) / _STEPS:.2f}"
    if math.isinf(value):
        return _INFINITE
    power = 2.0 ** (math.frexp(value)[1] - 1)
    return f"{power:,g} to {2 * power:,g}"


_NEGATIVE, _INFINITE = "below 0", "infinite"


def bin_order(name: str) -> float:
    """Returns what the names of lengths and numbers are sorted by; all else is equal."""
    if name in (_NEGATIVE, _INFINITE):
        return -1.0 if name == _NEGATIVE else math.inf
    start = name.partition(" ")[0].replace(",", "")
    return float(start) if start[:1].isdigit() else 0.0
