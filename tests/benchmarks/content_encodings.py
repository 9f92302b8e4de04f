"""How many undeclared encodings are told right, and how fast, beside other detectors.

    python tests/benchmarks/content_encodings.py TEXTS.jsonl [--pages FOLDER]

TEXTS: lines with `text` and `lang` (an ISO 639-1 code); each is made a page and re-encoded to the
encodings of its language. English texts are re-encoded to windows-1252. A page is right if its text
comes out exactly. Detectors that are not installed are left out; peers: content_peers.txt. With
PAGES, a folder of HTML files, it also prints what decoding takes a page of any kind. Everything
runs in turns in this process; a figure is the best of the turns in CPU time.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.pipeline.extraction.charset.decoders import decode  # noqa: E402
from massivetext.pipeline.extraction.charset.labels import encoding_name  # noqa: E402
from massivetext.pipeline.extraction.encoding import decode_page  # noqa: E402
from tests.benchmarks.turns import best_cpu_seconds  # noqa: E402

TURNS = 3

ENCODINGS = {
    "ar": "windows-1256 iso-8859-6",
    "cs": "windows-1250 iso-8859-2",
    "de": "windows-1252 iso-8859-15",
    "el": "windows-1253 iso-8859-7",
    "en": "windows-1252",
    "es": "windows-1252 macintosh",
    "fr": "windows-1252 iso-8859-15",
    "he": "windows-1255 iso-8859-8",
    "ja": "shift_jis euc-jp",
    "ko": "euc-kr",
    "lt": "windows-1257 iso-8859-13",
    "pl": "windows-1250 iso-8859-2",
    "ro": "windows-1250 iso-8859-2",
    "ru": "windows-1251 koi8-r iso-8859-5 ibm866 x-mac-cyrillic",
    "th": "windows-874",
    "tr": "windows-1254",
    "uk": "windows-1251 koi8-u",
    "zh": "gb18030 big5",
}
CODECS = {"windows-874": "cp874", "x-mac-cyrillic": "mac-cyrillic", "macintosh": "mac-roman"}
LEAST_KEPT = 0.9
"""A text of which an encoding cannot hold more is not written in it."""

Detector = Callable[[bytes], str | None]


class Page(NamedTuple):
    html: bytes
    text: str
    language: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--pages", type=Path)
    options = parser.parse_args()
    with options.texts.open(encoding="utf-8") as lines:
        pages = list(make_pages(map(json.loads, lines)))
    if not pages:
        raise SystemExit(f"{options.texts}: no text in a language of {', '.join(ENCODINGS)}")
    print(f"{len(pages):,} pages, {sum(len(p.html) for p in pages) / len(pages):,.0f} bytes each")
    for name, detect in detectors().items():
        report(name, detect, pages)
    if options.pages:
        files = [file.read_bytes() for file in sorted(options.pages.glob("*.html"))]
        taken = best_cpu_seconds({"": lambda: [decode_page(html) for html in files]}, TURNS)[""]
        print(f"decode_page, files of --pages: {taken / len(files) * 1e3:.3f} ms a page")


def make_pages(rows: Iterable[dict[str, str]]) -> Iterable[Page]:
    for row in rows:
        for name in ENCODINGS.get(row["lang"], "").split():
            html = f"<!DOCTYPE html><html><body><div><p>{row['text']}</p></div></body></html>"
            data = html.encode(CODECS.get(name, name), "ignore")
            text = decode(data, name)
            if not data.isascii() and len(text) >= LEAST_KEPT * len(html):
                yield Page(data, text, row["lang"])


def detectors() -> dict[str, Detector]:
    """Returns ours and those of the peers that are installed."""
    found: dict[str, Detector] = {"massivetext": lambda html: decode_page(html)[0]}
    peers: dict[str, tuple[str, Callable[..., Detector]]] = {
        "chardet": ("chardet", lambda m: lambda html: m.detect(html)["encoding"]),
        "cchardet": ("cchardet", lambda m: lambda html: m.detect(html)["encoding"]),
        "charset-normalizer": (
            "charset_normalizer",
            lambda m: lambda html: getattr(m.from_bytes(html).best(), "encoding", None),
        ),
        "resiliparse": ("resiliparse.parse.encoding", lambda m: m.detect_encoding),
    }
    for name, (module, make) in peers.items():
        try:
            found[name] = make(importlib.import_module(module))
        except ImportError:
            print(f"{name}: not installed, left out")
    return found


def report(name: str, detect: Detector, pages: list[Page]) -> None:
    names = [detect(page.html) for page in pages]
    right = [
        decode(page.html, encoding_name(found or "") or "windows-1252") == page.text
        for page, found in zip(pages, names, strict=True)
    ]
    english = [not ok for ok, page in zip(right, pages, strict=True) if page.language == "en"]
    taken = best_cpu_seconds({"": lambda: [detect(page.html) for page in pages]}, TURNS)[""]
    print(
        f"{name:20}{sum(right):6,} right, {sum(english):,} of {len(english):,} English changed, "
        f"{taken / len(pages) * 1e3:8.3f} ms a page"
    )


if __name__ == "__main__":
    main()
