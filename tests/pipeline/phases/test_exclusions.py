"""Lists of take-downs: what a line means, and which documents it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import ConfigError
from massivetext.pipeline.phases.exclusions import Exclusions, entries


def listed(**lists: list[str]) -> Exclusions:
    return Exclusions(**{key: frozenset(entries(key, lines, "f")) for key, lines in lists.items()})


def named(exclusions: Exclusions, *, id: str = "0" * 32, source_id: str = "", url: str = "") -> str:
    row = {"id": id, "source_id": source_id, "url": url}
    return exclusions.named_by({name: row[name] for name in exclusions.columns}) or ""


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("https://a.example/page", "https://a.example/page"),
        ("  HTTPS://A.example:443/page/ \r", "https://a.example/page"),
        ("<https://a.example/page>", "https://a.example/page/"),
        ("https://a.example/p#part", "https://a.example/p#part"),
        ("https://a.example/p?q=\u00e9", "https://a.example/p?q=\u00e9"),
    ],
)
def test_urls_are_named_in_any_spelling(line: str, url: str) -> None:
    assert named(listed(urls=["# a comment", "", line]), url=url).startswith("url https://a.ex")


@pytest.mark.parametrize(
    "url", ["https://a.example/other", "https://b.a.example/page", "", "http://[", "https://"]
)
def test_other_urls_are_not(url: str) -> None:
    exclusions = listed(urls=["https://a.example/page"], hosts=["z.example"])
    assert named(exclusions, url=url) == ""


@pytest.mark.parametrize(
    ("line", "url", "entry"),
    [
        ("bad.example", "https://bad.example/x", "bad.example"),
        ("bad.example", "http://deep.www.BAD.example:8080/", "bad.example"),
        ("*.bad.example", "//bad.example", "bad.example"),
        ("||bad.example^", "https://x.bad.example", "bad.example"),
        ("0.0.0.0 worse.example bad.example", "https://bad.example", "bad.example"),
        ("b\u00fccher.example", "https://www.xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("192.0.2.1", "http://192.0.2.1/x", "192.0.2.1"),
        ("[2001:db8::1]", "http://[2001:db8:0::1]/x", "2001:db8::1"),
        ("me.github.io", "https://me.github.io/", "me.github.io"),
    ],
)
def test_a_host_takes_its_subdomains_with_it(line: str, url: str, entry: str) -> None:
    assert named(listed(hosts=[line]), url=url) == f"host {entry}"


@pytest.mark.parametrize(
    "url",
    [
        "https://notbad.example/",
        "https://bad.example.org/",
        "https://example/",
        "https://good.example/bad.example",
        "https://good.example/?u=https://bad.example/",
        "https://bad.example@good.example/",
        "http://3.192.0.2.1/",
    ],
)
def test_a_host_takes_no_other_with_it(url: str) -> None:
    assert named(listed(hosts=["bad.example", "192.0.2.1", "0.2.1.0"]), url=url) == ""


def test_ids_and_source_ids_are_names() -> None:
    uuid = "urn:uuid:0a2f0e7c-2f4a-4d8e-9d15-0c1cf32a1b9e"
    exclusions = listed(ids=["AB" * 16], source_ids=[f"<{uuid.upper()}>", "books/1"])
    assert named(exclusions, id="ab" * 16) == f"id {'ab' * 16}"
    assert named(exclusions, source_id=uuid) == f"source_id {uuid}"
    assert named(exclusions, source_id="books/1") == "source_id books/1"
    assert named(exclusions, source_id="books/10") == ""
    assert exclusions.columns == ("id", "source_id")


def test_the_narrowest_entry_is_told() -> None:
    everything = listed(
        hosts=["a.example"], urls=["https://a.example/p"], ids=["1" * 32], source_ids=["s"]
    )
    row = {"id": "1" * 32, "source_id": "s", "url": "https://a.example/p"}
    assert everything.named_by(row) == f"id {'1' * 32}"
    assert everything.named_by({**row, "id": ""}) == "source_id s"
    assert everything.named_by({**row, "id": "", "source_id": ""}) == "url https://a.example/p"


@pytest.mark.parametrize(
    ("key", "line", "said"),
    [
        ("urls", "example.org/page", "is not a URL"),
        ("urls", "https://", "is not a URL"),
        ("urls", "a word", "is not a URL"),
        ("hosts", "localhost", "is not a host"),
        ("hosts", "two words", "is not a host"),
        ("hosts", "a.example/page", "pages go into exclude.urls"),
        ("hosts", "co.uk", "is a public suffix"),
        ("hosts", "github.io", "is a public suffix"),
        ("hosts", "*.com", "is not a host"),
        ("ids", "123", "is not a document id"),
        ("ids", "g" * 32, "is not a document id"),
        ("source_ids", "<>", "is not a source id"),
        ("urls", "\x1b]0;x\x07" + "y" * 5000, "is not a URL"),
    ],
)
def test_a_line_that_names_nothing_is_one_clear_line(key: str, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        list(entries(key, ["# fine", line], "list.txt"))
    message = str(error.value)
    assert f"exclude.{key}: list.txt, line 2: " in message
    assert said in message
    assert message.isprintable()
    assert len(message) < 400


@given(st.lists(st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,3}){0,3}", fullmatch=True)), st.data())
def test_a_host_is_named_if_and_only_if_it_or_a_parent_is_listed(
    hosts: list[str], data: st.DataObject
) -> None:
    exclusions = Exclusions(hosts=frozenset(hosts))
    host = data.draw(st.from_regex(r"([a-z]{1,3}\.){1,3}[a-z]{1,3}", fullmatch=True))
    expected = any(host == entry or host.endswith(f".{entry}") for entry in hosts)
    assert (exclusions.named_by({"url": f"https://{host}/"}) is not None) == expected
