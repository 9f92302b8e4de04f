"""What the corpus is made of, and the largest clusters: against other SQL over the tables."""

import json
import math
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.filters.hosts import host_of
from massivetext.filters.public_suffixes import public_suffixes
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.report.compression import COMPARED_BYTES
from massivetext.pipeline.phases.report.final_set import tokens_of
from massivetext.pipeline.phases.report.group_keys import bin_order
from massivetext.sequencing.tokenizer import load_tokenizer
from tests.pipeline.small_run import finished_run

duckdb = pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def found(sample_run: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((sample_run / "report/funnel.json").read_text())
    return record


def test_lengths_are_those_of_the_texts(sample_run: Path, found: dict[str, Any]) -> None:
    ratios = found["text_tokens"]["bytes_per_token"]
    rows = duckdb.sql(
        f"select subset, octet_length(encode(text)) from '{sample_run}/corpus/**/*.parquet'"
    ).fetchall()
    lengths: dict[str, Counter[int]] = {}
    within: Counter[str] = Counter()
    for subset, size in rows:
        tokens = max(1, round(size / ratios[subset]))
        lengths.setdefault(subset, Counter())[2 ** int(math.log2(tokens))] += 1
        within[subset] += tokens <= 2048
    subsets = found["final_set"]["subsets"]
    assert subsets.keys() == lengths.keys()
    for subset, told in subsets.items():
        assert {int(bin_order(k)): n for k, n in told["lengths"].items()} == lengths[subset]
        assert list(told["lengths"]) == sorted(told["lengths"], key=bin_order)
        assert told["within_a_sequence"] == within[subset]
        assert told["documents"] == lengths[subset].total()


def test_languages_and_sites_are_those_of_the_corpus(
    sample_run: Path, found: dict[str, Any]
) -> None:
    corpus = f"from '{sample_run}/corpus/**/*.parquet'"
    languages = duckdb.sql(f"select language, count(*) {corpus} group by 1").fetchall()
    final = found["final_set"]
    assert final["languages"] == {name: n for name, n in languages if name is not None}
    assert sum(final["language_scores"].values()) == sum(final["languages"].values())
    urls = duckdb.sql(f"select url {corpus} where subset = 'massiveweb'").fetchall()
    hosts = [host_of(url) for (url,) in urls]
    domains = Counter(public_suffixes().registered_domain(host) for host in hosts)
    assert final["sites"]["domain"] == {"count": len(domains), "documents": dict(domains)}
    assert final["sites"]["tld"]["documents"] == dict(
        Counter(f".{host.rpartition('.')[2]}" for host in hosts)
    )


def test_the_largest_clusters_are_told_with_text_and_sites(
    sample_run: Path, found: dict[str, Any]
) -> None:
    members = duckdb.sql(
        "select r.survivor_item, r.survivor_row, d.url "
        f"from '{sample_run}/removed/**/*.parquet' r "
        f"join '{sample_run}/documents/**/*.parquet' d on r.item = d.item and r.row = d.row "
        "where r.survivor_row is not null"
    ).fetchall()
    assert found["clusters"]["largest"]
    for cluster in found["clusters"]["largest"]:
        place = cluster["item"], cluster["row"]
        ((text, url, name),) = duckdb.execute(
            "select text, url, coalesce(nullif(title, ''), nullif(url, ''), id) "
            f"from '{sample_run}/documents/**/*.parquet' where item = ? and row = ?",
            place,
        ).fetchall()
        hosts = Counter(host_of(u or "") for *p, u in members if tuple(p) == place)
        hosts[host_of(url or "")] += 1
        assert cluster["sites"] == dict(hosts)
        assert cluster["documents"] == hosts.total()
        assert cluster["hosts"] == len(hosts)
        assert cluster["name"] == name[:200]
        assert " ".join(text.split()).startswith(cluster["beginning"])


def test_lists_and_test_sets_are_told_with_their_checksums(found: dict[str, Any]) -> None:
    files = {fact["file"]: fact for fact in found["facts"]["files"]}
    assert "wikitext103_titles.txt" in files
    assert all(len(fact["xxh3"]) == 16 and "/" not in fact["file"] for fact in files.values())


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5)), min_size=1), st.floats(1, 9)
)
def test_tokens_are_counted_or_else_estimated(rows: list[tuple[int, int]], ratio: float) -> None:
    sizes, counted = zip(*rows, strict=True)
    known = pa.table({"text_bytes": sizes, "tokens": counted})
    assert tokens_of(known, ratio) == list(counted)
    unknown = pa.table({"text_bytes": sizes, "tokens": pa.nulls(len(rows), pa.int64())})
    assert tokens_of(unknown, None) == []
    for size, tokens in zip(sizes, tokens_of(unknown, ratio), strict=True):
        assert abs(tokens - max(1, size / ratio)) <= 0.5


def test_a_second_tokenizer_stands_beside_the_runs_own(
    tmp_path: Path, sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = finished_run(tmp_path)
    second = tmp_path / "second.model"
    shutil.copy(sample_run / "sequences/tokenizer.model", second)
    plain = config.read_text()
    config.write_text(f'{plain}[report]\nsecond_tokenizer = "second.model"\n')
    arguments = [str(config), "--output", str(tmp_path / "out"), "--quiet"]
    assert main(["run", *arguments]) == 0
    found = json.loads((tmp_path / "out/report/funnel.json").read_text())
    compression = found["final_set"]["compression"]
    own = tmp_path / "out/sequences/tokenizer.model"
    for subset in ("books", "c4"):
        texts = []
        for path in sorted((tmp_path / "out/corpus" / subset).rglob("*.parquet")):
            texts += [text.encode() for text in pq.read_table(path)["text"].to_pylist()]
        size = sum(map(len, texts))
        assert compression[subset]["text_bytes"] == size < COMPARED_BYTES
        for which, path in (("first", own), ("second", second)):
            tokens = sum(len(load_tokenizer(str(path)).encode(text)) for text in texts)
            assert compression[subset][f"{which}_bytes_per_token"] == round(size / tokens, 4)
    assert "second.model" in (tmp_path / "out/report/index.html").read_text()

    for content, message in ((b"no tokenizer", "second_tokenizer"), (None, "second_tokenizer")):
        second.unlink()
        if content is not None:
            second.write_bytes(content)
        capsys.readouterr()
        assert main(["report", *arguments]) == 2
        assert message in capsys.readouterr().err
        second.write_bytes(b"")
