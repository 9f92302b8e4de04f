from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing import crops
from tests.reference import sequencing as reference

N = 2048
C = 30_720
LAST = 2**64 - 1  # the largest random number: s just below B - C/4


def random_for(size_bytes: int, s: int) -> int:
    """Returns random bits that place a crop of a document at s."""
    return -(-(s + C // 4) * 2**64 // size_bytes)


def test_a_crop_is_15_bytes_a_token():
    assert crops.crop_size_bytes(N) == C


@pytest.mark.parametrize("random_64", [0, 2**63, LAST])
@pytest.mark.parametrize("size_bytes", [0, 1, 7_679, 7_680, 7_681])
def test_up_to_a_quarter_crop_and_one_byte_the_whole_document_is_read(size_bytes, random_64):
    assert crops.crop_range(b"x" * size_bytes, C, random_64) == (0, size_bytes)


def test_with_two_bytes_more_a_crop_may_start_at_one():
    assert crops.crop_range(b"x" * 7_682, C, LAST) == (1, 7_682)


def test_smallest_and_largest_start():
    text = b"x" * 100_000
    assert crops.crop_range(text, C, 0) == (0, 23_040)
    assert crops.crop_range(text, C, LAST) == (100_000 - 7_681, 100_000)


@pytest.mark.parametrize(
    ("size_bytes", "s", "expected"),
    [
        (100_000, -3_000, (0, 27_720)),
        (12_000, 4_000, (4_000, 12_000)),
        (100_000, 50_000, (50_000, 80_720)),
        (100_000, 90_000, (90_000, 100_000)),
    ],
)
def test_worked_examples(size_bytes, s, expected):
    random_64 = random_for(size_bytes, s)
    assert crops.crop_start(size_bytes, C, random_64) == s
    assert crops.crop_range(b"x" * size_bytes, C, random_64) == expected


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
    length=st.integers(1, 5),
    random_64=st.integers(0, LAST),
)
def test_crop_equals_the_reference(text, length, random_64):
    encoded = text.encode()
    start, stop = crops.crop_range(encoded, crops.crop_size_bytes(length), random_64)
    expected = reference.crop(encoded, length, Fraction(random_64, 2**64))
    assert encoded[start:stop] == encoded[slice(*expected)]
    assert (start, stop) == expected or start == stop
    encoded[start:stop].decode()


@pytest.mark.parametrize("size_bytes", [5_000, 7_682, 12_000, 30_720, 61_440, 500_000])
def test_coverage_follows_the_closed_form(size_bytes):
    draws = 200_000
    edges = np.zeros(size_bytes + 1, np.int64)
    starts = Counter(
        crops.crop_start(size_bytes, C, crops.crop_random(0, "books", f"{i:032x}", 0))
        for i in range(draws)
    )
    for s, count in starts.items():
        edges[max(0, s)] += count
        edges[min(size_bytes, s + C)] -= count
    covered = np.cumsum(edges[:-1]) / draws
    places = np.linspace(0, size_bytes - 1, 41).astype(int)
    expected = [float(reference.coverage(int(p), size_bytes, N)) for p in places]
    # floor(s) moves the law by at most one byte; 5 standard deviations of a proportion.
    assert np.abs(covered[places] - expected).max() <= 1 / size_bytes + 5 * 0.5 / draws**0.5


def test_published_coverage_at_one_crop_size():
    expected = [0.25, 0.75, 0.75]
    assert [float(reference.coverage(p, C, N)) for p in (0, C // 2, C - 1)] == pytest.approx(
        expected, abs=1e-4
    )


@given(size_bytes=st.integers(1, 300_000), length=st.integers(4, 3000))
def test_expected_crop_bytes_is_the_mean(size_bytes, length):
    crop_bytes = 15 * length
    steps = 2_000
    sizes = []
    for i in range(steps):
        s = crops.crop_start(size_bytes, crop_bytes, (2 * i + 1) * 2**64 // (2 * steps))
        sizes.append(min(size_bytes, s + crop_bytes) - max(0, s))
    tolerance = 3 + size_bytes / steps
    assert crops.expected_crop_bytes(size_bytes, crop_bytes) == pytest.approx(
        sum(sizes) / steps, abs=tolerance
    )


def test_crops_differ_by_every_part_of_the_key():
    base = (0, "books", "a", 0)
    others = [(1, "books", "a", 0), (0, "news", "a", 0), (0, "books", "b", 0), (0, "books", "a", 1)]
    values = {crops.crop_random(*key) for key in [base, *others]}
    assert len(values) == 5
    assert crops.crop_random(*base) == crops.crop_random(*base)


def test_crops_of_published_datasets_stay_the_same():
    """Golden: another hash or another arithmetic would give every user other sequences."""
    document = "0123456789abcdef" * 2
    randoms = [crops.crop_random(0, "books", document, visit) for visit in range(3)]
    assert randoms[:2] == [6215203392638446569, 5044122454156530451]
    ranges = [crops.crop_range(b"x" * 100_000, C, random_64) for random_64 in randoms]
    assert ranges == [(26_012, 56_732), (19_664, 50_384), (25_335, 56_055)]
