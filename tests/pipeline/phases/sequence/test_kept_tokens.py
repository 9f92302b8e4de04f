"""Tokenised crops that stay: each that is wanted is taken once, whatever file it stands in."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.sequence.items import CROP_FILE_SCHEMA, open_crop_writer
from massivetext.pipeline.phases.sequence.kept_tokens import (
    WANTED_DTYPE,
    TokenFiles,
    WantedCrops,
)
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, tokens_of_crops


def crop(number: int) -> tuple[int, bytes, int, int, int]:
    """A crop of `number` tokens, each of that value."""
    return 1000 - number, bytes([number]) * 16, 0, 9, number


def batch_of(numbers: list[int]) -> CropBatch:
    crops_C = np.array([crop(number) for number in numbers], CROP_DTYPE)
    return CropBatch(crops_C, np.repeat(np.array(numbers, "<u2"), numbers))


def wanted_of(numbers: list[int]) -> WantedCrops:
    rows = [(*crop(number)[:2], row) for row, number in enumerate(numbers)]
    return WantedCrops({0: np.array(rows, WANTED_DTYPE)})


def write(files: TokenFiles, draw: int, groups: list[list[int]]) -> None:
    with (
        store.commit(files.output, files.path(draw, "books/a")) as pending,
        open_crop_writer(pending.stream, files.stamped(CROP_FILE_SCHEMA)) as writer,
    ):
        for numbers in groups:
            crops, tokens = batch_of(numbers).to_bytes()
            row = {"part": 0, "visit": 0, "crops": crops, "tokens": tokens}
            writer.write_table(pa.Table.from_pylist([row], CROP_FILE_SCHEMA))


def found(files: TokenFiles, wanted: WantedCrops) -> dict[int, list[int]]:
    """Returns the tokens of the crops that are found, by their number."""
    return {
        1000 - int(row["hash"]): tokens.tolist()
        for _, batch in files.find("books/a", wanted)
        for row, tokens in zip(batch.crops_C, tokens_of_crops(batch), strict=True)
    }


def test_what_is_wanted_is_taken_from_all_draws_and_the_rest_is_left(tmp_path: Path) -> None:
    files = TokenFiles(str(tmp_path), "tokens", "key")
    write(files, 0, [[1, 2, 3], [4]])
    write(files, 1, [[3, 5], [6]])
    wanted = wanted_of([7, 3, 2, 5, 8])
    assert found(files, wanted) == {n: [n] * n for n in (2, 3, 5)}
    assert list(wanted.left()) == [(0, [(0, 993)]), (4, [(0, 992)])]


def test_crops_of_another_key_or_another_document_are_left(tmp_path: Path) -> None:
    write(TokenFiles(str(tmp_path), "tokens", "old"), 0, [[1, 2]])
    assert found(TokenFiles(str(tmp_path), "tokens", "new"), wanted_of([1, 2])) == {}
    rows = np.array([(crop(1)[0], crop(2)[1], 0)], WANTED_DTYPE)
    assert found(TokenFiles(str(tmp_path), "tokens", "old"), WantedCrops({0: rows})) == {}


def test_copies_of_a_document_are_taken_one_by_one(tmp_path: Path) -> None:
    files = TokenFiles(str(tmp_path), "tokens", "key")
    write(files, 0, [[1]])
    wanted = wanted_of([1, 1])
    assert found(files, wanted) == {1: [1]}
    assert len(list(wanted.left())) == 1
