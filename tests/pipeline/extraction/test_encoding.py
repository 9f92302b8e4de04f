"""Which encoding a page is read in, and that no name and no bytes are too broken."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.encoding import decode_page

RUSSIAN = "<p>Съешь же ещё этих мягких французских булок</p>"
JAPANESE = "<p>いろはにほへと ちりぬるを</p>"


@pytest.mark.parametrize(
    ("html", "header", "codec", "text"),
    [
        (codecs.BOM_UTF8 + "<p>é</p>".encode(), "latin-1", "utf-8", "<p>é</p>"),
        (codecs.BOM_UTF16_LE + "<p>é</p>".encode("utf-16-le"), None, "utf-16-le", "<p>é</p>"),
        (codecs.BOM_UTF16_BE + "<p>é</p>".encode("utf-16-be"), None, "utf-16-be", "<p>é</p>"),
        ("<p>é</p>".encode("utf-16-le"), "utf-16-le", "utf-16-le", "<p>é</p>"),
        (RUSSIAN.encode("cp1251"), "windows-1251", "cp1251", RUSSIAN),
        (RUSSIAN.encode("koi8-r"), "KOI8-R", "koi8-r", RUSSIAN),
        ("<p>é</p>".encode(), None, "utf-8", "<p>é</p>"),
        ("<p>é</p>".encode(), "iso-8859-1", "utf-8", "<p>é</p>"),
        (b"<p>caf\xe9 \x93x\x94 \x80</p>", None, "windows-1252", "<p>café “x” €</p>"),
        (b"<p>caf\xe9 \x93x\x94</p>", "iso-8859-1", "windows-1252", "<p>café “x”</p>"),
        (b"<p>caf\xe9</p>", "no-such-charset", "windows-1252", "<p>café</p>"),
        (b"<p>caf\xe9</p>", "base64", "windows-1252", "<p>café</p>"),
        (b"<p>caf\xe9</p>", "utf-8", "windows-1252", "<p>café</p>"),
        (JAPANESE.encode("iso2022_jp"), "ISO-2022-JP", "iso2022_jp", JAPANESE),
        (b"<p>a</p>", None, "utf-8", "<p>a</p>"),
        (b"", None, "utf-8", ""),
    ],
)
def test_the_encoding_of_a_page(html: bytes, header: str | None, codec: str, text: str) -> None:
    found, utf8 = decode_page(html, header)
    assert utf8.decode() == text
    assert codecs.lookup(found).name == codecs.lookup(codec).name


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("shift_jis", "cp932"), ("euc-jp", "euc_jp"), ("Shift_JIS", "cp932")],
)
@pytest.mark.parametrize(
    "meta",
    [
        '<meta charset="{}">',
        "<META CHARSET={}>",
        '<meta http-equiv="Content-Type" content="text/html; charset={}" />',
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
def test_a_page_names_its_encoding(meta: str, charset: str, codec: str) -> None:
    page = f"<html><head>{meta.format(charset)}</head>{JAPANESE}"
    found, utf8 = decode_page(page.encode(codec))
    assert found == codec
    assert utf8.decode() == page


def test_the_header_wins_over_the_page() -> None:
    page = f"<meta charset=iso-8859-1>{RUSSIAN}"
    assert decode_page(page.encode("cp1251"), "windows-1251")[1].decode() == page


def test_chinese_names_mean_their_supersets() -> None:
    page = "<meta charset=gb2312><p>喆 囍 €</p>"
    assert decode_page(page.encode("gb18030"))[1].decode() == page


def test_a_few_broken_bytes_do_not_spoil_a_utf8_page() -> None:
    page = "<meta charset=utf-8>" + RUSSIAN
    html = page.encode() + b"\xff"
    assert decode_page(html) == ("utf-8", (page + "\ufffd").encode())


@given(
    st.binary(max_size=200),
    st.one_of(
        st.none(),
        st.text(max_size=12),
        st.sampled_from(
            [
                "utf-7",
                "idna",
                "punycode",
                "rot13",
                "hex",
                "undefined",
                "unicode_escape",
                "mbcs",
                "utf-16",
            ]
        ),
    ),
)
def test_any_bytes_with_any_name(html: bytes, name: str | None) -> None:
    decode_page(html, name)[1].decode("utf-8")
