"""Duplicates among documents of one's own are those of the pure functions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest

from massivetext.config import Config, Dedup
from massivetext.dedup.in_memory import find_removals
from massivetext.dedup.keys import document_keys
from massivetext.dedup.removal import KIND_NAMES
from massivetext.dedup.shingles import shingle_sets
from massivetext.pipeline.phases.dedup.phase import key_settings
from massivetext.pipeline.transforms.deduplication import Deduplicate, marked_copies
from massivetext.pipeline.transforms.documents import Document
from massivetext.pipeline.transforms.duplicates import document_address
from tests.dedup.documents import corpus
from tests.pipeline.transforms.collecting import collect

DOCUMENTS = [Document(f"d{n:04d}", text) for n, text in enumerate(corpus(3))]


def deduplicated(folder: Path, documents: list[Document], config: Config, parts: int) -> Any:
    create = beam.Create(documents, reshuffle=False)
    return collect(folder, create, Deduplicate(config, partitions=parts))


def expected(documents: list[Document], config: Config) -> list[tuple[Any, ...]]:
    """What the whole corpus in memory gives."""
    ordered = sorted(documents, key=document_address)
    addresses = np.array([document_address(document) for document in ordered], np.uint64)
    texts, ids = [d.text for d in ordered], [d.id for d in ordered]
    keys = document_keys(texts, ids, "", key_settings(config))

    def sets_of(chosen: Any) -> Any:
        return shingle_sets([texts[n] for n in chosen], config.dedup.ngram, config.dedup.fold_case)

    removals = find_removals(keys, addresses, sets_of, config.dedup.threshold, config.dedup.rule)
    by_address = dict(zip(addresses.tolist(), ids, strict=True))
    return sorted(
        (by_address[r["address"]], KIND_NAMES[r["kind"]], by_address[r["partner"]], r["jaccard"])
        for r in removals
    )


@pytest.mark.parametrize(("rule", "parts"), [("pairwise", 1), ("pairwise", 7), ("cluster", 4)])
def test_duplicates_are_those_of_the_pure_functions(tmp_path: Path, rule: Any, parts: int) -> None:
    config = Config(seed=5, dedup=Dedup(rule=rule))
    found = deduplicated(tmp_path, DOCUMENTS, config, parts)
    assert sorted(d.id for d in found) == [d.id for d in DOCUMENTS]
    removed = sorted((d.id, *d.reasons, d.partner_id, d.jaccard) for d in found if not d.is_kept)
    assert removed == expected(DOCUMENTS, config)
    assert len(removed) > 10
    assert {kind for _, kind, _, _ in removed} == {"exact", "near"}


def test_copies_rejected_ones_and_texts_without_words(tmp_path: Path) -> None:
    text = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
    copy = Document("a", text, url="b")
    rejected = Document("r", text, reasons=("quality.min_words",), stage="quality")
    empty = [Document("e", "..."), Document("e", "...")]
    found = deduplicated(tmp_path, [copy, replace(copy, url="a"), rejected, *empty], Config(), 2)
    assert sorted((d.id, d.url, d.reasons, d.partner_id) for d in found) == [
        ("a", "a", (), ""),
        ("a", "b", ("exact",), "a"),
        ("e", "", (), ""),
        ("e", "", (), ""),
        ("r", "", ("quality.min_words",), ""),
    ]


def test_a_copy_of_a_removed_document_names_the_one_of_its_own_text() -> None:
    first, second = Document("a", "x", url="1"), Document("a", "x", url="2")
    near = list(marked_copies([second, first], (1, 0.9, "b")))
    assert [(d.url, d.reasons, d.partner_id, d.jaccard) for d in near] == [
        ("1", ("near",), "b", 0.9),
        ("2", ("exact",), "a", 1.0),
    ]
    exact = list(marked_copies([second, first], (0, 1.0, "b")))
    assert [(d.url, d.partner_id) for d in exact] == [("1", "b"), ("2", "b")]


def test_two_documents_of_one_address_are_refused() -> None:
    with pytest.raises(ValueError, match="a and b have the same 63-bit address"):
        list(marked_copies([Document("b", "x"), Document("a", "x")], None))


def test_partitions_are_a_positive_number() -> None:
    with pytest.raises(ValueError, match="partitions = 0; expected a positive integer"):
        Deduplicate(partitions=0)
