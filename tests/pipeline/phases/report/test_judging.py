"""The histograms, curves and shared rejections of the report, held against a plain count."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import Config
from massivetext.filters.rule import Comparison
from massivetext.filters.rules import RULES
from massivetext.pipeline.phases.report.bars import curve_line, curve_points, is_beyond
from massivetext.pipeline.phases.report.clusters import size_classes
from massivetext.pipeline.phases.report.judging import bin_indices, bounds, curve, edges_of
from massivetext.pipeline.phases.report.near_rules import NearRule, near_threshold, nearest_of

NUMERIC = [r for n, r in RULES.items() if n.startswith(("quality.", "repetition."))]


@given(st.sampled_from(NUMERIC), st.data())
def test_bins_and_curve_say_what_the_rule_would_drop(rule: Any, data: st.DataObject) -> None:
    threshold = rule.threshold(Config())
    edges = edges_of(rule, threshold)
    near = st.sampled_from([*edges, *np.nextafter(edges, -1e18), *np.nextafter(edges, 1e18)])
    values = np.array(data.draw(st.lists(near | st.floats(0, 2e9), min_size=1)))
    found = bin_indices(rule, edges, values)
    counts = {int(n): int((found == n).sum()) for n in found}
    dropped = curve(rule, edges, counts, no_value=2)
    for edge, count in zip(edges, dropped, strict=True):
        is_low = rule.comparison is Comparison.AT_LEAST
        assert count == 2 + int(((values < edge) if is_low else (values > edge)).sum())
    assert dropped[edges.index(threshold)] == 2 + sum(
        counts[number]
        for number in counts
        if is_beyond(
            {"comparison": rule.comparison.value, "around_threshold": {"threshold": threshold}},
            dict(zip(("from", "to"), bounds(edges)[number], strict=True)),
        )
    )


def test_sizes_are_classed() -> None:
    assert size_classes(np.array([2, 2, 7, 8, 15, 16, 40])) == {
        "2": 2,
        "7": 1,
        "8 to 15": 2,
        "16 to 31": 1,
        "32 to 63": 1,
    }


def test_what_is_drawn_beyond_the_line_is_what_the_rule_dropped(sample_run: Path) -> None:
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    drawn = 0
    for name, rule in funnel["rules"].items():
        failed, around = sum(rule["failed"].values()), rule["around_threshold"]
        assert funnel["rules_together"].get(name, {}).get(name, 0) == failed
        if around is None:
            continue
        beyond = [bin_ for bin_ in around["bins"] if is_beyond(rule, bin_)]
        assert sum(b["alone"] + b["others"] for b in beyond) + around["no_value"] == failed
        assert sum(b["alone"] for b in beyond) <= sum(rule["sole"].values())
        every = sum(b["alone"] + b["others"] for b in around["bins"]) + around["no_value"]
        assert every == sum(rule["judged"].values())
        points = {point["threshold"]: point["documents"] for point in around["dropped_at"]}
        assert points[around["threshold"]] == failed
        drawn += failed
    assert drawn


def test_clusters_are_those_of_removed(sample_run: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    clusters = json.loads((sample_run / "report/funnel.json").read_text())["clusters"]
    rows = duckdb.sql(
        f"select count(*) + 1, survivor_item, survivor_row from '{sample_run}/removed/**/*.parquet'"
        " where survivor_item is not null group by all order by 1 desc, 2, 3 limit 10"
    ).fetchall()
    assert [(c["documents"], c["item"], c["row"]) for c in clusters["largest"]] == rows


def test_the_documents_of_a_card_are_the_nearest_of_the_tables(sample_run: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    seen = {"kept": 0, "dropped": 0}
    for name, rule in funnel["rules"].items():
        around = rule["around_threshold"]
        if around is None:
            assert rule["examples"] == {"kept": [], "dropped": []}
            continue
        subsets = tuple(rule["judged"])
        for which, folder, failing in (
            ("kept", "documents", ""),
            ("dropped", "rejected", f"and list_contains(reasons, '{name}')"),
        ):
            rows = duckdb.sql(
                f"select item, row from '{sample_run}/{folder}/**/*.parquet' "
                f"where subset in ({', '.join(map(repr, subsets))}) {failing} "
                f"order by abs({rule['measure']} - {around['threshold']}), item, row limit 5"
            ).fetchall()
            assert [(d["item"], d["row"]) for d in rule["examples"][which]] == rows
            seen[which] += len(rows)
    assert all(seen.values())


@given(st.lists(st.lists(st.floats(0, 1) | st.just(np.nan), max_size=9), min_size=1, max_size=4))
def test_the_nearest_of_tables_are_those_of_all(tables: list[list[float]]) -> None:
    rule, threshold = RULES["quality.max_ellipsis_line_fraction"], 0.3
    rows = iter(range(100))
    found: list[NearRule] = []
    everything = []
    for values in tables:
        numbers = [next(rows) for _ in values]
        everything += list(zip(values, numbers, strict=True))
        columns = {
            rule.measure: pa.array(values, pa.float64()),
            "row": pa.array(numbers, pa.int64()),
        }
        near = near_threshold(pa.table(columns), "item", rule, threshold, True)
        found = nearest_of([*found, near])
    everything.sort(key=lambda p: (np.inf if np.isnan(p[0]) else abs(p[0] - threshold), p[1]))
    rows_found = [row for near in found for row in near.rows]
    assert rows_found == [number for _, number in everything[:5]]


def test_the_curve_is_drawn_through_what_its_table_says(sample_run: Path) -> None:
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    for rule in funnel["rules"].values():
        if around := rule["around_threshold"]:
            points = curve_points(around)
            (drawn,) = re.findall('points="([^"]*)"', curve_line(around))
            highest = max(point["documents"] for point in points) or 1
            heights = [100 - float(place.split(",")[1]) for place in drawn.split()]
            expected = [100 * point["documents"] / highest for point in points]
            assert heights == pytest.approx(expected, abs=0.01)


def test_the_page_has_every_document_of_a_card_and_the_command_that_explains_it(
    sample_run: Path,
) -> None:
    page = (sample_run / "report/index.html").read_text()
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    for rule in funnel["rules"].values():
        for documents in rule["examples"].values():
            for document in documents:
                assert f"<code>massivetext explain OUT {document['id']}</code>" in page
    assert len(page.encode()) < 1_000_000
