"""Crops are drawn and counted until every subset can give its share, or is used up."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from massivetext.config import Config, fingerprint
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.results import join_results
from massivetext.pipeline.engine.steps import Map, Shuffle, even_ranges
from massivetext.pipeline.phases.phase import PhaseRun
from massivetext.pipeline.phases.sequence.items import (
    TOKENISE_BYTES,
    CorpusItem,
    Surveyed,
    Tokenised,
    TokeniseItem,
)
from massivetext.pipeline.phases.sequence.kept_tokens import TokenFiles
from massivetext.pipeline.phases.sequence.parts import CropFile
from massivetext.pipeline.phases.sequence.planning import (
    BYTES_PER_TOKEN,
    PartPlan,
    crop_bytes_of,
    takes_all,
    visits_of,
)
from massivetext.pipeline.phases.sequence.shards import (
    CountRound,
    PartSupply,
    sequences_by_visit,
)
from massivetext.sequencing.crop_batches import CROP_DTYPE
from massivetext.sequencing.draws import (
    FIRST_VISIT,
    WHOLE,
    Draw,
    Supply,
    next_draws,
    wanted_sequences,
)
from massivetext.sequencing.held_out import Side
from massivetext.sequencing.mixture import Mixture, make_mixture
from massivetext.sequencing.packing import SPECIALS_PER_CROP


class TooSmallError(RunError):
    """A corpus that gives no sequence."""


@dataclass(frozen=True)
class Drawn:
    """What has been read so far.

    Attributes:
        mixture: shares of the subsets that give sequences.
        supplies: by subset.
        files: of tokenised crops, and what each of them holds.
    """

    mixture: Mixture
    supplies: Mapping[str, Supply]
    files: Mapping[CropFile, Tokenised] = field(default_factory=dict)

    def crop_tokens(self, subset: str) -> int:
        """Returns the tokens of a subset's crops, BOS and EOS included."""
        held = [found for file, found in self.files.items() if file.subset == subset]
        return sum(found.tokens + SPECIALS_PER_CROP * found.crops for found in held)


ReadDraws = Callable[[Drawn, Mapping[str, Draw], int], Drawn]
"""Adds draws, by subset, to what was drawn; the number counts the calls."""


def corpus_items(run: PhaseRun) -> list[CorpusItem]:
    """Returns the files of the corpus, in the order of their names."""
    items = []
    for item in run.items:
        path = f"corpus/{item.name}.parquet"
        files = run.upstream["corpus"].items[item.name].files
        entry = next(file for file in files if file.path == path)
        items.append(CorpusItem(item.number, item.name, item.subset, entry.xxh3, entry.size_bytes))
    return items


def mixture_of(config: Config, present: Collection[str]) -> Mixture:
    """Returns the shares of these subsets.

    Raises:
        RunError: if none of them has a weight.
    """
    try:
        return make_mixture(config.sequence.weights, present)
    except ValueError as error:
        raise RunError(str(error)) from None


def draw(run: PhaseRun, plan: PartPlan, mixture: Mixture, survey: Mapping[str, Surveyed]) -> Drawn:
    """Reads the corpus until every subset can give its share, or has been visited enough."""
    token_bytes = BYTES_PER_TOKEN * plan.length
    supplies = {
        subset: Supply(survey[subset].documents, Fraction(survey[subset].crop_bytes, token_bytes))
        for subset in mixture.given
    }
    read = functools.partial(_read_draws, run, plan, survey)
    return draw_until_enough(run.job.config, plan.split, Drawn(mixture, supplies), read)


