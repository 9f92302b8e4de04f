"""What a page says of its encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.charset.declared import declared_encoding


@pytest.mark.parametrize(
    ("html", "name"),
    [
        (b"<meta charset=koi8-r>", "koi8-r"),
        (b"<META CHARSET = 'KOI8-R' />", "koi8-r"),
        (b'<meta content="text/html; charset=big5" http-equiv=content-type>', "big5"),
        (b"<meta content='text/html;charset = \"big5\"'>", "big5"),
        (b'<?xml version="1.0" encoding="euc-jp"?>', "euc-jp"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<meta charset=nonsense><meta charset=big5>", "big5"),
        (b"<!-- <meta charset=koi8-r> --><meta charset=big5>", "big5"),
        (b"<!--><meta charset=big5>-->", "big5"),
        (b"<script>'<meta charset=koi8-r>'</script><meta charset=big5>", "big5"),
        (b"<title><meta charset=koi8-r></title>", None),
        (b"<meta data-charset=koi8-r>", None),
        (b"<metadata charset=koi8-r>", None),
        (b"<p>charset=koi8-r</p>", None),
        (b"<!-- open <meta charset=koi8-r>", None),
        (b"<p>" * 20_000 + b"<meta charset=big5>", "big5"),
        (b"", None),
    ],
)
def test_declarations(html: bytes, name: str | None) -> None:
    assert declared_encoding(html) == name


PARTS = st.sampled_from(
    [
        b"<meta ",
        b"charset",
        b"=",
        b"'",
        b'"',
        b">",
        b" ",
        b"<!--",
        b"-->",
        b"<script>",
        b"/",
        b"big5",
    ]
)


@given(st.lists(PARTS, max_size=60).map(b"".join))
def test_any_bytes_declare_something_or_nothing(html: bytes) -> None:
    declared_encoding(html)
