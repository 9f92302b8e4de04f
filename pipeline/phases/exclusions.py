"""Take-downs: what lists name documents by, and which entry of them names a document.

Lists are UTF-8 text with a name a line; empty lines and lines that begin with # are passed over.

    urls         in any spelling that `massivetext explain` understands
    hosts        a host and all hosts below it, in the ways of `filters.list_entries`
    ids          32 hexadecimal digits, as in the column `id`
    source_ids   as in the column `source_id`; UUIDs with or without angle brackets

A line that names nothing is an error, not a line to pass over: what it meant to take down would
stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from massivetext.config import ConfigError
from massivetext.filters.hosts import host_of, is_address
from massivetext.filters.list_entries import entries_of
from massivetext.filters.public_suffixes import public_suffixes
from massivetext.pipeline.phases.document_names import plain_name
from massivetext.visible_text import made_visible

_ID: Final = re.compile(r"[0-9a-f]{32}")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]")

_SHOWN_CHARACTERS: Final = 80
"""Our choice: of a line that names nothing, enough to find it."""


@dataclass(frozen=True)
class Exclusions:
    """What lists name, each entry in its plain form.

    Attributes:
        ids: document ids.
        source_ids: as `plain_name` returns them.
        urls: as `plain_name` returns them.
        hosts: host names in ASCII, and addresses.
    """

    ids: frozenset[str] = frozenset()
    source_ids: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a document that must be read to know whether it is named."""
        asked = {
            "id": self.ids,
            "source_id": self.source_ids,
            "url": self.urls or self.hosts,
        }
        return tuple(name for name, entries in asked.items() if entries)

    def named_by(self, row: Mapping[str, Any]) -> str | None:
        """Returns the kind and the entry that name a document, or None; the narrowest first.

        Args:
            row: has at least `columns`.
        """
        if self.ids and row["id"] in self.ids:
            return f"id {row['id']}"
        if self.source_ids and (name := plain_name(row["source_id"])) in self.source_ids:
            return f"source_id {name}"
        url = row.get("url") or ""
        if self.urls and (name := plain_name(url)) in self.urls:
            return f"url {name}"
        host = next((h for h in _with_parents(host_of(url)) if h in self.hosts), None)
        return None if host is None else f"host {host}"


def _with_parents(host: str) -> Iterator[str]:
    """Yields a host, and all domains that it lies in; nothing lies in an address."""
    yield host
    while "." in host and not is_address(host):
        host = host.partition(".")[2]
        if not is_address(host):
            yield host


def entries(key: str, lines: Iterable[str], file: str) -> Iterator[str]:
    """Yields the entries of a list in their plain form.

    Args:
        key: of the configuration, which says what the list holds: a field of `Exclusions`.
        lines: of the list.
        file: that they are from, for messages.

    Raises:
        ConfigError: if a line names nothing.
    """
    parse = _PARSERS[key]
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            yield from parse(text)
        except ValueError as error:
            shown = made_visible(text, _SHOWN_CHARACTERS)
            raise ConfigError(f"exclude.{key}: {file}, line {number}: {shown!r} {error}") from None


def _id(text: str) -> tuple[str, ...]:
    name = plain_name(text)
    if not _ID.fullmatch(name):
        raise ValueError("is not a document id; expected 32 hexadecimal digits")
    return (name,)


def _source_id(text: str) -> tuple[str, ...]:
    name = plain_name(text)
    if not name:
        raise ValueError("is not a source id")
    return (name,)


def _url(text: str) -> tuple[str, ...]:
    name = plain_name(text)
    if not _URL.match(name):
        raise ValueError("is not a URL; expected it with its scheme, as https://example.org/page")
    return (name,)


def _hosts(text: str) -> tuple[str, ...]:
    found = entries_of(text)
    if found is None:
        raise ValueError("is not a host; expected a name with a dot, as example.org, or an address")
    suffixes = public_suffixes()
    for entry in found:
        if "/" in entry:
            raise ValueError("is a page of a host; pages go into exclude.urls")
        if not is_address(entry) and suffixes.is_suffix(entry):
            raise ValueError(
                "is a public suffix, under which strangers register; name their hosts, or list "
                "its pages in exclude.urls"
            )
    return found


_PARSERS: Final[Mapping[str, Callable[[str], tuple[str, ...]]]] = {
    "ids": _id,
    "source_ids": _source_id,
    "urls": _url,
    "hosts": _hosts,
}
