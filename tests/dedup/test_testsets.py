import bz2
import gzip
import io
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from massivetext.config import ConfigError, TestSet
from massivetext.dedup.testsets import (
    TestItem,
    TestSetError,
    load_test_sets,
    read_test_items,
    read_titles,
    title_key,
)

WIKITEXT = """\x20
 = Robert <unk> =\x20
\x20
 He was born in 1 @,@ 900 .\x20
\x20
 = = Career = =\x20
\x20
 The presented plots\x20
 = 1 <unk> / s and a nominal <unk> k =\x20
 1 <unk> . This is produced .\x20
\x20
 = Kiss You ( One Direction song ) =\x20
\x20
 A song .\x20
\x20
 = Robert <unk> =\x20
\x20
 Another one .\x20
"""


def read(test_format, content, file_name="set.txt"):
    stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    return [(item.name, item.text) for item in read_test_items(test_format, stream, file_name)]


def parquet(**columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_wikitext_is_cut_at_first_level_headings_between_blank_lines():
    items = read("wikitext", WIKITEXT)
    names = [name for name, _ in items]
    assert names == ["Robert <unk>", "Kiss You ( One Direction song )", "Robert <unk> (2)"]
    assert "1 @,@ 900" in items[0][1]
    assert "nominal <unk> k" in items[0][1]
    assert items[1][1].startswith(" = Kiss You")
    assert items[1][1].split("\n")[2] == " A song . "


def test_wikitext_in_parquet_has_a_row_a_line():
    rows = [line + "\n" for line in WIKITEXT.split("\n")[:-1]]
    assert read("wikitext", parquet(text=rows), "test.parquet") == [
        *read("wikitext", WIKITEXT)[:-1],
        ("Robert <unk> (2)", read("wikitext", WIKITEXT)[-1][1]),
    ]


def test_lambada_is_a_passage_a_line_plain_json_or_parquet():
    passages = ["one passage", "another\none"]
    lines = "\n".join(json.dumps({"text": text}) for text in passages)
    assert read("lambada", lines, "l.jsonl") == [
        ("l.jsonl:1", passages[0]),
        ("l.jsonl:2", passages[1]),
    ]
    assert read("lambada", "one passage\n\nlast\n", "l.txt") == [
        ("l.txt:1", "one passage"),
        ("l.txt:3", "last"),
    ]
    assert read("lambada", parquet(text=passages), "l.parquet") == [
        ("l.parquet:1", passages[0]),
        ("l.parquet:2", passages[1]),
    ]


def test_json_lines_are_named_by_id_or_address_or_line():
    lines = [
        {"text": "a", "url": "u"},
        {"text": "b", "id": 7, "url": "u"},
        {"text": "c"},
        {"text": "d", "url": "u"},
    ]
    content = "\n".join(map(json.dumps, lines)) + "\n\n"
    assert read("jsonl", content, "c4.json") == [
        ("u", "a"),
        ("7", "b"),
        ("c4.json:3", "c"),
        ("u (2)", "d"),
    ]


def test_curation_corpus_is_a_csv_with_or_without_the_scraped_articles():
    plain = 'title,summary,url,date\nT,"A ""summary"",\nlong",http://a,2020\n'
    assert read("curation_corpus", plain, "c.csv") == [("http://a summary", 'A "summary",\nlong')]
    scraped = "title,summary,url,date,article_content\nT,S,http://a,2020,Body\nU,Z,http://b,2020,\n"
    assert read("curation_corpus", scraped, "c.csv") == [
        ("http://a summary", "S"),
        ("http://a article", "Body"),
        ("http://b summary", "Z"),
    ]
    one = json.dumps({"article": "Body", "summary": "S", "note": "n"}, indent=1)
    assert [text for _, text in read("curation_corpus", one, "e.json")] == ["S", "Body"]


def test_a_scraped_article_may_be_longer_than_the_csv_module_allows():
    text = "word " * 50_000
    content = f"title,summary,url,date,article_content\nT,S,u,2020,{text}\n"
    assert read("curation_corpus", content, "c.csv")[1] == ("u article", text)


def test_text_is_one_item():
    assert read("text", "a\nb", "x.txt") == [("x.txt", "a\nb")]


@pytest.mark.parametrize(
    ("test_format", "content", "message"),
    [
        ("jsonl", "{bad", "set.txt:1 is not JSON"),
        ("jsonl", "[1]", "set.txt:1: expected an object"),
        ("jsonl", '{"body": "x"}', r"expected text in 'text', found the fields \['body'\]"),
        ("jsonl", "", "holds no item of format 'jsonl'"),
        ("wikitext", "no heading", "holds no item of format 'wikitext'"),
        ("text", b"\xff\xfe", "is not UTF-8 text"),
        ("curation_corpus", "a,b\n1,2\n", "expected text in 'summary'"),
    ],
)
def test_a_file_of_another_form_is_refused(test_format, content, message):
    with pytest.raises(TestSetError, match=message):
        read(test_format, content)


def test_parquet_without_text_is_refused():
    with pytest.raises(TestSetError, match="expected a column 'text', found \\['body'\\]"):
        read("parquet", parquet(body=["x"]), "x.parquet")


def test_sets_are_loaded_by_name_and_inflated_by_suffix():
    line = json.dumps({"text": "a", "id": "n"}).encode()
    files = {
        "a.jsonl": line,
        "b.jsonl.gz": gzip.compress(line),
        "c.jsonl.zst": zstandard.compress(line),
        "d.jsonl.bz2": bz2.compress(line),
        "e.jsonl.xz": lzma.compress(line),
        "f.jsonl.lz4": pa.Codec("lz4").compress(line, asbytes=True),
    }
    sets = [TestSet("one", "jsonl", tuple(files)), TestSet("two", "text", "a.jsonl")]
    loaded = load_test_sets(sets, lambda path: io.BytesIO(files[path]))
    assert loaded == {
        "one": [TestItem("n", "a")] * 6,
        "two": [TestItem("a.jsonl", line.decode())],
    }


def test_an_unreadable_set_is_an_error_of_the_configuration():
    def missing(path):
        raise FileNotFoundError(path)

    with pytest.raises(ConfigError, match=r"test_set 'lambada': x\.jsonl: .*check its path"):
        load_test_sets([TestSet("lambada", "lambada", "x.jsonl")], missing)


def test_titles_are_lines_or_headings_and_have_one_key_in_all_their_forms():
    assert read_titles("Du Fu\n\nHead VI \n") == ["Du Fu", "Head VI"]
    assert read_titles(WIKITEXT)[1] == "Kiss You ( One Direction song )"
    forms = (
        "Kiss You ( One Direction song )",
        "Kiss You (One Direction song)",
        "Kiss_You_(One_Direction_song)",
    )
    assert len({title_key(form) for form in forms}) == 1
    assert title_key("!!!") != title_key("...")


@pytest.mark.shared_data
def test_published_files_have_their_published_numbers_of_items(shared_folder):
    """WikiText-103: 60 articles in test and valid each; LAMBADA test: 5,153 passages."""
    folder = shared_folder / "data/corpus/testsets"
    expected = {
        "wikitext103_test.tokens.txt": ("wikitext", 60),
        "wikitext103_valid.tokens.txt": ("wikitext", 60),
        "lambada_test.jsonl": ("lambada", 5153),
        "c4_validation_200.jsonl": ("jsonl", 200),
        "curation_corpus_excerpt.json": ("curation_corpus", 2),
    }
    for name, (test_format, count) in expected.items():
        assert len(read(test_format, (folder / name).read_bytes(), name)) == count
