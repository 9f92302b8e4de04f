import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.in_memory import find_removals
from massivetext.dedup.keys import COUNT_BITS, KeySettings, document_keys
from massivetext.dedup.removal import VERIFIED, merge_removals
from massivetext.dedup.removal_rules import cluster_removals, greedy_removals, pairwise_removals
from massivetext.dedup.shingles import shingle_sets
from massivetext.records import REMOVAL_SCHEMA
from tests.dedup.documents import corpus, edited, order_of, page, removals_of
from tests.reference import dedup as reference

MANY_BANDS = KeySettings(bands=120, rows=1)
"""Every pair above 0.8 is a candidate: the reference knows no bands."""

GRAPHS = st.tuples(
    st.permutations(range(12)),
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1])),
)


def verified(graph):
    order, edges = graph
    place = {document: position for position, document in enumerate(order)}
    rows = []
    for pair in sorted(edges):
        partner, lower = sorted(pair, key=place.__getitem__)
        ranks = place[lower] << COUNT_BITS, place[partner] << COUNT_BITS
        rows.append((lower, ranks[0], partner, ranks[1], 0.81 + sum(pair) / 200))
    return np.array(rows, VERIFIED)


@pytest.mark.parametrize("seed", range(4))
def test_pairwise_is_the_reference(seed):
    texts = corpus(seed)
    expected = reference.removals(texts, order_of(texts))
    assert len(expected) > 10
    assert removals_of(texts, MANY_BANDS) == expected


def test_default_bands_find_the_same_in_a_small_corpus():
    texts = corpus(1, families=40)
    assert removals_of(texts) == reference.removals(texts, order_of(texts))


@given(GRAPHS)
def test_rules_on_pairs_are_those_of_the_reference(graph):
    order, edges = graph
    pairs = {pair: 0.9 for pair in edges}
    found = verified(graph)
    losers = {max(pair, key=order.index) for pair in edges}
    assert set(pairwise_removals(found)["address"].tolist()) == losers
    assert set(greedy_removals(found)["address"].tolist()) == reference.greedy(pairs, order)
    assert set(cluster_removals(found)["address"].tolist()) == reference.components(pairs, order)


@given(GRAPHS)
def test_every_removal_names_a_direct_partner_with_their_jaccard(graph):
    _order, edges = graph
    for rule in (pairwise_removals, greedy_removals, cluster_removals):
        for row in rule(verified(graph)):
            pair = tuple(sorted((int(row["address"]), int(row["partner"]))))
            assert pair in edges
            assert row["jaccard"] == 0.81 + sum(pair) / 200


@given(GRAPHS)
def test_greedy_partners_are_kept_and_pairwise_leaves_no_pair(graph):
    greedy = greedy_removals(verified(graph))
    assert not set(greedy["address"].tolist()) & set(greedy["partner"].tolist())
    kept = set(range(12)) - set(pairwise_removals(verified(graph))["address"].tolist())
    assert not any(one in kept and other in kept for one, other in graph[1])


@pytest.mark.parametrize("rule", ["pairwise", "greedy", "cluster"])
def test_order_of_the_documents_does_not_matter(rule):
    texts = list(dict.fromkeys(corpus(5, families=20)))  # two equal ids would go by address
    found = removals_of(texts, rule=rule)
    shuffled = list(range(len(texts)))
    random.Random(0).shuffle(shuffled)
    again = removals_of([texts[number] for number in shuffled], rule=rule)
    assert {shuffled[a]: (r, shuffled[p], j) for a, (r, p, j) in again.items()} == found
    assert len(found) > 10


def test_copies_of_one_record_keep_the_first():
    text = page(1)
    keys = document_keys([text] * 3, ["same"] * 3, "web", KeySettings())
    found = find_removals(keys, np.arange(3, dtype=np.uint64), lambda _: shingle_sets([], 13))
    assert found["address"].tolist() == [1, 2]
    assert found["partner"].tolist() == [0, 0]


def test_many_copies_with_one_word_changed_keep_one():
    """A giant cluster in which all 13-gram sets differ: one survivor, each partner verified."""
    base = page(7, 400)
    texts = [base, *(edited(base, number) for number in range(1500))]
    found = removals_of(texts)
    assert len(found) == 1500
    sets = [reference.shingles(text) for text in texts]
    for document, (reason, partner, jaccard) in list(found.items())[:200]:
        assert reason == "near"
        assert jaccard == reference.jaccard(sets[document], sets[partner]) > 0.8


def test_documents_without_words_are_nobodys_duplicates():
    assert removals_of(["", "-", "", "!", " ", "-", "?", "word", "word"]).keys() <= {7, 8}


@pytest.mark.parametrize("words", [1, 12, 13, 14])
def test_short_documents_are_duplicates_only_if_equal(words):
    text = page(1, words)
    texts = [text, text.upper() if words == 1 else edited(text, 3), text + ".", text]
    assert len(removals_of(texts)) == 2
    assert {reason for reason, _, _ in removals_of(texts).values()} <= {"exact", "near"}


def test_specification_section_8():
    words = [f"w{number}" for number in range(300)]
    long, short = " ".join(words), " ".join(words[:100])
    texts = [
        long,
        long.replace("w150 ", "x "),
        short,
        short.replace("w50 ", "x "),
        long.replace(" ", " -\n"),
    ]
    found = removals_of(texts)
    assert len(found) == 2
    assert not {2, 3} & set(found)
    assert {jaccard for _, _, jaccard in found.values()} <= {1.0, 275 / 301}


def row(number, reasons, **stated):
    empty = dict.fromkeys(REMOVAL_SCHEMA.names)
    return {
        **empty,
        "row": number,
        "id": f"{number:032x}",
        "source_id": "s",
        "subset": "web",
        "reasons": reasons,
        **stated,
    }


def test_merged_removals_state_both_reasons_once_a_row():
    near = [row(3, ["near"], partner_id="p", jaccard=0.9), row(7, ["exact"], jaccard=1.0)]
    test = [row(1, ["test_set"], test_set="c4"), row(7, ["test_set"], test_item="i")]
    merged = merge_removals(*(pa.Table.from_pylist(rows, REMOVAL_SCHEMA) for rows in (near, test)))
    assert merged.schema == REMOVAL_SCHEMA
    assert merged.to_pylist() == [
        test[0],
        near[0],
        {**near[1], "reasons": ["exact", "test_set"], "test_item": "i"},
    ]


def test_nothing_merges_with_nothing():
    empty = REMOVAL_SCHEMA.empty_table()
    assert merge_removals(empty, empty).equals(empty)


def test_a_document_of_10_mb_and_its_edit():
    book = " ".join(f"w{number * 7919 % 1_000_003}" for number in range(1_300_000))
    texts = [page(1), book, book.replace(" w7919 ", " other ", 1), page(2)]
    assert len(book) > 9_000_000
    found = removals_of(texts)
    assert len(found) == 1
    (document, (reason, partner, jaccard)) = found.popitem()
    assert {document, partner} == {1, 2}
    assert (reason, jaccard > 0.9999) == ("near", True)


def test_ten_thousand_empty_documents_never_meet_in_a_bucket():
    assert removals_of([page(1), *["", "-"] * 5000, page(1)]).keys() <= {0, 10_001}