def draw_until_enough(config: Config, split: Side, drawn: Drawn, read: ReadDraws) -> Drawn:
    """Returns what `read` has added until every subset gives its share, or is used up.

    Raises:
        TooSmallError: if no subset gives a sequence.
    """
    visits = visits_of(config.sequence, split)
    by_supply = takes_all(config.sequence, split)
    # Without a number of tokens, one visit of every document says how many are wanted.
    is_counted = by_supply or not config.sequence.tokens
    draws = dict.fromkeys(drawn.supplies, FIRST_VISIT) if is_counted else {}
    number = 0
    while True:
        if draws:
            drawn = read(drawn, draws, number)
            number += 1
        if not by_supply:
            wanted = wanted_of(config, split, drawn)
            draws = next_draws(wanted, drawn.mixture.given, drawn.supplies, visits)
            if draws:
                continue
        fruitful = {s: supply for s, supply in drawn.supplies.items() if supply.sequences}
        if not fruitful:
            raise TooSmallError(
                f"the corpus is too small: none of {', '.join(drawn.supplies)} gives a single "
                f"sequence of {config.sequence.length:,} tokens in a shard; add documents, or set "
                "a smaller sequence.length or sequence.shards"
            )
        if by_supply:
            return Drawn(_by_supply(drawn.mixture, fruitful), fruitful, drawn.files)
        if len(fruitful) == len(drawn.supplies):
            return drawn
        drawn = Drawn(mixture_of(config, fruitful), fruitful, drawn.files)


def wanted_of(config: Config, split: Side, drawn: Drawn) -> int:
    """Returns how many sequences are asked for."""
    tokens = 0 if takes_all(config.sequence, split) else config.sequence.tokens
    return wanted_sequences(tokens, config.sequence.length, drawn.supplies)


def _by_supply(mixture: Mixture, supplies: Mapping[str, Supply]) -> Mixture:
    """Returns the shares that the subsets have of all their sequences."""
    total = sum(supply.sequences for supply in supplies.values())
    given = {subset: Fraction(x.sequences, total) for subset, x in supplies.items()}
    return replace(mixture, given=given, warnings=())


def _read_draws(
    run: PhaseRun,
    plan: PartPlan,
    survey: Mapping[str, Surveyed],
    drawn: Drawn,
    draws: Mapping[str, Draw],
    number: int,
) -> Drawn:
    """Tokenises the crops of some draws, and counts the sequences of all of these subsets."""
    job, steps, config = run.job, run.steps, run.job.config
    # A tokenizer that is trained on the corpus is another one when that has grown.
    folder = plan.tokens_folder(is_kept=bool(config.tokenizer.model))
    key = fingerprint(run.item_key, plan.tokenizer.sha256)
    token_files = TokenFiles(job.output, folder, key)
    work = TokeniseItem(
        output=job.output,
        files=token_files,
        draw=number,
        tokenizer=plan.tokenizer,
        seed=config.seed,
        crop_bytes=crop_bytes_of(config.sequence),
        parts=plan.parts,
        draws=draws,
        split=plan.split,
    )
    items = [item for item in corpus_items(run) if item.subset in draws]
    name = plan.step(f"tokenise-{number:03d}")
    tokenise = Map(name, items, work, Tokenised, TOKENISE_BYTES)
    files = {i.name: CropFile(token_files.path(number, i.name), i.subset) for i in items}
    earlier = [file for file in drawn.files if file.subset in draws]
    crops = math.ceil(sum(survey[s].documents * (d.stop / WHOLE) for s, d in draws.items()))
    rounds = even_ranges(plan.parts, job.engine.rounds(crops * CROP_DTYPE.itemsize))
    build = CountRound(job.output, (*earlier, *files.values()), plan.rules)
    count = Shuffle(plan.step(f"count-{number:03d}"), rounds, build, PartSupply)
    if len(rounds) == 1:
        steps.run_together(tokenise, count)
    results = steps.run(tokenise)
    counted = sequences_by_visit(join_results(steps.run(count).values()).found, plan.parts)
    supplies = dict(drawn.supplies)
    for subset, a_draw in draws.items():
        supplies[subset] = supplies[subset].read_to(a_draw, counted.get(subset, ()))
    found = {files[name]: result.only for name, result in results.items()}
    return Drawn(drawn.mixture, supplies, {**drawn.files, **found})
