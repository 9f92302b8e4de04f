from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.packing import PackingRule, count_sequences, fitting_rule, pack
from tests.reference import sequencing as reference

BOS, EOS = 1, 2
WORKED_EXAMPLE = [474, 213, 1232, 6569, 735, 190, 1896, 616, 355, 166]
"""Tokens of ten crops: 12,446, with BOS and EOS 12,466."""


def pack_lists(crops: list[list[int]], rule: PackingRule):
    return pack([np.array(crop, np.uint16) for crop in crops], rule)


def test_worked_example_gives_six_sequences():
    crops = [[7] * size for size in WORKED_EXAMPLE]
    packed = pack_lists(crops, PackingRule(2048, 10, BOS, EOS))
    assert packed.sequences_NxL.shape == (6, 2048)
    assert packed.sequences_NxL[0, 0] == BOS
    assert packed.discarded_tokens == 178
    assert set(np.unique(packed.sequences_NxL)) == {BOS, EOS, 7}


def test_every_crop_has_one_bos_and_one_eos_before_the_cut():
    crops = [[7] * size for size in WORKED_EXAMPLE]
    packed = pack_lists(crops, PackingRule(1, 10, BOS, EOS))  # length 1: nothing is cut off
    stream = packed.sequences_NxL.reshape(-1)
    assert packed.discarded_tokens == 0
    assert (stream == BOS).sum() == (stream == EOS).sum() == 10
    assert len(stream) == 12_466


def test_a_short_last_group_is_packed_too():
    packed = pack_lists([[5] * 6] * 3, PackingRule(8, 2, BOS, EOS))
    assert packed.sequences_NxL.tolist() == [[BOS, *[5] * 6, EOS]] * 3
    assert packed.discarded_tokens == 0


def test_groups_do_not_flow_into_each_other():
    packed = pack_lists([[5] * 3, [6] * 9], PackingRule(8, 1, BOS, EOS))
    assert packed.sequences_NxL.tolist() == [[BOS, *[6] * 7]]
    assert packed.discarded_tokens == 5 + 3


def test_nothing_gives_nothing():
    packed = pack_lists([], PackingRule(8, 10, BOS, EOS))
    assert packed.sequences_NxL.shape == (0, 8)
    assert len(packed.spans) == 0
    assert packed.discarded_tokens == 0


crop_lists = st.lists(st.lists(st.integers(3, 65_535), max_size=30), max_size=25)


rules = st.builds(
    PackingRule,
    length=st.integers(1, 20),
    crops_per_group=st.integers(1, 12),
    bos=st.just(BOS),
    eos=st.just(EOS),
    tokens_per_group=st.just(0) | st.integers(1, 200),
)


@given(crops=crop_lists, rule=rules)
def test_packing_equals_the_reference(crops, rule):
    packed = pack_lists(crops, rule)
    sequences, pieces, discarded = reference.sequences(
        crops, rule.length, rule.crops_per_group, BOS, EOS, rule.tokens_per_group
    )
    assert packed.sequences_NxL.tolist() == sequences
    assert packed.discarded_tokens == discarded
    numbered = [(n, *piece) for n, group in enumerate(pieces) for piece in group]
    assert [tuple(span) for span in packed.spans.tolist()] == numbered
    sizes = np.array([len(crop) for crop in crops], np.int64)
    assert count_sequences(sizes, rule) == len(sequences)


@given(crops=crop_lists, rule=rules)
def test_more_crops_never_give_fewer_sequences(crops, rule):
    sizes = np.array([len(crop) for crop in crops], np.int64)
    counts = [count_sequences(sizes[:n], rule) for n in range(len(sizes) + 1)]
    assert counts == sorted(counts)


def test_groups_are_formed_by_tokens_where_ten_crops_hardly_fill_a_sequence():
    tens = PackingRule(2048, 10, BOS, EOS)
    assert fitting_rule(tens, crops=1_000, tokens=504_000) == tens  # C4: 1.9 sequences by tens
    assert fitting_rule(tens, crops=1_000, tokens=300_000) == tens.by_tokens()
    long = replace(tens, length=8192)
    assert fitting_rule(long, crops=1_000, tokens=504_000) == long.by_tokens()
    sizes = np.full(10_000, 504)
    lost = {
        rule: 1 - count_sequences(sizes, rule) * 8192 / (506 * 10_000)
        for rule in (long, long.by_tokens())
    }
    assert lost[long] == 1
    assert lost[long.by_tokens()] < 0.01


@given(crops=crop_lists, rule=rules)
def test_no_token_is_lost_or_made_up(crops, rule):
    packed = pack_lists(crops, rule)
    tokens_in = sum(len(crop) + 2 for crop in crops)
    assert packed.sequences_NxL.size + packed.discarded_tokens == tokens_in
    for sequence, crop, crop_start, crop_stop, start, stop in packed.spans.tolist():
        wrapped = [BOS, *crops[crop], EOS]
        assert packed.sequences_NxL[sequence, start:stop].tolist() == wrapped[crop_start:crop_stop]
    assert sum(packed.spans["stop"] - packed.spans["start"]) == packed.sequences_NxL.size


def test_ten_crops_a_group_lose_less_than_one():
    rng = np.random.default_rng(0)
    sizes = rng.lognormal(6, 1, 2_000).astype(np.int64)
    crops = [np.full(size, 7, np.uint16) for size in sizes]
    discarded = [
        pack(crops, PackingRule(2048, group, BOS, EOS)).discarded_tokens for group in (1, 10, 100)
    ]
    assert discarded == sorted(discarded, reverse=True)
    assert discarded[1] / sizes.sum() == pytest.approx(0.15, abs=0.1)
