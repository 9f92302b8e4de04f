from hypothesis import given
from hypothesis import strategies as st

from massivetext.records import address, document_id, stable_hash


def test_an_id_is_32_hex_digits_and_stays_what_it_was() -> None:
    assert document_id("books", "b1", b"text") == "c2262842f37f9559b6e089ef81468522"


@given(st.tuples(st.text(), st.text(), st.binary()), st.tuples(st.text(), st.text(), st.binary()))
def test_different_records_have_different_ids(
    one: tuple[str, str, bytes], other: tuple[str, str, bytes]
) -> None:
    assert (document_id(*one) == document_id(*other)) == (one == other)


def test_a_byte_moved_from_one_part_to_the_next_changes_the_id() -> None:
    assert document_id("ab", "c", b"d") != document_id("a", "bc", b"d")
    assert document_id("a", "bc", b"d") != document_id("a", "b", b"cd")


def test_random_numbers_depend_on_seed_key_and_purpose() -> None:
    numbers = {
        stable_hash(seed, key, purpose)
        for seed in (0, 1, -1, 2**64)
        for key in ("", "a", "b")
        for purpose in ("crop", "priority")
    }
    assert len(numbers) == 3 * 3 * 2  # 2**64 is 0 modulo 2**64
    assert all(0 <= number < 2**64 for number in numbers)
    assert stable_hash(7, "a", "crop") == stable_hash(7, "a", "crop")


def test_addresses_sort_by_item_and_row() -> None:
    assert address(0, 0) == 0
    assert address(1, 2) == 2**32 + 2
    assert address(2, 0) > address(1, 2**32 - 1)
