import argparse

import pytest

from massivetext.pipeline.commands.arguments import (
    absolute,
    memory_bytes,
    positive_int,
    size_bytes,
)


def test_positive_integers() -> None:
    assert positive_int("12") == 12
    for text in ("0", "-3", "2.5", "many", "", "٣", "9" * 5000):
        with pytest.raises(argparse.ArgumentTypeError) as raised:
            positive_int(text)
        assert str(raised.value) == f"expected a positive integer, got {text!r}"


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("500 mb", 5 * 10**8), ("1.5g", 15 * 10**8), ("7", 7), ("2KiB", 2000)],
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["much", "4XB", "-1GB", "", "٣GB", "9" * 5000])
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        size_bytes(text)
    assert str(raised.value) == f"expected a size such as 4GB or 500MB, got {text!r}"


@pytest.mark.parametrize("text", ["10", "0GB", "999kB"])
def test_a_budget_of_less_than_a_megabyte_has_lost_its_unit(text: str) -> None:
    assert memory_bytes("2MB") == 2_000_000
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        memory_bytes(text)
    assert str(raised.value) == f"expected at least 1MB, e.g. 4GB or 500MB, got {text!r}"


def test_paths_become_absolute_and_urls_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    assert absolute("out") == str(folder / "out")
    assert absolute("s3://bucket/out") == "s3://bucket/out"
