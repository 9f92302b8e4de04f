"""Hosts: how they are read off URLs, and counts held against plain counting."""

from collections import Counter
from urllib.parse import urlsplit

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.phases.audit.hosts import (
    ALL_SUBSETS,
    HOST_SCHEMA,
    TOP_HOSTS,
    add_up,
    host_of_url,
    merge_top,
    top_hosts,
)

PIECES = (
    *("http://", "https://", "HTTP://", "www.", "a.example", "B", ".", "-", "/", "?", "#", ":80"),
    *("@", "\n", " ", "é", "[", "]", "//", ""),
)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_hosts_are_those_that_a_parser_finds(url: str) -> None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    assert host_of_url(url) == host


def table(rows: list[tuple[str, str, int]]) -> pa.Table:
    """Counts of one document each of `size` bytes, in the corpus."""
    return pa.Table.from_pylist(
        [
            {
                **dict.fromkeys(HOST_SCHEMA.names, 0),
                "subset": subset,
                "host": host,
                "documents": 1,
                "text_bytes": size,
                "corpus_documents": 1,
                "corpus_bytes": size,
            }
            for subset, host, size in rows
        ],
        HOST_SCHEMA,
    )


ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x", "y", "z"]), st.integers(0, 9))
)


@given(st.lists(ROWS, max_size=4))
def test_counts_of_items_add_up(items: list[list[tuple[str, str, int]]]) -> None:
    found = add_up([table(rows) for rows in items])
    documents = Counter((s, h) for rows in items for s, h, _ in rows)
    sizes = Counter[tuple[str, str]]()
    for subset, host, size in (row for rows in items for row in rows):
        sizes[subset, host] += size
    keys = [(row["subset"], row["host"]) for row in found.to_pylist()]
    assert keys == sorted(documents)
    assert {key: row["documents"] for key, row in zip(keys, found.to_pylist(), strict=True)} == (
        dict(documents)
    )
    assert found["corpus_bytes"].to_pylist() == [sizes[key] for key in keys]


def test_the_most_frequent_host_is_found_though_each_item_has_thousand_others() -> None:
    """Six files, each with 1,100 hosts seen once before the one that all of them have."""
    items = [
        table([("web", f"a{item}-{n:04d}", 1) for n in range(1100)] + [("web", "zebra", 1)])
        for item in range(6)
    ]
    whole = add_up(items)
    hosts = whole["host"].to_pylist()
    parts = [whole.filter(pa.array([hash_(h) % 5 == part for h in hosts])) for part in range(5)]
    top = merge_top(host for part in parts for host in top_hosts(part))
    assert set(top) == {ALL_SUBSETS, "web"}
    for subset in top:
        best = max(top[subset], key=lambda host: top[subset][host]["documents"])
        assert (best, top[subset][best]["documents"]) == ("zebra", 6)
        assert TOP_HOSTS <= len(top[subset]) <= 2 * TOP_HOSTS


def hash_(host: str) -> int:
    return sum(host.encode())


@given(ROWS)
def test_the_top_of_parts_is_the_top_of_all(rows: list[tuple[str, str, int]]) -> None:
    whole = add_up([table(rows)])
    parts = [
        whole.filter(pa.array([h in names for h in whole["host"].to_pylist()], pa.bool_()))
        for names in (("", "x"), ("y", "z"))
    ]
    joint = merge_top(host for part in parts for host in top_hosts(part))
    assert joint == merge_top(top_hosts(whole))
    everywhere = Counter(host for _, host, _ in rows if host)
    told = joint.get(ALL_SUBSETS, {})
    assert {host: counts["documents"] for host, counts in told.items()} == dict(everywhere)
