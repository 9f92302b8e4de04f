"""Wikitext to text beside mwparserfromhell: speed, markup rests, words kept, in one run.

    pip install mwparserfromhell
    pip download --no-deps gensim && unzip gensim-*.whl 'gensim/test/test_data/*wiki*'
    python -m tests.benchmarks.wikitext gensim/test/test_data/enwiki-latest-pages-articles1*.bz2

The peer's text is that of RETRO (arXiv 2112.04426): sections of the list dropped, `ref`, tables and
files removed, `strip_code`. A rest is a line with `[[`, `]]`, `{{`, `}}`, `thumb|`, `|right|`,
`<ref`, `__TOC__` or `''`.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

from massivetext.pipeline.extraction.wikitext import article_text
from massivetext.pipeline.readers import ReadContext, read_file
from massivetext.records import RawRecord

ROUNDS: Final = 3
"""Of which the fastest counts, the two in turns."""

RESTS: Final = re.compile(r"\[\[|\]\]|\{\{|\}\}|thumb\||\|right\||<ref|__TOC__|''")

DROPPED: Final = re.compile(
    r"(references|external links|sources|further reading|see also|citations|notes?)$", re.IGNORECASE
)


def articles(file: str) -> list[RawRecord]:
    """Returns the articles of a dump."""
    with Path(file).open("rb") as stream:
        records = list(read_file("wikipedia", stream, ReadContext(file)))
    return [record for record in records if isinstance(record, RawRecord)]


def peer_text(wikitext: str) -> str:
    """Returns what mwparserfromhell makes of a page, as it stands."""
    import mwparserfromhell

    return str(mwparserfromhell.parse(wikitext).strip_code())


def peer_prose(wikitext: str) -> str:
    """Returns the peer's text without tables, captions, references and dropped sections."""
    import mwparserfromhell

    parts = []
    for section in mwparserfromhell.parse(wikitext).get_sections(flat=True):
        headings = section.filter_headings()
        if headings and DROPPED.match(headings[0].title.strip_code().strip()):
            continue
        for node in section.filter(
            matches=lambda n: (
                str(getattr(n, "tag", "")).lower() in ("ref", "table", "gallery")
                or str(getattr(n, "title", "")).lower().startswith(("file:", "image:", "category:"))
            )
        ):
            if section.contains(node):
                section.remove(node)
        parts.append(str(section.strip_code()))
    return "\n".join(parts)


def share_of_lines_with_rests(texts: list[str]) -> tuple[int, int]:
    """Returns the lines with a rest, and all lines that are not blank."""
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    return sum(bool(RESTS.search(line)) for line in lines), len(lines)


def words_kept(ours: str, theirs: str) -> tuple[int, int]:
    """Returns how many of the peer's words our text has too, as a bag, and how many it has."""
    have, wanted = (Counter(re.findall(r"\w+", text)) for text in (ours, theirs))
    return sum((have & wanted).values()), sum(wanted.values())


def main(file: str) -> None:
    """Prints the figures."""
    pages = articles(file)
    size = sum(len(page.raw) for page in pages)
    best = {"ours": float("inf"), "peer": float("inf")}
    ours: list[str] = []
    theirs: list[str] = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        ours = [article_text(page.raw, page.title) for page in pages]
        middle = time.process_time()
        theirs = [peer_text(page.raw.decode()) for page in pages]
        end = time.process_time()
        best = {
            "ours": min(best["ours"], middle - begin),
            "peer": min(best["peer"], end - middle),
        }
    for name, texts in (("ours", ours), ("peer", theirs)):
        rests, lines = share_of_lines_with_rests(texts)
        speed = size / best[name] / 1e6
        print(f"{name}: {best[name]:.2f} s, {speed:.1f} MB/s; rests in {rests} of {lines} lines")
    print(f"{best['peer'] / best['ours']:.1f} times as fast on {len(pages)} pages, {size} bytes")
    kept = [words_kept(t, peer_prose(p.raw.decode())) for t, p in zip(ours, pages, strict=True)]
    print(
        f"{100 * sum(k for k, _ in kept) / sum(w for _, w in kept):.2f} % of the peer's words kept"
    )


if __name__ == "__main__":
    main(sys.argv[1])
