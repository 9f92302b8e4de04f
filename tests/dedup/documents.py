"""Small corpora full of duplicates, for the tests of this room."""

import random
import zlib
from collections import Counter

import numpy as np
from hypothesis import strategies as st

from massivetext.dedup.in_memory import find_removals
from massivetext.dedup.keys import KeySettings, document_keys, precedences
from massivetext.dedup.removal import KIND_NAMES
from massivetext.dedup.shingles import shingle_sets

DEFAULTS = KeySettings()

VOCABULARY = [f"w{number}" for number in range(400)]


def page(seed, words=60):
    """A text of so many random words."""
    return " ".join(random.Random(seed).choices(VOCABULARY, k=words))


def edited(text, seed, edits=1):
    """The text with some words exchanged."""
    draw = random.Random(seed)
    words = text.split(" ")
    for _ in range(edits):
        words[draw.randrange(len(words))] = f"new{draw.random()}"
    return " ".join(words)


def corpus(seed=0, families=12):
    """Pages of 5 to 200 words with copies, respaced copies, edits, chains, and wordless texts."""
    draw = random.Random(seed)
    texts = ["", "", " - ", "***", "***", "!"]
    for family in range(families):
        base = page(f"{seed} {family}", draw.choice([5, 12, 13, 14, 60, 120, 200]))
        texts += [base] * draw.choice([1, 1, 2, 3])
        texts += [base.replace(" ", ",\n", 2)] * draw.choice([0, 1, 2])
        texts += [edited(base, f"{seed} {family} {n}") for n in range(draw.choice([0, 2, 5]))]
        link = base
        for step in range(draw.choice([0, 4])):
            link = edited(link, f"{seed} {family} chain {step}")
            texts.append(link)
    draw.shuffle(texts)
    return texts


UNICODE_TEXTS = st.lists(
    st.text(
        st.one_of(
            st.sampled_from("ab 1_-'éｅ́²½ǅß\u0301\u0d3f٣中\n\t𝟘🙂"),
            st.characters(),
        ),
        max_size=60,
    ),
    max_size=8,
)
"""Batches of texts with combining marks, digits of many scripts and lone surrogates."""


def ids_of(texts):
    """An id a text that depends on the text and on how many of it came before."""
    seen = Counter()
    ids = []
    for text in texts:
        seen[text] += 1
        ids.append(f"{zlib.crc32(text.encode()):08x}-{seen[text]}")
    return ids


def keys_of(texts, settings=DEFAULTS, subset="web"):
    """The key records of the texts."""
    return document_keys(texts, ids_of(texts), subset, settings)


def removals_of(texts, settings=DEFAULTS, rule="pairwise", threshold=0.8):
    """Index -> (reason, partner's index, Jaccard), by the product's in-memory path."""
    found = find_removals(
        keys_of(texts, settings),
        np.arange(len(texts), dtype=np.uint64),
        lambda indices: shingle_sets([texts[i] for i in indices], settings.ngram),
        threshold,
        rule,
    )
    return {
        int(row["address"]): (KIND_NAMES[row["kind"]], int(row["partner"]), float(row["jaccard"]))
        for row in found
    }


def order_of(texts, settings=DEFAULTS):
    """Indices from the document that wins against all to the one that loses to all."""
    precedence = precedences(keys_of(texts, settings)["rank"])
    return np.lexsort((np.arange(len(texts)), precedence)).tolist()
