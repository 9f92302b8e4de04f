from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest

from massivetext.config import ConfigError
from massivetext.model.configs import BatchPlan
from massivetext.model.data import (
    Batches,
    DataIdentity,
    SequenceReader,
    WindowOrder,
    read_sequence,
    windows_per_record,
)
from massivetext.model.errors import BadRecordError

Listed = Callable[[int], SequenceReader]


def batches_of(reader: SequenceReader, rows: np.ndarray, plan: BatchPlan, seed: int = 0) -> Batches:
    return Batches(
        reader=reader,
        order=WindowOrder(len(reader), 2, seed),
        plan=plan,
        microbatch=4,
        rows=rows,
        window=32,
        vocab_size=61,
    )


def test_every_window_comes_once_an_epoch_in_an_order_of_its_own() -> None:
    order = WindowOrder(records=13, windows_per_record=4, seed=3)
    epochs = [[order[epoch * 52 + place] for place in range(52)] for epoch in range(3)]
    everything = list(itertools.product(range(13), range(4)))
    for epoch in epochs:
        assert sorted(epoch) == everything
        assert epoch != everything
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs[0] != [WindowOrder(13, 4, seed=4)[place] for place in range(52)]
    assert epochs[0] == [WindowOrder(13, 4, seed=3)[place] for place in range(52)]


@pytest.mark.parametrize("hosts", [1, 2, 4])
def test_batches_are_the_same_on_any_number_of_hosts(listed_records: Listed, hosts: int) -> None:
    reader, plan = listed_records(10), BatchPlan(windows=8, steps=9, doubles=True)
    whole = batches_of(reader, np.arange(4), plan)
    parts = [batches_of(reader, rows, plan) for rows in np.split(np.arange(4), hosts)]
    for step in range(plan.steps):
        together = np.concatenate([part[step] for part in parts], axis=1)
        assert together.shape == (plan.size(step) // 4, 4, 32)
        np.testing.assert_array_equal(together, whole[step])


def test_run_reads_consecutive_windows_of_the_order(listed_records: Listed) -> None:
    reader, plan = listed_records(10), BatchPlan(windows=8, steps=9, doubles=True)
    batches = batches_of(reader, np.arange(4), plan)
    read = np.concatenate([batches[step].reshape(-1, 32) for step in range(9)])
    windows = [batches.order[place] for place in range(len(read))]
    expected = [reader[record][part * 32 :][:32] for record, part in windows]
    np.testing.assert_array_equal(read, expected)


def test_reading_from_a_step_is_the_rest_of_reading_from_the_start(
    listed_records: Listed,
) -> None:
    batches = batches_of(listed_records(10), np.arange(4), BatchPlan(windows=4, steps=7))
    whole = list(batches.from_step(0))
    assert len(whole) == 7
    np.testing.assert_array_equal(list(batches.from_step(5)), whole[5:])
    np.testing.assert_array_equal(whole, [batches[step] for step in range(7)])


def test_records_of_a_step_are_those_it_reads(listed_records: Listed) -> None:
    batches = batches_of(listed_records(10), np.arange(2), BatchPlan(windows=8, steps=3))
    expected = sorted({batches.order[place][0] for place in range(8, 16)})
    assert batches.records_of(1) == expected


def test_token_outside_the_vocabulary_is_an_error(listed_records: Listed) -> None:
    reader = listed_records(3)
    largest = int(reader[1].max())
    assert read_sequence(reader, 1, largest + 1).dtype == np.int32
    with pytest.raises(BadRecordError, match=f"record 1 holds token {largest}"):
        read_sequence(reader, 1, largest)


def test_window_must_divide_the_record() -> None:
    assert windows_per_record(2048, 256) == 8
    with pytest.raises(ConfigError, match="divides the record"):
        windows_per_record(2048, 300)


def test_identity_changes_with_anything_in_the_dataset(listed_records: Listed) -> None:
    dataset = listed_records(3).dataset
    identity = DataIdentity.of(dataset)
    assert identity == DataIdentity.of(dataclasses.replace(dataset))
    other = dataclasses.replace(dataset, seed=1)
    assert identity.dataset_sha256 != DataIdentity.of(other).dataset_sha256
    identity.require_same_tokenizer(other)
    with pytest.raises(ConfigError, match="tokenizer"):
        identity.require_same_tokenizer(dataclasses.replace(dataset, tokenizer_sha256="cd" * 32))
