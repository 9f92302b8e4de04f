"""The rules `greedy` and `cluster` on a cluster: rounds in which blocks ask and tell each other.

Every round reads the states that the round before it has written, one file a block, so a repeated
attempt writes the same bytes. The driver only counts what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.dedup import removal_rules
from massivetext.dedup.beam import KeyedBytes, RecordAnswers, split_by
from massivetext.dedup.groups import Records
from massivetext.dedup.removal import REMOVAL, VERIFIED
from massivetext.dedup.removal_rules import RemovalRule
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Shuffle, Steps
from massivetext.pipeline.phases.dedup.files import (
    SCRATCH_FOLDER,
    DedupFiles,
    read_array,
    write_array,
)
from massivetext.pipeline.phases.dedup.shuffles import (
    ByBlock,
    Exchange,
    join_records,
)


@dataclass(frozen=True)
class Left:
    """What a block leaves for the next round: open documents, nodes, or messages."""

    block: int
    records: int


@dataclass(frozen=True)
class NearRemovals:
    """Where the near removals of blocks lie, and how they are read.

    Attributes:
        output: the output folder.
        paths: files by block.
        of_file: what is removed according to the array in such a file.
    """

    output: str
    paths: dict[int, str]
    of_file: Callable[[Records], Records]

    def __call__(self, block: int) -> Records:
        """Returns the near removals of a block."""
        if block not in self.paths:
            return np.empty(0, REMOVAL)
        return self.of_file(read_array(self.output, self.paths[block]))


def resolve(
    steps: Steps, files: DedupFiles, rule: RemovalRule, blocks: Sequence[int]
) -> NearRemovals:
    """Returns the near removals that follow from the verified pairs of these blocks."""
    if rule == "pairwise":
        paths = {block: files.verified_path(block) for block in blocks}
        return NearRemovals(files.output, paths, removal_rules.pairwise_removals)
    if rule == "greedy":
        return _resolve_greedily(steps, files, blocks)
    return _resolve_clusters(steps, files, blocks)


def _resolve_greedily(steps: Steps, files: DedupFiles, blocks: Sequence[int]) -> NearRemovals:
    number, is_open = 0, bool(blocks)
    while is_open:
        build = GreedyRound(files, number, frozenset(blocks))
        step = Shuffle(f"greedy-{number:03d}", [list(blocks)], build, Left)
        number, is_open = number + 1, any(left.records for left in _found(steps, step))
    paths = {block: state_path("greedy", number, block) for block in blocks}
    return NearRemovals(files.output, paths, removal_rules.greedy_removed)


def _resolve_clusters(steps: Steps, files: DedupFiles, blocks: Sequence[int]) -> NearRemovals:
    with_pairs = frozenset(blocks)
    start = Shuffle("cluster-start", [list(blocks)], StartClusters(files, with_pairs), Left)
    nodes = sorted(left.block for left in _found(steps, start))
    number, messages = 0, len(nodes)
    while messages:
        build = ClusterRound(files, number, with_pairs)
        step = Shuffle(f"cluster-{number:03d}", [nodes], build, Left)
        number, messages = number + 1, sum(left.records for left in _found(steps, step))
    paths = {block: state_path("cluster", number, block) for block in nodes}
    return NearRemovals(files.output, paths, removal_rules.cluster_removed)


def _found(steps: Steps, step: Shuffle[list[int], Left]) -> tuple[Left, ...]:
    """Runs a step of one round; returns what its blocks have found."""
    (result,) = steps.run(step).values()
    return result.found


def state_path(rule: RemovalRule, number: int, block: int) -> str:
    """Returns the path of what a block knows before a round."""
    return f"{SCRATCH_FOLDER}/{rule}/{number:03d}/{block:06d}.npy"


@dataclass(frozen=True)
class GreedyRound:
    """One round of the rule `greedy`: `rules.greedy_round` in every block."""

    files: DedupFiles
    number: int
    with_pairs: frozenset[int]

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round."""
        return (
            start
            | Exchange(self.files.blocks, blocks, self._asked, self._answer)
            | "Decide" >> beam.Map(self._decide)
        )

    def _state(self, block: int) -> Records:
        if block not in self.with_pairs:
            return np.empty(0, removal_rules.GREEDY)
        if self.number:
            path = state_path("greedy", self.number, block)
            return read_array(self.files.output, path)
        return removal_rules.greedy_start(self.files.verified(block))

    def _asked(self, block: int) -> NDArray[np.uint64]:
        return removal_rules.greedy_asked(self._state(block))

    def _answer(self, block: int, addresses: NDArray[np.uint64]) -> Iterator[RecordAnswers]:
        yield RecordAnswers(removal_rules.greedy_answers(self._state(block), addresses))

    def _decide(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[Left]:
        block, packed = element
        answers = np.sort(join_records(packed, removal_rules.STATUS), order="address")
        state = removal_rules.greedy_round(self._state(block), answers)
        write_array(self.files.output, state_path("greedy", self.number + 1, block), state)
        return ItemResult(found=(Left(block, int((state["state"] == removal_rules.OPEN).sum())),))


@dataclass(frozen=True)
class StartClusters:
    """Every block learns of the verified pairs that its documents win."""

    files: DedupFiles
    with_pairs: frozenset[int]

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes: the blocks that have nodes."""
        return (
            start
            | Redistribute(lambda: blocks)
            | "Turn" >> beam.FlatMap(self._turned).with_output_types(KeyedBytes)
            | "By block" >> beam.GroupByKey()
            | "Start" >> beam.Map(self._start)
        )

    def _turned(self, block: int) -> Iterator[KeyedBytes]:
        yield block, b""  # so that every block with pairs starts
        turned = removal_rules.turned(self.files.verified(block))
        yield from split_by(turned, self.files.blocks.numbers(turned["lower"]))

    def _start(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[Left]:
        block, packed = element
        pairs = [join_records(packed, VERIFIED)]
        if block in self.with_pairs:
            pairs.append(self.files.verified(block))
        nodes = removal_rules.cluster_start(np.concatenate(pairs))
        write_array(self.files.output, state_path("cluster", 0, block), nodes)
        return ItemResult(found=(Left(block, nodes.size),))


@dataclass(frozen=True)
class ClusterRound:
    """One round of the rule `cluster`: `rules.cluster_round` in every block."""

    files: DedupFiles
    number: int
    with_pairs: frozenset[int]

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round."""
        told = (
            start
            | Exchange(self.files.blocks, blocks, self._asked, self._answer)
            | "Tell" >> beam.FlatMap(self._messages).with_output_types(KeyedBytes)
        )
        messages = (start, told) | "Messages" >> ByBlock(blocks)
        return messages | "Update" >> beam.Map(self._update)

    def _nodes(self, block: int) -> Records:
        return read_array(self.files.output, state_path("cluster", self.number, block))

    def _pairs(self, block: int) -> Records:
        if block not in self.with_pairs:
            return np.empty(0, VERIFIED)
        return self.files.verified(block)

    def _asked(self, block: int) -> NDArray[np.uint64]:
        return removal_rules.cluster_asked(self._nodes(block), self._pairs(block))

    def _answer(self, block: int, addresses: NDArray[np.uint64]) -> Iterator[RecordAnswers]:
        yield RecordAnswers(removal_rules.cluster_answers(self._nodes(block), addresses))

    def _messages(self, element: tuple[int, Iterable[bytes]]) -> Iterator[KeyedBytes]:
        block, packed = element
        answers = np.sort(join_records(packed, removal_rules.LABEL), order="address")
        messages = removal_rules.cluster_messages(self._nodes(block), self._pairs(block), answers)
        yield from split_by(messages, self.files.blocks.numbers(messages["address"]))

    def _update(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[Left]:
        block, packed = element
        messages = join_records(packed, removal_rules.LABEL)
        nodes = removal_rules.cluster_round(self._nodes(block), messages)
        write_array(self.files.output, state_path("cluster", self.number + 1, block), nodes)
        return ItemResult(found=(Left(block, messages.size),))
