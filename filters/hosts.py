"""Hosts of URLs, however a URL is written: without a scheme, in Unicode, with an address."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_WITHOUT_SCHEME: Final = re.compile(r"[\w.-]+\.[\w-]+\.?(?::\d{0,5})?(?:[/?#]|\Z)")
"""A host with a dot, and perhaps a port, as many exports write URLs: `example.com:80/page`."""

_PLAIN: Final = re.compile(
    r"https?://([A-Za-z0-9.-]+)(?::\d{1,5})?(/[!-\"$->@-~]*)?(?:\?([!-\"$-~]*))?(?:#|\Z)"
)
"""Host, path and query of nearly every URL of a crawl; taking one apart so costs a third."""


def ascii_name(host: str) -> str:
    """Returns a host name in lower case and ASCII (IDNA), without a dot at its end.

    An IPv6 address comes back in its one short form, without brackets.
    """
    host = host.strip().strip(".").lower()
    if ":" in host:
        return _short_address(host)
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _short_address(host: str) -> str:
    try:
        return ipaddress.ip_address(host.strip("[]")).compressed
    except ValueError:
        return host


def is_address(host: str) -> bool:
    """Whether a host is an IP address, with or without brackets."""
    if not host or not (host[-1].isdigit() or ":" in host):
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def host_of(url: str) -> str:
    """Returns the host of a URL without user, port and case, or "".

    A URL may lack its scheme: `example.com/page`.
    """
    return split_url(url)[0]


def path_of(url: str) -> str:
    """Returns the path's parts with single slashes between them, and ?query if there is one.

    In lower case, as lists of URLs are; "" for a URL that no parser takes.
    """
    return split_url(url)[1]


def split_url(url: str) -> tuple[str, str]:
    """Returns `host_of` and `path_of` of a URL."""
    if plain := _PLAIN.match(url):
        name, path, query = plain[1], plain[2] or "", plain[3]
    else:
        try:
            parts = urlsplit(_with_authority(url))
            name, path, query = parts.hostname or "", parts.path, parts.query
        except ValueError:
            return "", ""
    path = path.lower().strip("/")
    if "//" in path:
        path = "/".join(part for part in path.split("/") if part)
    return ascii_name(name), f"{path}?{query.lower()}" if query else path


def _with_authority(url: str) -> str:
    """Returns a URL in a form in which a parser finds its host."""
    url = url.strip()
    return f"//{url}" if url.startswith("[") or _WITHOUT_SCHEME.match(url) else url
