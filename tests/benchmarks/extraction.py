"""HTML to text: quality and speed beside other extractors, page by page in one process.

    python tests/benchmarks/extraction.py FOLDER [--per-set N] [--fold-weights FOLDER]

FOLDER holds `gold.json` and `html/<name>.html` (see massivetext.pipeline.extraction.training).
Peers run if they can be imported (the environment of extraction_peers.txt): trafilatura,
resiliparse, readability-lxml, justext. Time is CPU time of one core. The weights of the package
have seen most of the pages; for figures on unseen domains give those that the training wrote for
its folds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from massivetext.pipeline.extraction import Engine, extract_text
from massivetext.pipeline.extraction.choice import choose_blocks
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.extract import parse_page
from massivetext.pipeline.extraction.layout import lay_out
from massivetext.pipeline.extraction.training.pages import tokens
from massivetext.pipeline.extraction.weights import Weights, read_weights

Extract = Callable[[bytes], str | None]


@dataclass
class Results:
    """What one extractor did."""

    seconds: list[float] = field(default_factory=list)
    token_f1: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    four_gram_f1: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    empty: int = 0
    errors: int = 0


def peers() -> dict[str, Extract]:
    """The other extractors that are installed."""
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
        import lxml.html
        import readability

        def readability_lxml(page: bytes) -> str:
            summary = readability.Document(page.decode("utf-8", "replace")).summary()
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


def with_fold_weights(folder: Path, domains: dict[bytes, str], engine: Engine) -> Extract:
    """Ours, each page with the weights that have not seen its domain."""
    folds: list[Weights] = [read_weights(str(p)) for p in sorted(folder.glob("*.npz"))]

    def extract(page: bytes) -> str:
        fold = hashlib.sha256(domains[page].encode()).digest()[0] % len(folds)
        tree = parse_page(decode_page(page)[1], engine).tree
        return lay_out(tree, choose_blocks(tree, folds[fold]).keep)

    return extract


def measure(
    extractors: dict[str, Extract], pages: Iterable[tuple[str, bytes, str]]
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
            result.token_f1[collection].append(f1(Counter(words), Counter(gold_tokens)))
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


def main() -> None:
    """Print one table of quality and one of speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--per-set", type=int, default=10**9)
    parser.add_argument("--fold-weights", type=Path)
    arguments = parser.parse_args()
    gold = json.loads((arguments.pages / "gold.json").read_text(encoding="utf-8"))
    names = [name for name in gold if gold[name]["gold"]]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
    taken: Counter[str] = Counter()
    pages, domains = [], {}
    for name in names:
        entry = gold[name]
        taken[entry["set"]] += 1
        if taken[entry["set"]] <= arguments.per_set:
            html = (arguments.pages / "html" / f"{name}.html").read_bytes()
            pages.append((entry["set"], html, entry["gold"]))
            domains[html] = entry["domain"] or name
    extractors: dict[str, Extract] = {
        "massivetext": extract_text,
        "massivetext (lxml)": lambda page: extract_text(page, engine="lxml"),
    }
    if arguments.fold_weights:
        extractors = {
            "massivetext": with_fold_weights(arguments.fold_weights, domains, "raw"),
            "massivetext (lxml)": with_fold_weights(arguments.fold_weights, domains, "lxml"),
        }
    extractors |= peers()
    for extract in extractors.values():
        extract(pages[0][1])  # imports and compiles
    results = measure(extractors, pages)
    sets = sorted({collection for collection, _, _ in pages})
    size_mb = sum(len(page) for _, page, _ in pages) / 1e6
    print(f"{len(pages)} pages, {size_mb:.1f} MB; token F1 by set, macro, 4-gram F1 macro")
    print(f"{'':20s}{' '.join(f'{name[:9]:>9s}' for name in sets)}     MACRO    4-GRAM")
    best = results["massivetext"]
    for name, result in results.items():
        cells = " ".join(f"{np.mean(result.token_f1[s]):9.3f}" for s in sets)
        print(f"{name:20s}{cells} {macro(result.token_f1):9.4f} {macro(result.four_gram_f1):9.4f}")
    print("\ngain of massivetext (95 % interval); speed, one core, CPU time")
    base = sum(results.get("trafilatura", best).seconds)
    for name, result in results.items():
        low, high = interval(best.token_f1, result.token_f1)
        seconds = sorted(result.seconds)
        total = sum(seconds)
        print(
            f"{name:20s} {macro(best.token_f1) - macro(result.token_f1):+.4f} "
            f"({low:+.4f} to {high:+.4f})  {1e3 * total / len(seconds):7.2f} ms/page  "
            f"{size_mb / total:6.1f} MB/s  p99 {1e3 * seconds[int(0.99 * len(seconds))]:7.1f} ms  "
            f"{base / total:5.1f} x trafilatura  empty {result.empty}  errors {result.errors}"
        )


if __name__ == "__main__":
    main()
