"""What it costs to compare with a bucket's heads only: recall for several bounds.

    python tests/benchmarks/dedup_heads.py CORPUS

CORPUS as for dedup.py; beside it chains and a star of 1,000 documents (dedup_adversarial.py). A
pair counts as found if one of it goes; for the last column the bound is larger than any bucket.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.dedup.exact import exact_removals, group_records  # noqa: E402
from massivetext.dedup.jaccard import DocumentSets  # noqa: E402
from massivetext.dedup.keys import KeySettings, document_keys  # noqa: E402
from massivetext.dedup.pairs import band_records, candidate_pairs  # noqa: E402
from massivetext.dedup.removal import best_verified_pairs  # noqa: E402
from massivetext.dedup.shingles import shingle_sets  # noqa: E402
from tests.benchmarks.dedup import BATCH, NGRAM, Corpus  # noqa: E402
from tests.benchmarks.dedup_adversarial import chains, star  # noqa: E402
from tests.benchmarks.dedup_corpus import shingles, similar_pairs  # noqa: E402

BOUNDS = (4, 8, 16, 32, 64, 10**6)
THRESHOLD, DOCUMENTS = 0.8, 1000


def known(texts: list[str]) -> Corpus:
    """A corpus of texts whose pairs are found here."""
    ids = [f"{number:032x}" for number in range(len(texts))]
    pairs = similar_pairs([shingles(text) for text in texts])
    return Corpus(ids, texts, [(ids[i], ids[j]) for i, j, _ in pairs])


def recalls(corpus: Corpus) -> Iterator[tuple[float, int]]:
    """Yields recall and number of candidate pairs for each bound."""
    batches = range(0, len(corpus.ids), BATCH)
    keys = np.concatenate(
        [
            document_keys(corpus.texts[n : n + BATCH], corpus.ids[n : n + BATCH], "", KeySettings())
            for n in batches
        ]
    )
    sets = shingle_sets(corpus.texts, NGRAM)
    documents = DocumentSets(np.arange(len(corpus.ids), dtype=np.uint64), sets)
    exact = exact_removals(group_records(keys, documents.addresses))["address"]
    stays = ~np.isin(documents.addresses, exact)
    records = band_records(keys[stays], documents.addresses[stays])
    for bound in BOUNDS:
        pairs = candidate_pairs(records, THRESHOLD, top=bound)
        near = best_verified_pairs(pairs, documents, documents, THRESHOLD)["lower"]
        removed = {corpus.ids[n] for n in np.concatenate([exact, near])}
        found = sum(one in removed or other in removed for one, other in corpus.pairs)
        yield found / len(corpus.pairs), pairs.size


def main() -> None:
    corpora = {
        sys.argv[1]: Corpus.read(Path(sys.argv[1])),
        "four chains": known(chains(DOCUMENTS, DOCUMENTS // 4)),
        "star": known(star(DOCUMENTS)),
    }
    print("| recall (candidate pairs) |" + "".join(f" {bound:,} |" for bound in BOUNDS))
    print("|---|" + "---|" * len(BOUNDS))
    for name, corpus in corpora.items():
        cells = [f" {recall:.6f} ({pairs:,}) |" for recall, pairs in recalls(corpus)]
        print(f"| {name}, {len(corpus.pairs):,} pairs |" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
