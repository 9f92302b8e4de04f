"""Lines of lists of domains, in the ways that people write them, as entries: host or host/path.

    bad.example                     a domain, which covers its subdomains
    bad.example/path                a URL without scheme: what lies below it
    https://bad.example/            with scheme, user or port: these do not count
    *.bad.example  .bad.example     as the domain
    ||bad.example^  ||x.example^$third-party    ad blockers' filters of a domain
    0.0.0.0 bad.example worse.example           a hosts file's line
    192.0.2.1  [2001:db8::1]        addresses
    # a comment  ! a comment  [Adblock Plus 2.0]

Everything else is no entry: filters with wildcards, exceptions of ad blockers, words.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from massivetext.filters.hosts import ascii_name, is_address, path_of

_COMMENT: Final = re.compile(r"!|\[(?![0-9a-f:.]+\])|#|;|//\s")
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_SCHEME: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//")
_ADBLOCK_END: Final = re.compile(r"\^\|?(?:\$.*)?\Z")


def entries_of(line: str) -> tuple[str, ...] | None:
    """Returns the entries of a line; none for a comment; None if it is not an entry at all."""
    line = line.strip().lower()
    if not line or _COMMENT.match(line):
        return ()
    fields = re.split(r"\s#", line)[0].split()
    if len(fields) > 1:
        return _of_hosts_file(fields)
    entry = _entry(fields[0])
    return None if entry is None else (entry,)


def _of_hosts_file(fields: list[str]) -> tuple[str, ...] | None:
    """Hosts files also name localhost and the like, which are no domains."""
    if not is_address(fields[0]):
        return None
    entries = [_entry(name) for name in fields[1:] if "." in name and not is_address(name)]
    return tuple(entry for entry in entries if entry is not None)


def _entry(text: str) -> str | None:
    if text.startswith("||"):
        text = _ADBLOCK_END.sub("", text[2:])
    text = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
    text = text.removeprefix("*").removeprefix(".") if text.startswith(("*.", ".")) else text
    if text.count(":") > 1 and is_address(text):
        text = f"[{text.strip('[]')}]"
    try:
        host = ascii_name(urlsplit(f"//{text}").hostname or "")
    except ValueError:
        return None
    if not (_HOST.fullmatch(host) or is_address(host)):
        return None
    path = path_of(f"//{text}")
    return f"{host}/{path}" if path else host
