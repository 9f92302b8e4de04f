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
        (codecs.BOM_UTF16_LE + "<p>é</p>".encode("utf-16-le"), None, "utf-16le", "<p>é</p>"),
        (codecs.BOM_UTF16_BE + "<p>é</p>".encode("utf-16-be"), None, "utf-16be", "<p>é</p>"),
        ("<p>é</p>".encode("utf-16-le"), "utf-16-le", "utf-16le", "<p>é</p>"),
        (RUSSIAN.encode("cp1251"), "windows-1251", "windows-1251", RUSSIAN),
        (RUSSIAN.encode("koi8-r"), "KOI8-R", "koi8-r", RUSSIAN),
        ("<p>é</p>".encode(), None, "utf-8", "<p>é</p>"),
        ("<p>é</p>".encode(), "iso-8859-1", "utf-8", "<p>é</p>"),
        (b"<p>caf\xe9 \x93x\x94 \x80</p>", None, "windows-1252", "<p>café “x” €</p>"),
        (b"<p>caf\xe9 \x93x\x94</p>", "iso-8859-1", "windows-1252", "<p>café “x”</p>"),
        (b"<p>caf\xe9</p>", "no-such-charset", "windows-1252", "<p>café</p>"),
        (b"<p>caf\xe9</p>", "base64", "windows-1252", "<p>café</p>"),
        (b"<p>caf\xe9</p>", "utf-8", "windows-1252", "<p>café</p>"),
        (JAPANESE.encode("iso2022_jp"), "ISO-2022-JP", "iso-2022-jp", JAPANESE),
        (b"<p>a</p>", None, "utf-8", "<p>a</p>"),
        (b"", None, "utf-8", ""),
    ],
)
def test_the_encoding_of_a_page(html: bytes, header: str | None, codec: str, text: str) -> None:
    found, utf8 = decode_page(html, header)
    assert utf8.decode() == text
    assert found == codec


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("shift_jis", "cp932", "shift_jis"),
        ("euc-jp", "euc_jp", "euc-jp"),
        ("Shift_JIS", "cp932", "shift_jis"),
    ],
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
def test_a_page_names_its_encoding(meta: str, charset: str, codec: str, name: str) -> None:
    page = f"<html><head>{meta.format(charset)}</head>{JAPANESE}"
    found, utf8 = decode_page(page.encode(codec))
    assert found == name
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


ENGLISH = (
    "We met Beyoncé at the café on a gray morning, and her résumé lay upon the table. “It’s true,” "
    "said Zoë, whose fiancé André had never seen Curaçao – naïve as he was…"
)


@pytest.mark.parametrize("codec", ["cp1252", "utf-8", "utf-16-le", "utf-16-be"])
def test_english_with_accents_comes_out_as_it_was(codec: str) -> None:
    page = f"<html><body><p>{ENGLISH}</p></body></html>"
    assert decode_page(page.encode(codec))[1].decode() == page


@pytest.mark.parametrize("declared", ["", "<meta charset=iso-8859-1>", "<meta charset=utf-8>"])
@pytest.mark.parametrize("broken", [b"\xff", b"\xe2\x80", b"\x93", b"\xc3"])
def test_a_bad_byte_in_utf8_is_one_unknown_character(declared: str, broken: bytes) -> None:
    before, behind = f"{declared}<p>{ENGLISH}".encode(), "<p>Ça va, très bien.".encode()
    name, utf8 = decode_page(before + broken + behind)
    assert name == "utf-8"
    assert utf8 == before + "\ufffd".encode() + behind


def test_a_page_that_is_cut_inside_a_character_is_utf8() -> None:
    page = f"<p>{ENGLISH}".encode()
    assert decode_page(page[:-1]) == ("utf-8", page[:-3] + "\ufffd".encode())


def test_a_declaration_counts_however_late() -> None:
    page = f"<!-- {'old ' * 5_000}--><script>var a = '<meta charset=koi8-r>'</script>"
    page += f"<meta charset=windows-1251>{RUSSIAN}"
    assert decode_page(page.encode("cp1251")) == ("windows-1251", page.encode())


def test_a_name_that_the_bytes_contradict_does_not_count() -> None:
    page = f"<meta charset=gb2312><p>{ENGLISH}"
    assert decode_page(page.encode("cp1252")) == ("windows-1252", page.encode())
    assert decode_page(page.encode("cp1252"), "utf-8") == ("windows-1252", page.encode())


def test_two_names_of_one_encoding_decode_alike() -> None:
    html = bytes(range(0x80, 0x100)) + b"<p>"
    assert decode_page(html, "windows-1252") == decode_page(html, "iso-8859-1")
    assert decode_page(html, "us-ascii") == decode_page(html, "l1")


def test_hz_and_japanese_escapes_show_themselves() -> None:
    japanese = f"<title>{JAPANESE}</title>"
    assert decode_page(japanese.encode("iso2022_jp")) == ("iso-2022-jp", japanese.encode())
    chinese = "<p>中华人民共和国万岁</p>"
    assert decode_page(chinese.encode("hz")) == ("hz-gb-2312", chinese.encode())
    code = b"<p>a ~{b} c ~} d"
    assert decode_page(code) == ("utf-8", code)


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


@pytest.mark.parametrize(
    "text",
    [
        "Prince Bolkónski and his sister went to the house of the Rostóvs in the evening, where "
        "the old countess, née Shinshína, told the story of the Père Lachaise to all of them.",
        "The area of the first room¹ is ±12 m², and that of the second¹ is the half of it¹, as "
        "the notes¹ at the end of the table say.",
        "The Pokémon and the Pokédex: all of the Pokémon in the game, and how to catch them.",
    ],
)
def test_signs_and_accents_in_english_are_no_other_alphabet(text: str) -> None:
    assert decode_page(text.encode("cp1252")) == ("windows-1252", text.encode())
