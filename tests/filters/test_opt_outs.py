import pytest

from massivetext.filters.markup import read_markup
from massivetext.filters.opt_outs import OPT_OUT_SIGNALS, opt_out_signals


@pytest.mark.parametrize(
    ("head", "headers", "expected"),
    [
        ('<meta name="robots" content="noindex, NoAI">', {}, ["noai"]),
        ('<meta content="noai,noimageai" name="robots">', {}, ["noai", "noimageai"]),
        ('<meta name="robots" content="noindex, nofollow, noarchive">', {}, []),
        ('<meta name="description" content="noai">', {}, []),
        ('<!-- <meta name="robots" content="noai"> -->', {}, []),
        ('<meta name="tdm-reservation" content="1">', {}, ["tdm_reservation"]),
        ('<meta name="tdm-reservation" content="0">', {}, []),
        ('<meta name="tdm-policy" content="https://a.example/p">', {}, ["tdm_policy"]),
        ("", {"tdm-reservation": "1", "tdm-policy": "/p"}, ["tdm_policy", "tdm_reservation"]),
        ("", {"x-robots-tag": "googlebot: noindex, otherbot: noai"}, ["noai"]),
        ("", {"x-robots-tag": "noindex"}, []),
    ],
)
def test_signals_of_head_and_headers(
    head: str, headers: dict[str, str], expected: list[str]
) -> None:
    markup = read_markup(f"<html><head>{head}</head><body><p>text</body></html>".encode())
    assert opt_out_signals(markup, headers) == expected
    assert set(expected) <= set(OPT_OUT_SIGNALS)
