import dataclasses
import json

import pytest

from massivetext.config import Config, ConfigError, Decontamination, TestSet
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import REMOVAL_SCHEMA
from tests.dedup.documents import edited, page
from tests.dedup.phases import SOURCES, curated, job_in, rows_in

PASSAGE, ARTICLE = page("passage", 75), page("article", 300)
TEXTS = [
    page(1, 500),
    page(2, 500) + " " + PASSAGE + " " + page(3, 425),  # 75 words in 1,000: Jaccard 0.064
    edited(ARTICLE, 0),
    page(4, 500),
    PASSAGE + "!",
    "",
]


def config_of(folder, **changes):
    passages = folder / "lambada.jsonl"
    passages.write_text(json.dumps({"text": PASSAGE}) + "\n" + json.dumps({"text": "too short"}))
    articles = folder / "wiki.tokens"
    articles.write_text(f" \n = A ship = \n \n {ARTICLE} \n")
    sets = (
        TestSet("lambada", "lambada", str(passages)),
        TestSet("wikitext103", "wikitext", str(articles)),
    )
    rules = dataclasses.replace(Decontamination(test_sets=sets), **changes)
    return Config(sources=SOURCES, decontamination=rules)


def matched(folder, texts=TEXTS, items=2, page_titles=None, subsets=("web",), **changes):
    """(row of all documents, set, item, Jaccard, containment), and the manifest."""
    folder.mkdir(exist_ok=True)
    work = curated(folder / "out", texts, items, page_titles, subsets=subsets)
    manifest = run_phase(
        job_in(folder / "out", config_of(folder, **changes)), phase_named("decontaminate"), work
    )
    columns = ("test_set", "test_item", "test_jaccard", "containment")
    rows = rows_in(folder / "out", work, "decontamination")
    first = [len(texts) * number // items for number in range(items)]
    return [
        (first[item.number] + row["row"], *(row[name] for name in columns)) for item, row in rows
    ], manifest


def test_the_paper_s_rule_takes_near_copies_only(tmp_path):
    rows, manifest = matched(tmp_path)
    assert rows == [
        (2, "wikitext103", "A ship", pytest.approx(275 / 304), pytest.approx(275 / 290)),
        (4, "lambada", "lambada.jsonl:1", 1.0, 1.0),
    ]
    assert manifest.ledger == {"documents": 6, "removed": 2, "corpus": 4}
    assert manifest.findings["hits"] == {"lambada": 1, "wikitext103": 1}
    assert manifest.findings["test_items"] == {"lambada": 2, "wikitext103": 1}
    assert manifest.findings["short_test_items"] == {"lambada": 1}
    assert manifest.findings["containment"] == {"0.9 to 1.0": 3}


@pytest.mark.parametrize("rule", ["containment", "both"])
def test_containment_takes_pages_that_hold_an_item(tmp_path, rule):
    rows, _ = matched(tmp_path, rule=rule)
    assert [row[:2] for row in rows] == [(1, "lambada"), (2, "wikitext103"), (4, "lambada")]
    assert rows[0][3:] == (pytest.approx(63 / 988), 1.0)  # docs/paper.md, section 7


def test_the_files_cut_changes_nothing(tmp_path):
    assert [matched(tmp_path / str(items), items=items)[0] for items in (1, 3, 6)] == [
        matched(tmp_path / "2")[0]
    ] * 3


def test_pages_go_by_title_in_wikipedia_only(tmp_path):
    listed = tmp_path / "titles.txt"
    listed.write_text("Kiss_You_(One_Direction_song)\nHead VI\n")
    titles = ["Head VI", "", "Head VI", "Kiss You (One Direction song)"]
    texts = [page(n) for n in range(4)]
    rows, manifest = matched(
        tmp_path, texts, 2, titles, ("web", "wikipedia"), titles=(str(listed),)
    )
    assert rows == [
        (2, "titles", "Head VI", None, None),
        (3, "titles", "Kiss_You_(One_Direction_song)", None, None),
    ]
    assert manifest.findings["hits"] == {"titles": 2}


def test_without_test_sets_nothing_goes(tmp_path):
    rows, manifest = matched(tmp_path, test_sets=())
    assert rows == []
    assert manifest.findings["hits"] == {}
    table = store.read_table(f"{tmp_path}/out/decontamination/web/shelf/000.txt.parquet")
    assert table.equals(REMOVAL_SCHEMA.empty_table())


def test_another_test_set_repeats_this_phase_only_when_asked(tmp_path):
    matched(tmp_path)
    work = curated(tmp_path / "out", TEXTS, 2)
    config = config_of(tmp_path, threshold=0.95)
    manifest = run_phase(
        job_in(tmp_path / "out", config, restart=True), phase_named("decontaminate"), work
    )
    assert manifest.ledger["removed"] == 1


def test_a_missing_test_set_is_an_error_of_the_configuration(tmp_path):
    missing = (TestSet("c4", "jsonl", str(tmp_path / "none.jsonl")),)
    with pytest.raises((ConfigError, OSError), match=r"none\.jsonl"):
        matched(tmp_path, test_sets=missing)


def test_containment_leaves_out_what_many_documents_share(tmp_path):
    texts = [page(n, 100) + " " + PASSAGE for n in range(120)]
    rows, manifest = matched(tmp_path, texts, rule="containment")
    assert rows == []
    assert manifest.findings["frequent_test_grams"] == 63
    assert manifest.findings["test_grams"] == 63 + 1 + 290
    assert len(matched(tmp_path / "few", texts[:90], rule="containment")[0]) == 90
    strict, _ = matched(
        tmp_path / "strict", texts[:90], rule="containment", frequent_gram_documents=10
    )
    assert strict == []
