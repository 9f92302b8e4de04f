"""HTML to text: quality and speed beside other extractors, page by page in one process.

    python tests/benchmarks/extraction.py [FOLDER] [--per-set N] [--fold-weights FOLDER]

FOLDER holds `gold.json` and `html/<name>.html` (see massivetext.pipeline.extraction.training);
without it the pages of the sample are extracted, which have no gold text: speed only. Peers run if
they can be imported (the environment of extraction_peers.txt): trafilatura, resiliparse,
rs-trafilatura, magic-html, readability-lxml, justext. Where `gold.json` tells the types of pages
(articles, forums, products...), the quality of each type is printed as well. Time is CPU time of
one core. The weights of the package have seen most of the pages; for figures on unseen domains give
those that the training wrote for its folds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.pipeline.extraction import extract_text  # noqa: E402
from massivetext.pipeline.extraction.choice.weights import Weights, read_weights  # noqa: E402
from massivetext.pipeline.extraction.encoding import decode_page  # noqa: E402
from massivetext.pipeline.extraction.main_text import lxml_text, raw_text  # noqa: E402
from massivetext.pipeline.extraction.training.pages import tokens  # noqa: E402
from tests.benchmarks.torn import TornPages  # noqa: E402

Extract = Callable[[bytes], str | None]
GoldPage = tuple[str, bytes, str]
"""Set, page, main text."""

UNTYPED = ("", "mixed")
"""Types of pages of which the type is not known."""


@dataclass
class Results:
    """What one extractor did."""

    seconds: list[float] = field(default_factory=list)
    token_f1: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    four_gram_f1: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    token_f1_of_types: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    torn: TornPages = field(default_factory=TornPages)
    empty: int = 0
    errors: int = 0


def peers() -> dict[str, Extract]:
    """The other extractors that are installed."""
    logging.disable(logging.CRITICAL)  # of what they could not read
    found: dict[str, Extract] = {}
    try:
        import trafilatura

        found["trafilatura"] = lambda page: trafilatura.extract(page, include_comments=False)
    except ImportError:
        pass
    try:
        from resiliparse.extract.html2text import extract_plain_text
        from resiliparse.parse.encoding import detect_encoding
        from resiliparse.parse.html import HTMLTree

        def resiliparse(page: bytes) -> str:
            tree = HTMLTree.parse_from_bytes(page, detect_encoding(page) or "utf-8")
            return extract_plain_text(tree, main_content=True, alt_texts=False)

        found["resiliparse"] = resiliparse
    except ImportError:
        pass
    try:
        import rs_trafilatura

        found["rs-trafilatura"] = lambda page: rs_trafilatura.extract_bytes(page).main_content
    except ImportError:
        pass
    try:
        import lxml.html
        from magic_html import GeneralExtractor

        magic = GeneralExtractor()

        def magic_html(page: bytes) -> str:
            html = magic.extract(decode_page(page)[1].decode(), base_url="")["html"]
            return str(lxml.html.fromstring(html).text_content()) if html.strip() else ""

        found["magic-html"] = magic_html
    except ImportError:
        pass
    try:
        import lxml.html
        import readability

        def readability_lxml(page: bytes) -> str:
            summary = readability.Document(page).summary()
            return str(lxml.html.fromstring(summary).text_content())

        found["readability-lxml"] = readability_lxml
    except ImportError:
        pass
    try:
        import justext

        stop_words = justext.get_stoplist("English")

        def justext_english(page: bytes) -> str:
            paragraphs = justext.justext(page, stop_words)
            return "\n".join(p.text for p in paragraphs if not p.is_boilerplate)

        found["justext"] = justext_english
    except ImportError:
        pass
    return found


def f1(found: Counter[Any], gold: Counter[Any]) -> float:
    """F1 of two multisets."""
    common = sum((found & gold).values())
    size = sum(found.values()) + sum(gold.values())
    return 2 * common / size if size else 1.0


def four_grams(words: list[str]) -> Counter[Any]:
    """Multiset of the runs of four tokens, of all tokens where there are fewer."""
    return Counter(zip(*(words[i:] for i in range(min(4, len(words)))), strict=False))


def with_fold_weights(
    folder: Path, domains: dict[bytes, str], text_of: Callable[[bytes, Weights], tuple[str, str]]
) -> Extract:
    """Ours, each page with the weights that have not seen its domain."""
    folds: list[Weights] = [read_weights(str(p)) for p in sorted(folder.glob("*.npz"))]

    def extract(page: bytes) -> str:
        fold = hashlib.sha256(domains[page].encode()).digest()[0] % len(folds)
        return text_of(decode_page(page)[1], folds[fold])[0]

    return extract


def gold_pages(
    folder: Path, per_set: int
) -> tuple[list[GoldPage], dict[bytes, str], dict[bytes, str]]:
    """Pages with a gold text, at most so many a set, in random order; domain and type of each."""
    gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
    names = [name for name in gold if gold[name]["gold"]]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
    taken: Counter[str] = Counter()
    pages, domains, types = [], {}, {}
    for name in names:
        entry = gold[name]
        taken[entry["set"]] += 1
        if taken[entry["set"]] <= per_set:
            html = (folder / "html" / f"{name}.html").read_bytes()
            pages.append((entry["set"], html, entry["gold"]))
            domains[html] = entry["domain"] or name
            types[html] = entry.get("type") or ""
    return pages, domains, types


def sample_pages() -> list[GoldPage]:
    """The web pages of the sample, without gold text."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    pages = []
    for path in sorted((ROOT / "sample/data/massiveweb").glob("pages-*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response):
                html = record.reader.read()
                if b"<" in html[:1000]:
                    pages.append(("sample", html, ""))
    return pages


def measure(
    extractors: dict[str, Extract], pages: Iterable[GoldPage], types: dict[bytes, str]
) -> dict[str, Results]:
    """Run all extractors over `(set, page, gold)`, in an order shuffled for every page."""
    generator = random.Random(0)
    results = {name: Results() for name in extractors}
    for collection, page, gold in pages:
        gold_tokens = tokens(gold)
        names = list(extractors)
        generator.shuffle(names)
        for name in names:
            result = results[name]
            start = time.process_time()
            try:
                text = extractors[name](page) or ""
            except Exception:  # a peer's failure is part of what is measured
                text = ""
                result.errors += 1
            result.seconds.append(time.process_time() - start)
            result.empty += not text
            words = tokens(text)
            token_f1 = f1(Counter(words), Counter(gold_tokens))
            result.token_f1[collection].append(token_f1)
            if types.get(page, "") not in UNTYPED:
                result.token_f1_of_types[types[page]].append(token_f1)
            if gold:
                result.torn.add(decode_page(page)[1], text, gold, token_f1)
            result.four_gram_f1[collection].append(f1(four_grams(words), four_grams(gold_tokens)))
    return results


def macro(scores: dict[str, list[float]]) -> float:
    """Mean of the sets' means."""
    return float(np.mean([np.mean(values) for values in scores.values()]))


def interval(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> tuple[float, float]:
    """Bootstrapped 95 % interval of the macro gain, pages paired and drawn within their sets."""
    generator = np.random.default_rng(0)
    draws = []
    for name, values in ours.items():
        gains = np.array(values) - np.array(theirs[name])
        draws.append(generator.choice(gains, (2000, len(gains))).mean(1))
    low, high = np.quantile(np.mean(draws, 0), [0.025, 0.975])
    return float(low), float(high)


def print_quality(results: dict[str, Results], sets: list[str]) -> None:
    """Token F1 of each set and the macros, and what ours gains."""
    print(f"{'token F1':20s}{' '.join(f'{name[:9]:>9s}' for name in sets)}     MACRO    4-GRAM")
    for name, result in results.items():
        cells = " ".join(f"{np.mean(result.token_f1[s]):9.3f}" for s in sets)
        print(f"{name:20s}{cells} {macro(result.token_f1):9.4f} {macro(result.four_gram_f1):9.4f}")
    ours = results["massivetext"]
    print("\npages with torn tables and lists")
    for name, result in results.items():
        print(f"{name:20s} {result.torn}")
    print("\ngain of massivetext in macro token F1 and 4-gram F1 (95 % interval)")
    for name, result in results.items():
        if result is not ours:
            gains = [
                f"{macro(mine) - macro(theirs):+.4f} ({low:+.4f} to {high:+.4f})"
                for mine, theirs in (
                    (ours.token_f1, result.token_f1),
                    (ours.four_gram_f1, result.four_gram_f1),
                )
                for low, high in [interval(mine, theirs)]
            ]
            print(f"{name:20s} {'   '.join(gains)}")


def print_types(results: dict[str, Results]) -> None:
    """Token F1 by type of page, over all sets that tell types."""
    counts = {name: len(f1s) for name, f1s in results["massivetext"].token_f1_of_types.items()}
    types = sorted(counts, key=lambda name: -counts[name])
    print(f"\n{'token F1 by type':20s}{' '.join(f'{name[:13]:>13s}' for name in types)}")
    print(f"{'pages':20s}{' '.join(f'{counts[name]:13d}' for name in types)}")
    for name, result in results.items():
        cells = " ".join(f"{np.mean(result.token_f1_of_types[t]):13.3f}" for t in types)
        print(f"{name:20s}{cells}")


def print_speed(results: dict[str, Results], size_mb: float) -> None:
    """CPU time of one core, and how many times as fast as trafilatura and resiliparse."""
    print("\nspeed, CPU time of one core")
    for name, result in results.items():
        seconds = sorted(result.seconds)
        total = sum(seconds)
        ratios = "".join(
            f"  {sum(results[peer].seconds) / total:6.2f} x {peer}"
            for peer in ("trafilatura", "resiliparse")
            if peer in results
        )
        print(
            f"{name:20s} {1e3 * total / len(seconds):7.2f} ms/page  {size_mb / total:6.1f} MB/s  "
            f"p99 {1e3 * seconds[int(0.99 * len(seconds))]:7.1f} ms{ratios}  "
            f"empty {result.empty}  errors {result.errors}"
        )


def main() -> None:
    """Print one table of quality and one of speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path, nargs="?")
    parser.add_argument("--per-set", type=int, default=10**9)
    parser.add_argument("--fold-weights", type=Path)
    arguments = parser.parse_args()
    extractors: dict[str, Extract] = {
        "massivetext": extract_text,
        "massivetext (lxml)": lambda page: extract_text(page, extractor="lxml"),
    }
    types: dict[bytes, str] = {}
    if arguments.pages is None:
        pages = sample_pages()
        print("pages of the sample: no gold text, speed only")
    else:
        pages, domains, types = gold_pages(arguments.pages, arguments.per_set)
        if arguments.fold_weights:
            extractors = {
                "massivetext": with_fold_weights(arguments.fold_weights, domains, raw_text),
                "massivetext (lxml)": with_fold_weights(arguments.fold_weights, domains, lxml_text),
            }
        else:
            print("the weights have seen most of these pages: quality is not that of unseen ones")
    extractors |= peers()
    for extract in extractors.values():
        extract(pages[0][1])  # imports and compiles
    results = measure(extractors, pages, types)
    size_mb = sum(len(page) for _, page, _ in pages) / 1e6
    print(f"{len(pages)} pages, {size_mb:.1f} MB")
    if arguments.pages is not None:
        print_quality(results, sorted({collection for collection, _, _ in pages}))
        print_types(results)
    print_speed(results, size_mb)


if __name__ == "__main__":
    main()
