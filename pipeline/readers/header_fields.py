"""The fields of a header, as WARC and HTTP write them: `Name: value`, one a line.

The line may end in CR LF or LF. A line that begins with a blank continues the one before; one
without a colon is passed over, as browsers do.
"""

from __future__ import annotations

_BLANKS = (" ", "\t")


def header_fields(head: str) -> list[tuple[str, str]]:
    """Returns names, in lower case, and values, in their order.

    Args:
        head: the header; its first line (a status line, or the version) is none of them.
    """
    fields: list[tuple[str, str]] = []
    lines = iter(head.split("\n"))
    next(lines)
    for line in lines:
        name, colon, value = line.partition(":")
        if line.startswith(_BLANKS):
            if fields and line.strip():
                fields[-1] = fields[-1][0], f"{fields[-1][1]} {line.strip()}"
        elif colon:
            fields.append((name.strip().lower(), value.strip()))
    return fields


def joined_fields(head: str) -> dict[str, str]:
    """Returns values by names, those of one name joined by commas (RFC 9110, 5.3)."""
    joined: dict[str, str] = {}
    for name, value in header_fields(head):
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def first_fields(head: str) -> dict[str, str]:
    """Returns values by names, the first of each name: no field of WARC is a list."""
    return dict(reversed(header_fields(head)))
