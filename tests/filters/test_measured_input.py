"""What callers may hand over to be measured, and hostile documents."""

import pyarrow as pa
import pytest

from massivetext.filters import failed_rules, measure

# ---- what callers hand over -------------------------------------------------------------------


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.string_view()])
def test_arrow_strings_need_no_copy_to_python(type_):
    texts = ["the cat", "", "the dog the dog", "漢字 – …"]
    array = pa.array(texts, pa.large_string()).cast(type_)
    expected = measure(texts)
    assert measure(array).equals(expected)
    assert measure(array.slice(1, 2)).equals(expected.slice(1, 2))
    assert measure(pa.chunked_array([array.slice(0, 3), array.slice(3)])).equals(expected)
    assert measure(iter(texts)).equals(expected)


@pytest.mark.parametrize("text", ["\ud800", "fine \udfff not", "a\udc80"])
def test_unpaired_surrogates_are_refused(text):
    with pytest.raises(ValueError, match="surrogate"):
        measure(["good", text])
    with pytest.raises(ValueError, match="surrogate"):
        failed_rules(text)


def test_bytes_that_are_no_utf8_are_refused():
    for damaged in (b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98"):
        buffers = [
            None,
            pa.array([0, len(damaged)], pa.int64()).buffers()[1],
            pa.py_buffer(damaged),
        ]
        array = pa.Array.from_buffers(pa.large_string(), 1, buffers)
        with pytest.raises(ValueError, match="UTF"):
            measure(array)


def test_a_missing_text_is_refused():
    with pytest.raises(ValueError, match="missing"):
        measure(["a", None])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"measure\(\[text\]\)"):
        measure("a text")


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="count is 'some'; expected 'all' or 'repeats'"):
        measure(["a"], count="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="characters"):
        measure(["a"], characters="bytes")  # type: ignore[arg-type]


# ---- hostile documents ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["x" * 20_000_000, "a " * 1_000_000, "ab\n" * 1_000_000, "a b c d e f g h i j\n\n" * 100_000],
    ids=["one character", "one-letter words", "lines", "paragraphs"],
)
def test_hostile_documents_are_measured(text):
    row = measure([text]).to_pylist()[0]
    words = text.split()
    assert row["words"] == len(words)
    whole = 1.0 if len(words) > 1 else 0.0
    assert row["duplicate_10_gram_character_fraction"] == whole


@pytest.mark.slow
def test_a_hundred_megabytes_take_bounded_memory():
    import resource

    def peak_bytes() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    text = "x" * 100_000_000
    before = peak_bytes()
    assert measure([text])["words"].to_pylist() == [1]
    assert peak_bytes() - before < 5 * len(text)
