"""The sample run, counted: every handmade document ends where its name says, and nothing else does.

Handmade documents are named by their address (https://example.org/handmade/<name>) or id
(handmade/<name>). Natural documents are counted where they drop out; sample/build.py keeps near
copies out of them, so all removals are handmade but four: three Wikipedia articles that are test
items, and a page that lies in two files.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.filters.rules import RULES

SAMPLE = Path(__file__).parents[2] / "sample"
MEGABYTE = 1_000_000

RECORDS = {
    "massiveweb": {"documents": 509, "failed": 2, "skipped": 10},
    "books": {"documents": 46, "failed": 0, "skipped": 0},
    "c4": {"documents": 284, "failed": 3, "skipped": 0},
    "news": {"documents": 257, "failed": 0, "skipped": 0},
    "github": {"documents": 199, "failed": 0, "skipped": 0},
    "wikipedia": {"documents": 106, "failed": 0, "skipped": 0},
}

SKIPPED = {
    "warcinfo": 3,
    "request": 1,
    "metadata": 1,
    "revisit": 1,
    "scheme dns": 1,
    "image": 1,
    "http status 404": 1,
    "robots.txt": 1,
}

# What becomes of the natural documents. A better extractor or another language model changes these
# counts; nothing else should. Look at some of the pages before writing new ones here.
NATURAL_REJECTED = {
    ("massiveweb", "content"): 21,  # translated pages, pages of symbols, a diagram under one word
    ("massiveweb", "quality"): 59,
    ("massiveweb", "repetition"): 87,  # reference manuals repeat themselves
}
NATURAL_CORPUS = {
    "massiveweb": 297,
    "books": 45,
    "c4": 278,
    "news": 255,
    "github": 197,
    "wikipedia": 103,
}

# Part of the error each file's unreadable records are reported with, in the order of the file.
FAILED = {
    "handmade-damaged.warc.gz": ["damaged gzip member"],
    "handmade-truncated.warc.gz": ["ends within"],
    "handmade.jsonl.gz": ["invalid JSON", "not UTF-8", 'no field "text"'],
}

QUALITY_KEYS = (
    "min_words",
    "max_words",
    "min_mean_word_length",
    "max_mean_word_length",
    "max_hash_to_word_ratio",
    "max_ellipsis_to_word_ratio",
    "max_bullet_line_fraction",
    "max_ellipsis_line_fraction",
    "min_alphabetic_word_fraction",
    "min_stop_words",
)
REPETITION_KEYS = (
    "max_duplicate_line_fraction",
    "max_duplicate_paragraph_fraction",
    "max_duplicate_line_character_fraction",
    "max_duplicate_paragraph_character_fraction",
    *(f"max_top_{n}_gram_character_fraction" for n in (2, 3, 4)),
    *(f"max_duplicate_{n}_gram_character_fraction" for n in (5, 6, 7, 8, 9, 10)),
)

# Name of a rejected handmade document -> its stage and ALL rules that it fails.
REJECTED: dict[str, tuple[str, set[str]]] = {
    **{f"quality/{key}": ("quality", {f"quality.{key}"}) for key in QUALITY_KEYS},
    **{f"repetition/{key}": ("repetition", {f"repetition.{key}"}) for key in REPETITION_KEYS},
    # A copied paragraph is made of copied lines.
    "repetition/max_duplicate_paragraph_character_fraction": (
        "repetition",
        {
            "repetition.max_duplicate_line_character_fraction",
            "repetition.max_duplicate_paragraph_character_fraction",
        },
    ),
    "safesearch/rta-label": ("content", {"safesearch.max_score"}),
    "safesearch/rating-mature": ("content", {"safesearch.max_score"}),
    "safesearch/rating-header": ("content", {"safesearch.max_score"}),
    "language/german": ("content", {"language.keep"}),
    "language/spanish": ("content", {"language.keep", "quality.min_stop_words"}),
    "language/french": ("content", {"language.keep"}),
    "license/gpl-3.0.py": ("content", {"source.licenses"}),
}

# Handmade documents that stay, besides one of each pair of copies.
KEPT = {
    "kept/rating-general",
    "kept/one-word-of-hundred-1",
    "kept/one-word-of-hundred-2",
    "kept/windows-1252",
    "kept/no-paragraph-tags",
    "kept/contains-lambada",
    "kept/before-damage",
    "kept/after-damage",
    "kept/before-truncation",
    "kept/german-comments.py",
}

# Pairs of copies: name without -1 and -2 -> the reason, whether the Jaccard is 1, and the subsets.
COPIES = {
    "dedup/exact": ("exact", True, {"massiveweb"}),
    "dedup/near": ("near", False, {"massiveweb"}),
    # Paragraphs are apart by one line end in the one, by two in the other.
    "dedup/same-words-web-c4": ("near", True, {"massiveweb", "c4"}),
    "dedup/near-web-books": ("near", False, {"massiveweb", "books"}),
    "dedup/near-c4-news": ("near", False, {"c4", "news"}),
}

# A record that pages-00000 and handmade hold both, bytes and record id the same.
RECORD_TWICE = "https://docs.python.org/3.11/about.html"

# Name of a document that is a copy of a test item -> the test set.
TEST_COPIES = {
    "test-set/lambada": "lambada",
    "test-set/lambada-twice": "lambada",
    "test-set/c4": "c4",
    "test-set/curation-corpus": "curation_corpus",
    "https://en.wikipedia.org/wiki/Animalia_(book)": "wikitext103",
    "https://en.wikipedia.org/wiki/Actrius": "wikitext103",
}
# An article that only stands in the list of titles.
TITLE_ONLY = "https://en.wikipedia.org/wiki/International_Atomic_Time"


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    """All rows of the Parquet files of a folder, with the file's path below it."""
    files = sorted((output / folder).rglob("*.parquet"))
    assert files, f"{output / folder} holds no Parquet file"
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def name_of(row: dict[str, Any]) -> str:
    """A handmade document's name; a natural one's address, or id if it has none."""
    place = row["source_id"] if "handmade/" in row["source_id"] else row["url"]
    return place.split("handmade/")[-1] or row["source_id"]


