import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.decontamination import TestMatcher, build_index, frequent_grams
from massivetext.dedup.testsets import TestItem
from tests.dedup.documents import page
from tests.reference import dedup as reference

TEXTS = st.lists(
    st.lists(st.sampled_from("abc"), max_size=20).map(" ".join), min_size=1, max_size=6
)


def matcher_of(texts, ngram=13, name="set"):
    items = [TestItem(f"item {number}", text) for number, text in enumerate(texts)]
    return TestMatcher(build_index({name: items}, ngram), ngram)


def found(overlaps):
    pairs = zip(overlaps.document.tolist(), overlaps.item.tolist(), strict=True)
    return dict(
        zip(
            pairs,
            zip(overlaps.jaccard.tolist(), overlaps.containment.tolist(), strict=True),
            strict=True,
        )
    )


@given(TEXTS, TEXTS, st.integers(1, 4))
def test_overlaps_are_those_of_the_reference(documents, items, ngram):
    sets = [[reference.shingles(text, ngram) for text in texts] for texts in (documents, items)]
    expected = {
        (d, i): (reference.jaccard(document, item), len(document & item) / len(item))
        for d, document in enumerate(sets[0])
        for i, item in enumerate(sets[1])
        if document & item
    }
    assert found(matcher_of(items, ngram).overlaps(documents)) == expected


def test_the_rule_and_the_threshold_decide():
    passage, other = page(1, 75), page(2, 900)
    matcher = matcher_of([passage, page(3, 300)])
    near = page(3, 300) + " tail"
    overlaps = matcher.overlaps([other + " " + passage, near, other])

    def removed(rule, threshold=0.8):
        return overlaps.document[overlaps.best(rule, threshold)].tolist()

    assert removed("jaccard") == [1]
    assert removed("containment") == removed("both") == [0, 1]
    assert removed("jaccard", 0.999) == []
    assert removed("containment", 1.0) == []


def test_equality_keeps():
    """8 of 10 shingles shared, none besides: Jaccard and containment are exactly 0.8."""
    words = [f"w{n}" for n in range(22)]
    overlaps = matcher_of([" ".join(words)]).overlaps([" ".join(words[:20])])
    assert overlaps.jaccard.tolist() == overlaps.containment.tolist() == [0.8]
    assert not overlaps.best("both", 0.8).size
    assert overlaps.best("both", 0.79).size == 1


def test_the_strongest_item_is_named_and_ties_go_to_the_first():
    text = page(1, 100)
    words = text.split()
    matcher = matcher_of([" ".join(words[:90]), text, text])
    overlaps = matcher.overlaps([text])
    assert overlaps.item[overlaps.best("jaccard", 0.8)].tolist() == [1]
    assert overlaps.item[overlaps.best("containment", 0.8)].tolist() == [1]
    assert overlaps.item[overlaps.best("both", 0.8)].tolist() == [1]


def test_wikitext_matches_the_page_it_was_made_of():
    raw = "In 1,900 the state-of-the-art ship, built at £3.5 million, didn't sail. " * 4
    tokenised = raw.replace(",", " @,@ ", 1).replace("-", " @-@ ").replace("didn't", "didn 't")
    tokenised = tokenised.replace("3.5", "3 @.@ 5").replace(".", " .").replace(" @ . @ ", " @.@ ")
    overlaps = matcher_of([tokenised]).overlaps([raw])
    assert overlaps.jaccard.tolist() == [1.0]


def test_short_items_match_only_documents_that_are_nothing_else():
    matcher = matcher_of(["the quick fox", page(1, 12), ""])
    assert matcher.index.short.tolist() == [True, True, True]
    overlaps = matcher.overlaps(["The quick fox", "the quick, fox!", "see the quick fox run", ""])
    assert found(overlaps) == {(1, 0): (1.0, 1.0)}


def test_nothing_matches_without_test_sets_or_documents():
    empty = TestMatcher(build_index({}, 13), 13)
    assert found(empty.overlaps([page(1)])) == {}
    assert found(matcher_of([page(1)]).overlaps([])) == {}
    assert len(build_index({}, 13)) == 0


def test_index_names_sets_and_items_in_their_order():
    index = build_index(
        {"a": [TestItem("x", "1 2")], "b": [TestItem("y", "1 2"), TestItem("z", "3")]}, 2
    )
    assert (index.sets, index.names) == (("a", "b", "b"), ("x", "y", "z"))
    assert index.postings.tolist() in ([0, 1, 2], [2, 0, 1])
    assert (np.diff(index.grams.astype(object)) > 0).all()


@pytest.mark.shared_data
@pytest.mark.parametrize(("rule", "column"), [("jaccard", 2), ("containment", 3)])
def test_every_planted_item_is_found_and_nothing_else(shared_folder, rule, column):
    """The truth lists all pairs with their exact values; 50,000 documents, 979 items."""
    from tests.dedup.shared import read_jsonl, read_tsv

    folder = shared_folder / "data/dedup/dev"
    documents = list(read_jsonl(folder / "docs.jsonl.zst"))
    items = [TestItem(row["id"], row["text"]) for row in read_jsonl(folder / "test.jsonl.zst")]
    matcher = TestMatcher(build_index({"dev": items}, 13), 13)
    removed = set()
    for first in range(0, len(documents), 1000):
        batch = documents[first : first + 1000]
        overlaps = matcher.overlaps([row["text"] for row in batch])
        chosen = overlaps.document[overlaps.best(rule, 0.8)]
        removed |= {batch[document]["id"] for document in chosen}
    truth = {row[1] for row in read_tsv(folder / "test_pairs.tsv.zst") if float(row[column]) > 0.8}
    assert removed == truth
    assert len(truth) > 300


def test_frequent_grams_are_left_out_of_containment_only():
    boilerplate, passage = page("licence", 60), page("passage", 40)
    item = boilerplate + " " + passage
    matcher = matcher_of([item, boilerplate])
    texts = [page(n, 80) + " " + boilerplate for n in range(150)]
    counts = matcher.document_counts(texts)
    assert sorted(set(counts.tolist())) == [0, 150]
    index = dataclasses.replace(matcher.index, frequent=frequent_grams(counts, 150, 0.001, 100))
    guarded = TestMatcher(index, 13)
    unguarded = found(matcher.overlaps(texts[:1]))
    assert unguarded[0, 1][1] == 1.0
    assert found(guarded.overlaps(texts[:1])) == {
        pair: (jaccard, 0.0) for pair, (jaccard, _) in unguarded.items()
    }
    leaked = guarded.overlaps([page("x", 300) + " " + passage])
    assert leaked.containment.tolist() == [28 / 40]
    assert guarded.overlaps([item]).containment.tolist() == [1.0, 0.0]


def test_a_gram_is_frequent_above_the_share_and_never_in_small_corpora():
    counts = np.array([0, 100, 101, 1000, 1001])
    assert frequent_grams(counts, 50, 0.001, 100).tolist() == [False, False, True, True, True]
    assert frequent_grams(counts, 1_000_000, 0.001, 100).tolist() == [
        False,
        False,
        False,
        False,
        True,
    ]
