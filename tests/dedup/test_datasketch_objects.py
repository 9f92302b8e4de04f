"""Signatures as objects of datasketch: the same estimates, and an LSH that finds our pairs."""

import pickle

import datasketch
import numpy as np
import pyarrow.parquet as pq
import pytest

from massivetext.dedup import to_datasketch
from massivetext.dedup.minhash import signatures
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import shingle_batch
from tests.dedup.documents import page


def edited(text: str, places: list[int]) -> str:
    words = text.split(" ")
    for place in places:
        words[place % len(words)] = "elsewhere"
    return " ".join(words)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    pages = [page(n, 200 + n) for n in range(15)]
    near = [edited(text, [7 * n + 40 * k for k in range(n % 4)]) for n, text in enumerate(pages)]
    return [*pages, *near, "a few words", ""]


@pytest.mark.parametrize("count", [16, 120, 128])
def test_estimates_are_ours(texts: list[str], count: int) -> None:
    ours = signatures(shingle_batch(split_batch(texts), 13), count)
    theirs = to_datasketch(texts, count=count)
    assert len(theirs) == len(texts)
    for one, left in enumerate(theirs):
        assert left.hashvalues.tolist() == ours[one].tolist()
        for other, right in enumerate(theirs):
            assert left.jaccard(right) == np.mean(ours[one] == ours[other])


def test_an_lsh_of_stored_documents_finds_our_pairs(sample_run) -> None:
    """Of the sample: every near-duplicate that the run has removed, beside its partner."""
    removed = [row for row in table_rows(sample_run, "removed") if "near" in row["reasons"]]
    assert removed
    documents = table_rows(sample_run, "documents")
    hashes = to_datasketch([row["text"] for row in documents])
    lsh = datasketch.MinHashLSH(num_perm=120, params=(20, 6))
    places = [(row["item"], row["row"]) for row in documents]
    for place, minhash in zip(places, hashes, strict=True):
        lsh.insert(place, minhash)
    by_place = dict(zip(places, hashes, strict=True))
    for row in removed:
        found = lsh.query(by_place[row["item"], row["row"]])
        assert (row["partner_item"], row["partner_row"]) in found


def table_rows(output, folder):
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_they_can_be_updated_copied_and_pickled(texts: list[str]) -> None:
    shingles = shingle_batch(split_batch(texts), 13)
    whole, empty = to_datasketch([texts[0], ""])
    for shingle in shingles.of_document(0):
        empty.update(shingle)
    assert empty.hashvalues.tolist() == whole.hashvalues.tolist()
    assert pickle.loads(pickle.dumps(whole)).jaccard(whole) == 1
    assert datasketch.LeanMinHash(whole).jaccard(datasketch.LeanMinHash(empty)) == 1


def test_they_are_not_taken_for_hashes_of_other_permutations(texts: list[str]) -> None:
    (ours,) = to_datasketch(texts[:1])
    with pytest.raises(ValueError, match="different seeds"):
        ours.jaccard(datasketch.MinHash(120))
