"""What is settled before crops are drawn: how they become sequences, and in how many parts."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from massivetext.config import Sequencing
from massivetext.pipeline.phases.sequence.items import Surveyed
from massivetext.pipeline.phases.sequence.tokenizer_file import TokenizerFile
from massivetext.pipeline.phases.table import phase_named
from massivetext.sequencing.crops import crop_size_bytes
from massivetext.sequencing.dataset import HELD_OUT_FOLDER
from massivetext.sequencing.held_out import Side
from massivetext.sequencing.packing import PackingRule, fitting_rule
from massivetext.sequencing.token_type import TokenType, token_type_of

BYTES_PER_TOKEN: Final = 4
"""Our choice, only to guess sizes before tokens are counted: Table A2 gives 4.2 to 4.4 (code 2)."""

SHARD_BYTES: Final = 256_000_000
"""Our choice: large enough for object stores, small enough for the memory of one worker."""

PART_BYTES: Final = 16_000_000
"""Our choice: a worker sorts at most about this many bytes of tokens at a time, and needs seven
times that in memory."""

_PLENTY: Final = 8
"""Our choice: of a corpus that gives more than so many times what is asked for, the request decides
the number of parts. All other requests find the same parts in it, and so the same sequences."""

(SCRATCH,) = phase_named("sequence").scratch
"""Samples and tokenised crops, below the output folder; deleted when the phase is finished."""

KEPT_TOKENS: Final = "phases/sequence/tokens"
"""Tokenised crops that stay when the phase is finished, below the output folder."""

SAMPLE: Final = f"{SCRATCH}/sample"
"""Counted words that the tokenizer learns from."""


@dataclass(frozen=True)
class PartPlan:
    """What all parts of a side of the corpus have in common.

    Attributes:
        parts: their number; a crop's hash decides its part.
        format_name: of shards, as in the configuration.
        length: tokens a sequence.
        rules: how crops become sequences, by subset.
        seed: of the run.
        tokenizer: of the run.
        split: the side of the corpus: to train on, or held out.
    """

    parts: int
    format_name: str
    length: int
    rules: Mapping[str, PackingRule]
    seed: int
    tokenizer: TokenizerFile
    split: Side

    @property
    def token_type(self) -> TokenType:
        """Of the shards."""
        return token_type_of(self.tokenizer.vocab_size)

    @property
    def folder(self) -> str:
        """Of the shards."""
        return f"sequences/{HELD_OUT_FOLDER}" if self.split.is_held_out else "sequences"

    @property
    def scratch(self) -> str:
        """Folder of the tokenised crops."""
        return f"{SCRATCH}/{HELD_OUT_FOLDER}" if self.split.is_held_out else SCRATCH

    @property
    def parts_folder(self) -> str:
        """Of the sorted parts."""
        return f"{self.scratch}/parts"

    @property
    def ledger(self) -> str:
        """What its sequences count as."""
        return "held_out_sequences" if self.split.is_held_out else "sequences"

    def tokens_folder(self, is_kept: bool) -> str:
        """Returns the folder of the tokenised crops."""
        side = f"/{HELD_OUT_FOLDER}" if self.split.is_held_out else ""
        return f"{KEPT_TOKENS}{side}" if is_kept else f"{self.scratch}/tokens"

    def step(self, name: str) -> str:
        """Returns the name of a step of this side."""
        return f"held-out-{name}" if self.split.is_held_out else name

    def shards(self, sequences: int, asked: int) -> int:
        """Returns the number of shards for so many sequences, by their size unless it is asked."""
        size_bytes = self.token_type.itemsize * self.length * sequences
        return asked or min(self.parts, max(1, math.ceil(size_bytes / SHARD_BYTES)))


def plan_parts(
    config: Sequencing,
    seed: int,
    survey: Mapping[str, Surveyed],
    subsets: Collection[str],
    tokenizer: TokenizerFile,
    split: Side,
) -> PartPlan:
    """Returns the plan; it depends on the corpus and the request, never on workers.

    Args:
        config: what is asked for.
        seed: of the run.
        survey: of this side of the corpus.
        subsets: that have a share.
        tokenizer: of the run.
        split: the side of the corpus.
    """
    rule = PackingRule(config.length, config.crops_per_group, tokenizer.bos, tokenizer.eos)
    supply = sum(survey[subset].crop_bytes for subset in subsets) // BYTES_PER_TOKEN
    most = supply * visits_of(config, split)
    return PartPlan(
        parts=count_parts(config, most, token_type_of(tokenizer.vocab_size).itemsize),
        format_name=config.format,
        length=config.length,
        rules={s: _rule_for(config, rule, survey[s], split) for s in sorted(subsets)},
        seed=seed,
        tokenizer=tokenizer,
        split=split,
    )


def count_parts(config: Sequencing, supply: int, token_bytes: int) -> int:
    """Returns the number of parts; it is the larger, the more tokens can be drawn.

    Args:
        config: what is asked for.
        supply: tokens in all visits.
        token_bytes: size of a token.
    """
    drawn = min(supply, _PLENTY * config.tokens) if config.tokens else supply
    shards = max(1, config.shards)
    return shards << (token_bytes * drawn // (PART_BYTES * shards)).bit_length()


def takes_all(config: Sequencing, split: Side) -> bool:
    """Whether every document is read once, so that shares are those of the corpus.

    So are documents that are held out: one evaluates on each subset by itself.
    """
    return split.is_held_out or (config.crops == "whole" and not config.tokens)


def visits_of(config: Sequencing, split: Side) -> int:
    """Returns how often a document may be read."""
    return 1 if takes_all(config, split) else config.max_visits


def crop_bytes_of(config: Sequencing) -> int | None:
    """Returns C, or None for whole documents."""
    return None if config.crops == "whole" else crop_size_bytes(config.length)


def _rule_for(config: Sequencing, rule: PackingRule, found: Surveyed, split: Side) -> PackingRule:
    """Returns how a subset's crops are grouped: by tens, as in the paper, where that works."""
    if config.crops == "whole" or split.is_held_out:
        return rule.by_tokens()
    return fitting_rule(rule, found.documents, found.crop_bytes // BYTES_PER_TOKEN)
