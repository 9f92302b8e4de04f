import argparse

import pytest

from massivetext.pipeline.commands.arguments import absolute, positive_int, size_bytes


def test_positive_integers() -> None:
    assert positive_int("12") == 12
    for text in ("0", "-3", "2.5", "many", ""):
        with pytest.raises(argparse.ArgumentTypeError) as raised:
            positive_int(text)
        assert str(raised.value) == f"expected a positive integer, got {text!r}"


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("500 mb", 5 * 10**8), ("1.5g", 15 * 10**8), ("7", 7), ("2KiB", 2000)],
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["much", "4XB", "-1GB", ""])
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        size_bytes(text)
    assert str(raised.value) == f"expected a size such as 4GB or 500MB, got {text!r}"


def test_paths_become_absolute_and_urls_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    assert absolute("out") == str(folder / "out")
    assert absolute("s3://bucket/out") == "s3://bucket/out"
