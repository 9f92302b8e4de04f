"""The fields of a header, as WARC and HTTP write them: `Name: value`, one a line.

The line may end in CR LF or LF. A line that begins with a blank continues the one before; one
without a colon is passed over, as browsers do.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(1024)  # our choice: names of fields are few in an archive
def _name(written: str) -> str:
    """Returns the name of a field as it is looked up."""
    return written.strip().lower()


def header_end(content: bytes | bytearray, start: int, stop: int) -> tuple[int, int] | None:
    """Returns where the empty line behind a header begins and ends, or None if there is none.

    Args:
        content: the header and what follows it.
        start: where the header begins.
        stop: the empty line ends here at the latest.
    """
    crlf = content.find(b"\n\r\n", start, stop)
    lf = content.find(b"\n\n", start, stop if crlf < 0 else crlf + 1)
    if lf >= 0:
        return lf, lf + 2
    return (crlf, crlf + 3) if crlf >= 0 else None


def joined_fields(head: str) -> dict[str, str]:
    """Returns values by names in lower case, those of one name joined by commas (RFC 9110, 5.3).

    Args:
        head: the header; its first line (a status line, or the version) is no field.
    """
    joined: dict[str, str] = {}
    for line in _lines(head):
        name, colon, value = line.partition(":")
        if colon:
            name = _name(name)
            value = value.strip()
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def first_fields(head: str) -> dict[str, str]:
    """Like `joined_fields`, but with the first value of each name: no field of WARC is a list."""
    first: dict[str, str] = {}
    for line in _lines(head):
        name, colon, value = line.partition(":")
        if colon:
            name = _name(name)
            if name not in first:
                first[name] = value.strip()
    return first


def _lines(head: str) -> list[str]:
    lines = head.split("\n")
    del lines[0]
    return _unfolded(lines) if "\n " in head or "\n\t" in head else lines


def _unfolded(lines: list[str]) -> list[str]:
    """Returns the fields of a header, a line each."""
    fields: list[str] = []
    for line in lines:
        if not line.startswith((" ", "\t")):
            if ":" in line:
                fields.append(line)
        elif fields and line.strip():
            fields[-1] = f"{fields[-1].rstrip()} {line.strip()}"
    return fields
