"""Every number of funnel.json, recomputed by SQL over the tables; and what the page shows of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.report.phase import render_report
from tests.pipeline.hostile_run import hostile_run

ORDER = ("exact", "near", "test_set")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_run(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(params=["sample_run", "hostile"])
def output(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def funnel_of(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "report/funnel.json").read_text())
    return found


class Sql:
    """Asks the tables of an output folder."""

    def __init__(self, output: Path) -> None:
        self.database = pytest.importorskip("duckdb").connect()
        for table in ("documents", "rejected", "failed", "skipped", "corpus", "removed", "hosts"):
            files = f"{output}/{table}/**/*.parquet"
            self.database.execute(f"create view {table} as from read_parquet('{files}')")

    def counts(self, query: str) -> dict[Any, Any]:
        """Rows (key..., value) as a mapping; what is 0 or null is left out."""
        rows = self.database.execute(query).fetchall()
        return {row[0] if len(row) == 2 else row[:-1]: row[-1] for row in rows if row[-1]}


def nested(subsets: dict[str, Any], *path: str) -> dict[Any, int]:
    """Of each subset the value at a path, or the values of a mapping there."""
    found: dict[Any, int] = {}
    for subset, row in subsets.items():
        value: Any = row
        for name in path:
            value = value.get(name, {})
        values = value if isinstance(value, dict) else {None: value}
        found |= {(subset, k) if k else subset: n for k, n in values.items() if n}
    return found


def test_documents_and_bytes_are_those_of_the_tables(output: Path) -> None:
    sql, subsets = Sql(output), funnel_of(output)["subsets"]
    assert nested(subsets, "in") == sql.counts(
        "select subset, count(*) from (select subset from documents union all select subset from "
        "rejected union all select subset from failed union all select subset from skipped) "
        "group by 1"
    )
    for table in ("documents", "corpus", "failed", "skipped"):
        query = f"select subset, count(*) from {table} group by 1"
        assert nested(subsets, table) == sql.counts(query)
    for table in ("documents", "corpus"):
        query = f"select subset, sum(strlen(text)) from {table} group by 1"
        assert nested(subsets, "bytes", table) == sql.counts(query)
    assert nested(subsets, "text_bytes") == nested(subsets, "bytes", "corpus")
    for path, value in ((("rejected",), "count(*)"), (("bytes", "rejected"), "sum(text_bytes)")):
        query = f"select subset, stage, {value} from rejected group by 1, 2"
        assert nested(subsets, *path) == sql.counts(query)
    first = f"list_sort(reasons, '{'ASC'}')[1]"  # the paper's order is the alphabet's here
    assert list(ORDER) == sorted(ORDER)
    for path, value in ((("removed",), "count(*)"), (("bytes", "removed"), "sum(d.text_bytes)")):
        query = (
            f"select d.subset, {first}, {value} from removed r join documents d "
            "on r.item = d.item and r.row = d.row group by 1, 2"
        )
        assert nested(subsets, *path) == sql.counts(query)


def test_removed_documents_are_those_that_are_not_in_the_corpus(output: Path) -> None:
    sql = Sql(output)
    (row,) = sql.database.execute(
        "select (select count(*) from documents anti join removed using (item, row)), "
        "(select count(*) from corpus), "
        "(select count(*) from documents semi join corpus using (item, row)), "
        "(select count(*) from removed semi join corpus using (item, row)), "
        "(select count(*) from removed where survivor_id is not null), "
        "(select count(*) from removed r join corpus c on r.survivor_item = c.item "
        "and r.survivor_row = c.row and r.survivor_id = c.id)"
    ).fetchall()
    assert row[0] == row[1] == row[2]
    assert row[3] == 0
    assert row[4] == row[5]


def test_rules_languages_signals_and_kinds_are_those_of_the_tables(output: Path) -> None:
    sql, funnel = Sql(output), funnel_of(output)
    fired = sql.counts(
        "select rule, subset, count(*) from (select subset, unnest(reasons) as rule from rejected) "
        "group by 1, 2"
    )
    alone = sql.counts(
        "select reasons[1], subset, count(*) from rejected where len(reasons) = 1 group by 1, 2"
    )
    for name, expected in (("failed", fired), ("sole", alone)):
        found = {(r, s): n for r, row in funnel["rules"].items() for s, n in row[name].items()}
        assert found == expected
    rejected = "select * exclude (stage, reasons, evidence) from rejected"
    every = f"(select * from documents union all by name {rejected})"
    query = f"select language, count(*) from {every} group by 1"
    assert funnel["languages"] == sql.counts(query)
    for name, column in (("opt_outs", "opt_out_signals"), ("signals", "safesearch_signals")):
        found = funnel["opt_outs"] if name == "opt_outs" else funnel["safesearch"]["signals"]
        query = f"select s, count(*) from (select unnest({column}) as s from {every}) group by 1"
        assert found == sql.counts(query)
    kinds = {kind: (row["records"], row["bytes"]) for kind, row in funnel["skipped"].items()}
    rows = sql.database.execute("select kind, count(*), sum(size_bytes) from skipped group by 1")
    assert kinds == {kind: (count, size) for kind, count, size in rows.fetchall()}


def test_hosts_are_those_of_the_urls(output: Path) -> None:
    sql, funnel = Sql(output), funnel_of(output)
    host = r"regexp_extract(url, '^https?://([a-z0-9.-]+)(?:[/?#]|$)', 1)"
    plain = f"{host} <> ''"
    expected = sql.counts(
        f"select subset, {host}, count(*) from corpus where {plain} group by 1, 2"
    )
    found = sql.counts("select subset, host, corpus_documents from hosts where host <> ''")
    assert expected.items() <= found.items()
    (every,) = sql.database.execute(
        "select sum(corpus_documents), sum(documents) from hosts"
    ).fetchall()
    total = funnel["total"]
    assert every == (total["corpus"], total["documents"] + sum(total["rejected"].values()))


def test_tokens_are_estimates_and_say_so(sample_run: Path) -> None:
    funnel = funnel_of(sample_run)
    told = funnel["text_tokens"]
    dataset = json.loads((sample_run / "sequences/dataset.json").read_text())
    assert told["are"] == "estimated"
    for subset, row in dataset["subsets"].items():
        ratio = row["utf8_bytes"] / row["tokens"]
        assert told["bytes_per_token"][subset] == pytest.approx(ratio, abs=1e-4)
        sizes = funnel["subsets"][subset]["bytes"]
        estimate = told["subsets"][subset]["corpus"]
        assert estimate == pytest.approx(sizes["corpus"] / ratio, rel=1e-4, abs=1)


def test_tokens_are_counted_where_the_tokenizer_is_known(hostile: Path, tmp_path: Path) -> None:
    from massivetext.sequencing.tokenizer import load_tokenizer

    model = hostile / "sequences/tokenizer.model"
    text = (hostile.parent / "config.toml").read_text()
    config = tmp_path / "config.toml"
    config.write_text(text.replace("vocab_size = 400", f'model = "{model}"'))
    output = tmp_path / "out"
    assert main(["run", str(config), "--output", str(output), "--quiet"]) == 0
    tokenizer, sql = load_tokenizer(str(model)), Sql(output)
    rows = sql.database.execute("select text, tokens from corpus").fetchall()
    assert rows
    assert all(len(tokenizer.encode(text.encode())) == tokens for text, tokens in rows)
    told = funnel_of(output)["text_tokens"]
    assert told["are"] == "counted"
    for table in ("documents", "corpus"):
        query = f"select subset, sum(tokens) from {table} group by 1"
        assert nested(told["subsets"], table) == sql.counts(query)
    query = "select subset, stage, sum(tokens) from rejected group by 1, 2"
    assert nested(told["subsets"], "rejected") == sql.counts(query)


def test_the_page_shows_names_of_strangers_bounded_and_harmless(hostile: Path) -> None:
    funnel = funnel_of(hostile)
    page = (hostile / "report/index.html").read_text()
    assert page == render_report(funnel)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
    assert "<script" not in page
    assert max(map(len, page.split())) < 2_000
    assert len(page.encode()) < 1_000_000


def test_an_item_takes_two_kilobytes_of_a_manifest(output: Path) -> None:
    for file in sorted((output / "phases").glob("*/manifest.json")):
        manifest = json.loads(file.read_text())
        for name, item in manifest["items"].items():
            assert len(json.dumps({name: item}, indent=1)) < 2_000
