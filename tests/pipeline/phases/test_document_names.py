import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.phases.document_names import plain_name

ID = "37f221eb75e26876db7e0e2b4206e5d3"
UUID = "urn:uuid:7c79b6c3-b0e2-5408-8558-acff55486752"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (ID.upper(), ID),
        (f" {ID}\n", ID),
        (f"<{UUID}>", UUID),
        (UUID.upper(), UUID),
        ("<https://a.example/x>", "https://a.example/x"),
        ("HTTPS://A.Example/x/", "https://a.example/x"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:443/", "http://a.example:443"),
        ("https://a.example/X?q=A/", "https://a.example/X?q=A/"),
        ("https://Me@A.example/x", "https://Me@a.example/x"),
        ("https://[::1", "https://[::1"),
        ("Some/Source-Id/", "Some/Source-Id/"),
        ("enwiki/334", "enwiki/334"),
        ("<>", ""),
        ("  ", ""),
    ],
)
def test_a_name_has_one_form(written: str, plain: str) -> None:
    assert plain_name(written) == plain


@given(st.text() | st.from_regex(r"https?://[A-Za-z.:@/?#%-]*"))
def test_the_form_of_a_form_is_itself(name: str) -> None:
    assert plain_name(plain_name(name)) == plain_name(name)
