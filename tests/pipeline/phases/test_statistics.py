from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.phases.statistics import _host

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
    assert _host(url) == host.removeprefix("www.")