def pair_of(name: str) -> str:
    """The name that the two documents of a pair share."""
    return name.removesuffix("-1").removesuffix("-2")


def is_handmade(row: dict[str, Any]) -> bool:
    return "handmade/" in f"{row['url']} {row['source_id']}"


@pytest.fixture(scope="module")
def documents(sample_run: Path) -> list[dict[str, Any]]:
    return rows(sample_run, "documents")


@pytest.fixture(scope="module")
def rejected(sample_run: Path) -> list[dict[str, Any]]:
    return rows(sample_run, "rejected")


@pytest.fixture(scope="module")
def corpus(sample_run: Path) -> list[dict[str, Any]]:
    return rows(sample_run, "corpus")


@pytest.fixture(scope="module")
def removed(sample_run: Path, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The removed rows, with the name of the document and of its partner."""
    names = {row["id"]: name_of(row) for row in documents}
    return [
        row | {"name": names[row["id"]], "partner": names.get(row["partner_id"])}
        for row in rows(sample_run, "removed")
    ]


def test_records_of_every_subset(sample_run: Path) -> None:
    found = {
        subset: {
            "documents": ledger["kept"] + ledger["rejected"],
            "failed": ledger["failed"],
            "skipped": ledger["skipped"],
        }
        for subset, ledger in subset_ledgers(sample_run).items()
    }
    assert found == RECORDS


def test_ledger_balances_with_the_files(
    sample_run: Path,
    documents: list[dict[str, Any]],
    rejected: list[dict[str, Any]],
    removed: list[dict[str, Any]],
    corpus: list[dict[str, Any]],
) -> None:
    ledgers = subset_ledgers(sample_run).values()
    assert sum(ledger["kept"] for ledger in ledgers) == len(documents)
    assert sum(ledger["rejected"] for ledger in ledgers) == len(rejected)
    assert len(documents) == len(corpus) + len(removed)


def subset_ledgers(output: Path) -> dict[str, Counter[str]]:
    """Records by what became of them, for every subset, from the manifest of CURATE."""
    manifest = json.loads((output / "phases/curate/manifest.json").read_text())
    ledgers: dict[str, Counter[str]] = {}
    for name, result in manifest["items"].items():
        ledgers.setdefault(name.split("/")[0], Counter()).update(result["ledger"])
    return ledgers


def test_skipped_records_by_kind(sample_run: Path) -> None:
    manifest = json.loads((sample_run / "phases/curate/manifest.json").read_text())
    skipped = {subset: found["skipped"] for subset, found in manifest["findings"].items()}
    assert skipped.pop("massiveweb") == SKIPPED
    assert not any(skipped.values())


def test_failed_records(sample_run: Path) -> None:
    failed = rows(sample_run, "failed")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(failed, key=lambda row: (row["file"], row["offset"])):
        found.setdefault(Path(row["file"]).name, []).append(row)
    assert {file: len(errors) for file, errors in found.items()} == {
        file: len(errors) for file, errors in FAILED.items()
    }
    for file, errors in FAILED.items():
        for row, error in zip(found[file], errors, strict=True):
            assert error in row["error"]


def test_natural_documents_by_stage(
    rejected: list[dict[str, Any]], corpus: list[dict[str, Any]]
) -> None:
    dropped = Counter((row["subset"], row["stage"]) for row in rejected if not is_handmade(row))
    assert dropped == NATURAL_REJECTED
    assert Counter(row["subset"] for row in corpus if not is_handmade(row)) == NATURAL_CORPUS


def test_funnel_says_what_the_files_hold(
    sample_run: Path, rejected: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    stages = Counter((row["subset"], row["stage"]) for row in rejected)
    firsts = Counter((row["subset"], row["reasons"][0]) for row in removed)
    rules = Counter((row["subset"], rule) for row in rejected for rule in row["reasons"])
    found = funnel["subsets"].items()
    assert stages == Counter(
        {(subset, stage): n for subset, row in found for stage, n in row["rejected"].items()}
    )
    assert firsts == Counter(
        {(subset, reason): n for subset, row in found for reason, n in row["removed"].items()}
    )
    assert rules == Counter(
        {
            (subset, rule): n
            for rule, counts in funnel["rules"].items()
            for subset, n in counts["failed"].items()
        }
    )


def test_report_says_what_safesearch_looked_at_and_what_it_and_publishers_said(
    sample_run: Path, documents: list[dict[str, Any]], rejected: list[dict[str, Any]]
) -> None:
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    everything = [*documents, *rejected]
    signals = Counter(name for row in everything for name in row["safesearch_signals"])
    opt_outs = Counter(name for row in everything for name in row["opt_out_signals"])
    web = sum(row["subset"] == "massiveweb" for row in everything)
    assert funnel["safesearch"] == {"sources": {"self-labels": web}, "signals": signals}
    assert funnel["opt_outs"] == opt_outs
    assert signals
    report = (sample_run / "report/index.html").read_text()
    assert all(name in report for name in ("self-labels", *signals, *opt_outs))


def test_every_rule_of_the_paper_has_a_document() -> None:
    covered = set().union(*(reasons for _, reasons in REJECTED.values()))
    # Rules of our own keep every document by default, but for a source's list of licences.
    of_the_paper = {name for name, rule in RULES.items() if rule.is_of_the_paper}
    assert of_the_paper | {"source.licenses"} == covered


def test_rejected_handmade_documents(rejected: list[dict[str, Any]]) -> None:
    found = [row for row in rejected if is_handmade(row)]
    assert {name_of(row): (row["stage"], set(row["reasons"])) for row in found} == REJECTED
    assert len(found) == len(REJECTED)


def test_kept_handmade_documents(corpus: list[dict[str, Any]]) -> None:
    found = Counter(pair_of(name_of(row)) for row in corpus if is_handmade(row))
    assert found == Counter(map(pair_of, KEPT)) + Counter(list(COPIES))


def test_one_of_each_pair_of_copies_is_removed(removed: list[dict[str, Any]]) -> None:
    for pair, (reason, is_one, subsets) in COPIES.items():
        [row] = [row for row in removed if pair_of(row["name"]) == pair]
        assert row["reasons"] == [reason]
        assert pair_of(row["partner"]) == pair
        assert row["subset"] in subsets
        assert 0.8 < row["jaccard"] <= 1.0
        assert (row["jaccard"] == 1.0) == is_one
        assert row["test_set"] is None


def test_a_record_that_two_files_hold_is_removed_once(
    removed: list[dict[str, Any]], corpus: list[dict[str, Any]]
) -> None:
    [row] = [row for row in removed if row["name"] == RECORD_TWICE]
    assert row["reasons"] == ["exact"]
    assert row["partner_id"] == row["id"]
    assert sum(row["url"] == RECORD_TWICE for row in corpus) == 1


def test_copies_of_test_items_are_removed(removed: list[dict[str, Any]]) -> None:
    found = Counter(
        (pair_of(row["name"]), row["test_set"], row["test_jaccard"] > 0.8)
        for row in removed
        if row["test_set"] and row["name"] != TITLE_ONLY
    )
    expected = Counter((name, test_set, True) for name, test_set in TEST_COPIES.items())
    # Two copies of one passage: both are copies of the test item, one also of the other.
    assert found == expected + Counter([("test-set/lambada-twice", "lambada", True)])


def test_duplicates_are_decided_before_test_sets(removed: list[dict[str, Any]]) -> None:
    reasons = [
        row["reasons"] for row in removed if row["name"].startswith("test-set/lambada-twice")
    ]
    assert sorted(reasons) == [["exact", "test_set"], ["test_set"]]


def test_article_on_the_title_list_is_removed(removed: list[dict[str, Any]]) -> None:
    [row] = [row for row in removed if row["name"] == TITLE_ONLY]
    assert row["reasons"] == ["test_set"]


def test_nothing_else_is_removed(removed: list[dict[str, Any]]) -> None:
    expected = {*COPIES, *TEST_COPIES, RECORD_TWICE, TITLE_ONLY}
    assert {pair_of(row["name"]) for row in removed} == expected
    assert len(removed) == len(expected) + 1  # the second lambada-twice


def test_pages_of_unusual_form_keep_their_text(corpus: list[dict[str, Any]]) -> None:
    texts = {name_of(row): row["text"] for row in corpus if is_handmade(row)}
    assert "“Voilà,” she said: “a naïve résumé – £5.”" in texts["kept/windows-1252"]
    assert len(texts["kept/no-paragraph-tags"].split()) > 120


def test_sample_is_small_and_every_folder_has_its_licence() -> None:
    files = [
        file for file in SAMPLE.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]
    assert sum(file.stat().st_size for file in files) < 5 * MEGABYTE
    licences = (SAMPLE / "LICENCES.md").read_text(encoding="utf-8")
    for file in (SAMPLE / "data").rglob("*.*"):
        assert f"`data/{file.parent.name}/{file.name.split('.')[0].split('-')[0]}" in licences or (
            file.name.startswith("handmade") and "`data/*/handmade*`" in licences
        ), f"LICENCES.md does not name {file}"
    for package in (SAMPLE / "licences").iterdir():
        assert f"`{package.stem}`" in licences
