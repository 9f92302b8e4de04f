import re

from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers.header_fields import first_fields, header_end, joined_fields

HEAD = "GET / HTTP/1.1: x\r\nA : 1 \r\nno field\r\nb:\r\n\tmore\r\n and more\r\nB: 2: 3\nA:4\r\n"


def test_fields_are_joined_or_the_first_taken() -> None:
    assert joined_fields(HEAD) == {"a": "1, 4", "b": "more and more, 2: 3"}
    assert first_fields(HEAD) == {"a": "1", "b": "more and more"}
    unfolded = "X\r\nA: 1\r\nB: 2\r\n"
    assert joined_fields(unfolded) == first_fields(unfolded) == {"a": "1", "b": "2"}
    for nothing in ("", "A: 1", "A: 1\r\n", "\n b: 1\n"):
        assert joined_fields(nothing) == first_fields(nothing) == {}


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\n\n", b"\n\r\n"])), st.integers(0, 5))
def test_a_header_ends_at_its_first_empty_line(parts: list[bytes], start: int) -> None:
    content = b"".join(parts)
    found = re.compile(rb"\n\r?\n").search(content, start)
    assert header_end(content, start, len(content)) == (found.span() if found else None)
    assert header_end(bytearray(content), start, len(content)) == (found.span() if found else None)
