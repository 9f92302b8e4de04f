"""Small dumps of a wiki, made in memory."""

from __future__ import annotations

import bz2
from html import escape

HEAD = b"""<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>enwiki</dbname>
    <base>https://en.wikipedia.org/wiki/Main_Page</base>
    <namespaces>
      <namespace key="0" case="first-letter" />
      <namespace key="10" case="first-letter">Template</namespace>
    </namespaces>
  </siteinfo>
"""
FOOT = b"</mediawiki>\n"


def page(
    title: str, text: str, number: int = 1, namespace: int = 0, extra: str = "", model: str = ""
) -> bytes:
    """A page; `extra` stands before its revision."""
    stated = f"<model>{model}</model>" if model else ""
    return (
        f"  <page><title>{escape(title)}</title><ns>{namespace}</ns><id>{number}</id>{extra}"
        f"<revision><id>{number + 1000}</id><timestamp>2026-01-01T00:00:00Z</timestamp>{stated}"
        f'<text xml:space="preserve">{escape(text)}</text></revision></page>\n'
    ).encode()


def dump(*pages: bytes) -> bytes:
    """A plain dump."""
    return HEAD + b"".join(pages) + FOOT


def multistream(pages: list[bytes], pages_a_stream: int) -> bytes:
    """A dump of bzip2 streams: head, so many pages each, foot."""
    groups = [pages[n : n + pages_a_stream] for n in range(0, len(pages), pages_a_stream)]
    return b"".join(bz2.compress(part) for part in (HEAD, *map(b"".join, groups), FOOT))
