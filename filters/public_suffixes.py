"""The public suffix list: under which names strangers register domains of their own."""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass
from functools import lru_cache

from massivetext.content_cache import digest_bytes
from massivetext.filters.hosts import ascii_name, is_address


@dataclass(frozen=True)
class PublicSuffixes:
    """The public suffix list: under which names strangers register domains.

    Attributes:
        names: rules without a wildcard, as ASCII (IDNA).
        wildcards: what stands behind `*.` in the others.
        exceptions: names that a wildcard does not cover.
    """

    names: frozenset[str]
    wildcards: frozenset[str]
    exceptions: frozenset[str]

    def is_suffix(self, domain: str) -> bool:
        """Whether a domain is itself a public suffix; every top-level name is one."""
        if domain in self.exceptions:
            return False
        return (
            domain in self.names or "." not in domain or domain.partition(".")[2] in self.wildcards
        )

    def registered_domain(self, host: str) -> str:
        """Returns the part of a host name that somebody registered; IP addresses as they are.

        A host that is a public suffix itself is returned as it is.
        """
        if is_address(host):
            return host
        candidate = host
        while "." in candidate:
            parent = candidate.partition(".")[2]
            if self.is_suffix(parent):
                return candidate
            candidate = parent
        return host


@lru_cache(maxsize=1)
def public_suffixes() -> PublicSuffixes:
    """Returns the list as the package `tld` carries it, private section included."""
    names: set[str] = set()
    wildcards: set[str] = set()
    exceptions: set[str] = set()
    for line in _content().decode().splitlines():
        rule = line.partition(" ")[0].strip()
        if not rule or rule.startswith("//"):
            continue
        if rule.startswith("!"):
            exceptions.add(ascii_name(rule[1:]))
        elif rule.startswith("*."):
            wildcards.add(ascii_name(rule[2:]))
        else:
            names.add(ascii_name(rule))
    return PublicSuffixes(frozenset(names), frozenset(wildcards), frozenset(exceptions))


def public_suffixes_digest() -> str:
    """Returns a checksum of the list: what is made with another one may be different."""
    return digest_bytes(_content())


def _content() -> bytes:
    file = importlib.resources.files("tld") / "res" / "effective_tld_names.dat.txt"
    return file.read_bytes()
