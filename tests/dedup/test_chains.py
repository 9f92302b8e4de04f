"""The last removed document of each chain, held against walking along it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.chains import (
    CHAIN_LINK,
    NO_DOCUMENT,
    chain_answers,
    chain_asked,
    chain_round,
    chain_start,
    last_of_chains,
)


def walked(pointers: dict[int, int | None]) -> dict[int, int]:
    """The last removed document of each one's chain, step by step."""
    last = {}
    for document in pointers:
        here = document
        while pointers[here] in pointers:
            here = pointers[here]
        last[document] = here
    return last


@st.composite
def chains(draw: st.DrawFn) -> dict[int, int | None]:
    """Removed documents, each pointing to a higher one, removed or not, or to none."""
    removed = sorted(draw(st.sets(st.integers(0, 60), max_size=40)))
    return {d: draw(st.none() | st.integers(d + 1, 80)) for d in removed}


def arrays(pointers: dict[int, int | None]) -> tuple[np.ndarray, np.ndarray]:
    addresses = np.array(sorted(pointers), np.uint64)
    nexts = [NO_DOCUMENT if pointers[d] is None else pointers[d] for d in sorted(pointers)]
    return addresses, np.array(nexts, np.uint64)


@given(chains())
def test_links_lead_where_walking_leads(pointers):
    last = last_of_chains(*arrays(pointers))
    assert dict(zip(sorted(pointers), last.tolist(), strict=True)) == walked(pointers)


@given(chains(), st.integers(1, 9))
def test_blocks_that_ask_each_other_find_the_same(pointers, size):
    addresses, nexts = arrays(pointers)
    blocks = {}
    for number in range(81 // size + 1):
        mine = addresses // np.uint64(size) == number
        blocks[number] = chain_start(addresses[mine], nexts[mine])
    while any(links["open"].any() for links in blocks.values()):
        after = {}
        for number, links in blocks.items():
            asked = chain_asked(links)
            parts = [
                chain_answers(other, asked[asked // np.uint64(size) == n])
                for n, other in blocks.items()
            ]
            answers = np.sort(np.concatenate([np.empty(0, CHAIN_LINK), *parts]), order="address")
            after[number] = chain_round(links, answers)
        blocks = after
    found = {int(link["address"]): int(link["last"]) for b in blocks.values() for link in b}
    assert found == walked(pointers)


def test_a_long_chain_takes_a_round_for_each_doubling():
    addresses = np.arange(1000, dtype=np.uint64)
    links, rounds = chain_start(addresses, addresses + np.uint64(1)), 0
    while links["open"].any():
        links = chain_round(links, chain_answers(links, chain_asked(links)))
        rounds += 1
    assert (links["last"] == 999).all()
    assert rounds <= 11


def test_a_ring_is_an_error():
    with pytest.raises(ValueError, match="ring"):
        last_of_chains(np.array([1, 2], np.uint64), np.array([2, 1], np.uint64))
