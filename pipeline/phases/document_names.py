"""What a record can be called when somebody asks for it: its id, its source id, its URL.

A name is compared in one form, however it is written: without the angle brackets and in the case
that WARC files give and people do not, with or without the slash at its end.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

NAME_COLUMNS: Final = ("id", "source_id", "url")
"""The columns that hold names."""

_ANY_CASE: Final = re.compile(r"[0-9A-Fa-f]{32}|urn:uuid:[0-9A-Fa-f-]{36}", re.IGNORECASE)
"""Document ids, and UUIDs as URNs (RFC 9562): hexadecimal digits in any case."""

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443", "ftp": ":21"}


def plain_name(name: str) -> str:
    """Returns the one form of a name; "" if it names nothing.

    Of a URL: scheme and host in lower case, no default port (RFC 3986, 6.2.2.1 and 6.2.3), and no
    slash at the end of its path, which is our choice.
    """
    name = name.strip()
    if name.startswith("<") and name.endswith(">"):
        name = name[1:-1].strip()
    if _ANY_CASE.fullmatch(name):
        return name.lower()
    return _plain_url(name) if _URL.match(name) else name


def _plain_url(url: str) -> str:
    try:
        scheme, place, path, query, fragment = urlsplit(url)
    except ValueError:  # a URL that no parser takes
        return url
    user, at, host = place.rpartition("@")
    host = host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))
    return urlunsplit((scheme, f"{user}{at}{host}", path.rstrip("/"), query, fragment))
