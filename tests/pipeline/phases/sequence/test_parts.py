"""Parts are read together, as many as memory allows."""

from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.phases.sequence.parts import in_ranges


@given(st.lists(st.integers(0, 9)), st.integers(0, 5), st.integers(1, 20))
def test_ranges_hold_each_number_once_and_as_many_as_may_be(
    sizes: list[int], first: int, most_bytes: int
) -> None:
    size_bytes = dict(enumerate(sizes, first))
    ranges = list(in_ranges(size_bytes, most_bytes))
    assert [number for numbers in ranges for number in numbers] == list(size_bytes)
    held = [sum(size_bytes[number] for number in numbers) for numbers in ranges]
    assert all(n <= most_bytes or len(r) == 1 for n, r in zip(held, ranges, strict=True))
    following = [size_bytes[numbers.start] for numbers in ranges[1:]]
    assert all(n + more > most_bytes for n, more in zip(held, following, strict=False))
