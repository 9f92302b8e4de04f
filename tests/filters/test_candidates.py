"""The first pass over a page against the same search written plainly, and its time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import SafeSearch
from massivetext.filters.candidate_kernel import find_candidates
from massivetext.filters.host_table import table_of
from massivetext.filters.label_names import HAS_DENIAL, HAS_LABEL, HAS_LISTED
from massivetext.filters.list_kernel import hash_of_entry
from massivetext.filters.markup import read_markup
from massivetext.filters.safesearch import Verdict, load_scorer
from massivetext.filters.self_labels import self_labels

LINK = re.compile(
    rb"href[\0- ]*=[\0- ]*[\"']?[\0- ]*(?:https?:)?[/\\]{2}([^\0- /\\?#\"'<>]{1,512})",
    re.IGNORECASE,
)
PIECES = (
    *("<meta name=rating content=adult>", "<m", "<meta ", 'name="RATING"', "<main>", "f....yf"),
    *('<a href="https://a.example/b">', "HREF = //b.example", "href=/c", "href", "x" * 61, "y"),
    *('"isFamilyFriendly":false', "isFamilyFriendly", "familyfriendly no", "<p>", " ", "\xe9"),
)
AUTHORITIES = (
    *("a.example", "www.a.example", "A.EXAMPLE.", "aa.example", "shop.b.example", "b.examples"),
    *("user:password@a.example:80", "a.example:b@other.example", "www.other.example", "example"),
    *("[2001:db8::1]", "%61.example", "b&#46;example", "\xe9.example", "", ".", "x" * 270 + ".com"),
)
LINKS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(("href=", 'href="', "HREF = '", "href", "src=")),
    st.sampled_from(("https://", "http://", "HTTPS:\\\\", "//", "/", "ftp://", " //", "http:/")),
    st.sampled_from(AUTHORITIES),
    st.sampled_from(("/", '"', " ", "?a", ">", "")),
)
PAGES = st.lists(st.sampled_from(PIECES) | LINKS | st.just(" " * 300), max_size=30).map(
    lambda pieces: "".join(pieces).encode("latin-1")
)
LISTED = st.sets(st.sampled_from(("a.example", "b.example", "www.other.example", "2001:db8::1")))


@pytest.fixture
def scorer_of_few(tmp_path: Path) -> Callable[[bytes], Verdict]:
    (tmp_path / "domains").write_text("one.example\n")
    scorer = load_scorer(SafeSearch(domains=(str(tmp_path),)))
    return lambda page: scorer.score("http://fine.example/", page, {})


def candidates(page: bytes, listed: Iterable[str] = ()) -> int:
    entries = [hash_of_entry(np.frombuffer(h.encode(), np.uint8), len(h)) for h in listed]
    table = table_of(np.array(entries, np.uint64))
    found, start, stop = find_candidates(page, table.hashes, table.starts)
    assert 0 <= start <= stop <= len(page)
    return found if start == stop else found | HAS_LISTED


def may_be_listed(authority: bytes, listed: Iterable[str]) -> bool:
    """Whether a host is covered by one of these, or only Python can decode it."""
    host = authority.rpartition(b"@")[2]
    host = host[1:].partition(b"]")[0] if host[:1] == b"[" else host.partition(b":")[0].rstrip(b".")
    is_plain = not re.search(rb"[%&\x80-\xff]", host)
    name = f".{host.decode('latin-1').lower()}"
    return not is_plain or (len(host) <= 253 and any(name.endswith(f".{h}") for h in listed))


@given(PAGES, LISTED)
def test_links_to_listed_hosts_are_those_of_a_plain_search(page: bytes, listed: set[str]) -> None:
    expected = listed and any(may_be_listed(match[1], listed) for match in LINK.finditer(page))
    assert bool(candidates(page, listed) & HAS_LISTED) == bool(expected)


@given(PAGES, LISTED)
def test_links_do_not_change_what_else_is_found(page: bytes, listed: set[str]) -> None:
    assert candidates(page, listed) & ~HAS_LISTED == candidates(page)


def test_a_listed_host_is_found_among_many_that_are_remembered() -> None:
    hosts = [f"https://host{n % 150}.example/{n}" for n in range(1000)]
    page = "".join(f'<a href="{host}">' for host in hosts).encode() + b" " * 300
    assert candidates(page, ["host1.examples", "host150.example"]) == 0
    for n in (0, 77, 149):
        assert candidates(page, [f"host{n}.example"]) == HAS_LISTED


@pytest.mark.parametrize("before", [*range(0, 140, 7), 63, 64, 65, 71, 72, 73])
@pytest.mark.parametrize("behind", [0, 1, 40, 64, 80])
def test_a_label_is_found_wherever_it_stands_in_a_block(before: int, behind: int) -> None:
    def around(text: bytes) -> int:
        return candidates(b"x" * before + text + b"," * behind)

    assert around(b"<meta name=rating content=adult>") == HAS_LABEL
    assert around(b'"isFamilyFriendly":false') == HAS_DENIAL
    assert around(b"<mark>isFamilyFriend") == 0


@pytest.mark.parametrize(
    ("text", "is_denied"),
    [
        ('"isFamilyFriendly": false', True),
        ('<meta content="False" itemprop="isFamilyFriendly">', True),
        ('<link itemprop=isFamilyFriendly href="http://schema.org/False">', True),
        ("<b itemprop=isFamilyFriendly>No</b>", True),
        ('"isFamilyFriendly": 0', True),
        ('"isFamilyFriendly": true, "piano": "falsetto", "n": 10', False),
        ('"isFamilyFriendly": true' + " " * 300 + "false", False),
    ],
)
def test_only_a_denial_makes_a_page_be_read_twice(text: str, is_denied: bool) -> None:
    assert candidates(text.encode()) == (HAS_DENIAL if is_denied else 0)


_LD = b'<script type="application/ld+json">'
HOSTILE = {
    "words of a rating": lambda n: b"<meta rating" + b"a-" * (n // 2) + b">",
    "open links": lambda n: b"<a " * (n // 3),
    "open tags without blanks": lambda n: b"<m" * (n // 2),
    "open metas": lambda n: b"<meta " * (n // 6),
    "open metas of a name": lambda n: b"<meta name=rating " * (n // 18),
    "open JSON-LD": lambda n: b"isFamilyFriendly false" + _LD * (n // len(_LD)),
    "closed JSON-LD": lambda n: (_LD + b'{"isFamilyFriendly":0}</script>') * (n // 70),
    "nested JSON": lambda n: _LD + b'{"isFamilyFriendly":0,"a":' + b"[" * n,
    "nested items": lambda n: b"isFamilyFriendly no" + b"<div itemscope itemprop=a>" * (n // 26),
    "named items": lambda n: b"<b itemprop=isFamilyFriendly>no" * (n // 31),
    "open quotes": lambda n: b"<meta name='" * (n // 12),
    "one open quote": lambda n: b"isFamilyFriendly no <meta name='" + b"a" * n,
    "open comments": lambda n: b"isFamilyFriendly no" + b"<!--" * (n // 4),
    "short comments": lambda n: b"isFamilyFriendly no" + b"<!-->" * (n // 5),
    "dashes": lambda n: b"isFamilyFriendly no <!--" + b"-->-!" * (n // 5),
    "attributes": lambda n: b"<meta name=rating " + b"a=b " * (n // 4),
    "equals signs": lambda n: b"<meta name=rating " + b"=" * n,
    "names of the property": lambda n: b"familyFriendly " * (n // 15),
    "denials": lambda n: b"familyFriendly no " * (n // 18),
    "hosts": lambda n: b"".join(b"<a href=//h%d.example>" % k for k in range(n // 24)),
    "one host": lambda n: b"<a href=//one.example>" * (n // 22),
    "long hosts": lambda n: (b"<a href=//" + b"a." * 250 + b">") * (n // 511),
    "encoded hosts": lambda n: b"".join(b"<a href=//h%%61%d.example>" % k for k in range(n // 27)),
    "open hrefs": lambda n: b"href=" * (n // 5),
    "zeros": lambda n: b"\0<\0m" * (n // 4),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_the_time_grows_with_the_page_and_no_faster(
    kind: str, scorer_of_few: Callable[[bytes], Verdict]
) -> None:
    def seconds(size: int) -> float:
        page = HOSTILE[kind](size)
        best = float("inf")
        for _ in range(5):
            start = time.process_time()
            scorer_of_few(page)
            best = min(best, time.process_time() - start)
        return best

    seconds(1000)
    # Four times the page takes four times as long; sixteen would be quadratic.
    assert seconds(1 << 20) < 8 * seconds(1 << 18) + 0.001


def test_a_page_of_any_kind_is_read(scorer_of_few: Callable[[bytes], Verdict]) -> None:
    for make in HOSTILE.values():
        page = make(2000)
        scorer_of_few(page)
        self_labels(page, {})
        read_markup(page)
