"""The label table of the Encoding Standard, and what is beyond it."""

from collections import Counter

import pytest

from massivetext.pipeline.extraction.charset.decoders import decode
from massivetext.pipeline.extraction.charset.labels import STANDARD_LABELS, encoding_name


def test_the_table_is_whole() -> None:
    assert len(STANDARD_LABELS) == 228
    counts = Counter(STANDARD_LABELS.values())
    assert len(counts) == 40
    # Numbers of labels, counted in the standard's table.
    some = {"windows-1252": 17, "iso-8859-6": 14, "windows-1254": 12, "euc-kr": 10, "gbk": 9}
    assert {name: counts[name] for name in some} == some


@pytest.mark.parametrize("label", sorted(STANDARD_LABELS))
def test_every_label_has_a_decoder(label: str) -> None:
    name = encoding_name(f" {label.upper()}\n")
    assert name is not None
    assert name == encoding_name(name)
    text = "<p>a</p>"
    wide = "utf-16-be" if name == "utf-16be" else "utf-16-le"
    data = text.encode(wide if name.startswith("utf-16") else "ascii")
    assert decode(data, name) == ("\ufffd" if name == "replacement" else text)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("latin-1", "windows-1252"),
        ("utf_8", "utf-8"),
        ("cp949", "euc-kr"),
        ("eucJP", "euc-jp"),
        ("UTF-32", "utf-32le"),
        ('"windows-1251";', "windows-1251"),
        ("cp850", "cp850"),
        ("base64", None),
        ("utf-7", None),
        ("idna", None),
        ("cp037", None),
        ("", None),
        ("\0", None),
        ("x" * 1000, None),
    ],
)
def test_other_spellings(label: str, name: str | None) -> None:
    assert encoding_name(label) == name
