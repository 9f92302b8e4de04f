"""Who is hit: counts against the tables, and Wilson's interval against its definition."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import Slice
from massivetext.config_file import load_config
from massivetext.filters.hosts import host_of
from massivetext.filters.public_suffixes import public_suffixes
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.phases.report.group_keys import (
    ORDERED,
    bin_order,
    item_groups,
    length_bin,
    number_bin,
)
from massivetext.pipeline.phases.report.groups import LEAST_DOCUMENTS, SHOWN_GROUPS, Z, wilson
from tests.conftest import ROOT


@given(st.integers(1, 10_000), st.data())
def test_the_ends_of_an_interval_are_shares_that_the_count_is_z_deviations_from(
    of: int, data: st.DataObject
) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    for end in (low, high):
        deviation = math.sqrt(end * (1 - end) / of)
        assert abs(hits / of - end) == pytest.approx(Z * deviation, rel=1e-6, abs=1e-9)


def test_an_interval_of_the_literature() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, Table I


def test_groups_are_those_of_the_tables(sample_run: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    groups = json.loads((sample_run / "report/funnel.json").read_text())["groups"]
    rows = duckdb.sql(
        f"select url, language, text_bytes, 'rejected' from '{sample_run}/rejected/**/*.parquet' "
        "union all select url, language, text_bytes, case when r.row is null then '' else "
        f"'removed' end from '{sample_run}/documents/**/*.parquet' d left join "
        f"'{sample_run}/removed/**/*.parquet' r on d.item = r.item and d.row = r.row"
    ).fetchall()
    expected: dict[str, Counter[Any]] = {k: Counter() for k in ("domain", "language", "length")}
    for url, language, size, verdict in rows:
        host = host_of(url or "")
        names = {"language": language, "length": 2 ** int(math.log2(size)) if size else 0}
        names |= {"domain": public_suffixes().registered_domain(host)} if host else {}
        for kind, name in names.items():
            expected[kind].update([(name, "documents"), (name, verdict)])
    assert groups["documents"] == len(rows)
    for kind, counts in expected.items():
        found = {}
        for group in groups["kinds"][kind]["groups"]:
            name = int(bin_order(group["name"])) if kind == "length" else group["name"]
            found |= {(name, n): group[n] for n in ("documents", "rejected", "removed")}
        if kind != "length":
            sizes = [n for (_, what), n in counts.items() if what == "documents"]
            assert len(found) == 3 * min(SHOWN_GROUPS, sum(n >= LEAST_DOCUMENTS for n in sizes))
            assert groups["kinds"][kind]["count"] == len(sizes)
        assert found == {key: counts[key] for key in found}


def test_slices_are_by_pattern_value_and_number(sample_run: Path) -> None:
    slices = (
        Slice("django", pattern="(?i)django"),
        Slice("type", column="content_type"),
        Slice("words", column="words"),
        Slice("nothing", column="no such column"),
    )
    items = plan(load_config(ROOT / "sample/config.toml"))
    found: Counter[Any] = Counter()
    for item in items:
        for key, counts in item_groups(str(sample_run), item, slices, 500, True, True).items():
            found[key] += counts["documents"]
    every = found[(ORDERED, "")]
    assert every == 1401
    django = f"{ORDERED}django"
    assert 0 < found[(django, "matches")] < every
    assert found[(django, "matches")] + found[(django, "others")] == every
    assert found[("type", "text/html")] + found[("type", "text/plain")] == every
    assert sum(n for (kind, _), n in found.items() if kind == f"{ORDERED}words") == every
    assert "nothing" not in {kind.strip(ORDERED) for kind, _ in found}


@given(st.lists(st.floats(min_value=-10, max_value=1e300), min_size=2))
def test_bins_are_in_the_order_of_their_numbers(values: list[float]) -> None:
    starts = [bin_order(str(number_bin(value))) for value in sorted(values)]
    assert starts == sorted(starts)


def test_bins_hold_their_numbers() -> None:
    assert [length_bin(n) for n in (0, 1, 2, 3, 4, 1023, 1024)] == [
        "0",
        "1 to 1",
        "2 to 3",
        "2 to 3",
        "4 to 7",
        "512 to 1,023",
        "1,024 to 2,047",
    ]
    numbers = (0, 0.05, 1, 1.5, 7, -1, math.nan, math.inf, 10**400)
    assert [number_bin(n) for n in numbers] == [
        "0.00 to 0.05",
        "0.05 to 0.10",
        "0.95 to 1.00",
        "1 to 2",
        "4 to 8",
        "below 0",
        None,
        "infinite",
        "infinite",
    ]
