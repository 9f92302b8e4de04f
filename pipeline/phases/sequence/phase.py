"""Phase SEQUENCE: the corpus becomes shards of equal-length token sequences (A.1.2).

survey    map: size of the corpus, and the tokenizer's sample
tokenise  map: one crop of each document that is drawn; again while subsets fall short
count     shuffle of crops' sizes: the sequences that each shard can give
shards    shuffle of tokens: each shard packs, takes its quotas and writes a shard
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from massivetext.config import Config, ConfigError
from massivetext.events import tell
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.processes import release_memory
from massivetext.pipeline.engine.results import join_results
from massivetext.pipeline.engine.steps import Map, Shuffle, even_ranges
from massivetext.pipeline.phases.costs import Costs, Files, Forecast
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.sequence.description import Drawn, describe
from massivetext.pipeline.phases.sequence.items import (
    SURVEY_BYTES,
    TOKENISE_BYTES,
    Surveyed,
    SurveyItem,
    Tokenised,
    TokeniseItem,
)
from massivetext.pipeline.phases.sequence.shards import (
    PART_BYTES,
    PARTS,
    SCRATCH,
    CountRound,
    CropFile,
    ShardPlan,
    ShardSupply,
    sequences_by_subset,
    write_shards,
)
from massivetext.sequencing.beam import DrawId, Quotas
from massivetext.sequencing.crop_batches import CROP_DTYPE
from massivetext.sequencing.crops import crop_size_bytes
from massivetext.sequencing.dataset import DATASET_FILE, TOKENIZER_FILE
from massivetext.sequencing.draws import (
    Draw,
    Supply,
    next_draws,
    settle,
    shard_quotas,
    wanted_sequences,
)
from massivetext.sequencing.mixture import Mixture, Shares, make_mixture
from massivetext.sequencing.packing import PackingRule
from massivetext.sequencing.tokenizer import Tokenizer
from massivetext.sequencing.tokenizer_training import (
    TrainedTokenizer,
    sampling_limits,
    train_tokenizer,
)

BYTES_PER_TOKEN: Final = 4
"""Our choice, only to guess sizes before tokens are counted: Table A2 gives 4.2 to 4.4 (code 2)."""

SHARD_BYTES: Final = 256_000_000
"""Our choice: large enough for object stores, small enough for the memory of one worker."""

_SAMPLE: Final = f"{SCRATCH}/sample"
"""Counted words that the tokenizer learns from."""


ReadDraws = Callable[[Drawn, Mapping[str, Draw], int], Drawn]
"""Adds draws, by subset, to what was drawn; the number counts the calls."""


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns everything that the phase's results depend on, but the corpus.

    Raises:
        ConfigError: if the configured tokenizer cannot be used.
    """
    del items
    config = job.config
    return {
        "seed": config.seed,
        "tokenizer": _tokenizer_settings(config),
        "sequence": config.sequence,
    }


def load_configured_tokenizer(path: str) -> Tokenizer:
    """Returns the tokenizer that `tokenizer.model` names.

    Raises:
        ConfigError: if the file is missing or is not a suitable model.
    """
    try:
        return Tokenizer(store.read_bytes(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"tokenizer.model = {path!r}: {error}") from None


def _tokenizer_settings(config: Config) -> Any:
    if config.tokenizer.model:
        return {"sha256": load_configured_tokenizer(config.tokenizer.model).sha256}
    return config.tokenizer


def sequence(run: PhaseRun) -> Manifest:
    """Writes `sequences/`.

    Raises:
        RunError: if the corpus gives no sequence at all.
    """
    survey = _survey(run)
    filled = [subset for subset, counts in survey.items() if counts.text_bytes]
    mixture = mixture_of(run.job.config, filled)
    tokenizer, training_warnings, tokenizer_entry = _tokenizer(run, mixture.given)
    plan = _shard_plan(run, mixture.given, survey, tokenizer)
    drawn = _draw(run, plan, mixture, survey)
    wanted = wanted_of(run.job.config, drawn)
    targets, shortage = settle(wanted, drawn.mixture.given, drawn.supplies)
    shards = write_shards(
        run.steps, run.job.engine, drawn.files, _quotas(targets, drawn, plan.shards), plan
    )
    warnings = (*training_warnings, *drawn.mixture.warnings, *shortage)
    dataset = describe(run.job.config, survey, drawn, targets, plan, shards, warnings)
    for warning in warnings:
        tell("warning", warning, level="warning", phase=run.phase.name)
    dataset_entry = store.write_bytes(
        run.job.output, f"sequences/{DATASET_FILE}", dataset.to_json().encode()
    )
    results = {f"shard-{number:05d}": result for number, result in enumerate(shards)}
    return run.manifest(results, {"warnings": list(warnings)}, (tokenizer_entry, dataset_entry))


def _survey(run: PhaseRun) -> dict[str, Surveyed]:
    """Returns documents, bytes and expected bytes of crops of each subset; draws the sample."""
    config = run.job.config
    limits = {}
    if not config.tokenizer.model:
        sizes = {
            subset: found["text_bytes"]
            for subset, found in run.upstream["corpus"].findings.items()
            if found["text_bytes"]
        }
        limits = sampling_limits(mixture_of(config, sizes).given, sizes)
    crop_bytes = crop_size_bytes(config.sequence.length)
    work = SurveyItem(run.job.output, _SAMPLE, config.seed, crop_bytes, limits)
    results = run.steps.run(Map("survey", run.items, work, Surveyed, SURVEY_BYTES))
    survey = {item.subset: Surveyed() for item in sorted(run.items, key=lambda i: i.subset)}
    for item in run.items:
        survey[item.subset] += results[item.name].only
    return survey


def mixture_of(config: Config, present: Collection[str]) -> Mixture:
    """Returns the shares of these subsets.

    Raises:
        RunError: if none of them has a weight.
    """
    try:
        return make_mixture(config.sequence.weights, present)
    except ValueError as error:
        raise RunError(str(error)) from None


def _tokenizer(run: PhaseRun, shares: Shares) -> tuple[Tokenizer, list[str], store.FileEntry]:
    """Returns the tokenizer, warnings of its training, and its file beside the shards."""
    output, config = run.job.output, run.job.config.tokenizer
    warnings: list[str] = []
    if config.model:
        tokenizer = load_configured_tokenizer(config.model)
    else:
        words: Counter[str] = Counter()
        for item in run.items:
            if item.subset in shares:
                words.update(_read_words(output, item.name))
        trained = _train(words, config.vocab_size, config.normalization)
        tokenizer, warnings = Tokenizer(trained.model), list(trained.warnings)
        release_memory()
    entry = store.write_bytes(output, f"sequences/{TOKENIZER_FILE}", tokenizer.model)
    return tokenizer, warnings, entry


def _train(words: Mapping[str, int], vocab_size: int, normalization: str) -> TrainedTokenizer:
    try:
        return train_tokenizer(words, vocab_size, normalization)
    except ValueError as error:
        raise RunError(str(error)) from None


def _read_words(output: str, name: str) -> dict[str, int]:
    table = store.read_table(store.below(output, f"{_SAMPLE}/{name}.parquet"))
    return dict(zip(table["word"].to_pylist(), table["count"].to_pylist(), strict=True))


def _shard_plan(
    run: PhaseRun, shares: Shares, survey: Mapping[str, Surveyed], tokenizer: Tokenizer
) -> ShardPlan:
    """Returns what the shards have in common; their number depends on sizes, never on workers."""
    config = run.job.config.sequence
    crop_bytes = sum(survey[subset].crop_bytes for subset in shares)
    tokens = config.tokens or crop_bytes // BYTES_PER_TOKEN
    shards = config.shards or max(1, math.ceil(2 * tokens / SHARD_BYTES))
    # A power of two, so that the processes of a machine have equally many to sort.
    parts = 1 << (2 * tokens // shards // PART_BYTES).bit_length()
    rule = PackingRule(config.length, config.crops_per_group, tokenizer.bos, tokenizer.eos)
    return ShardPlan(shards, parts, config.format, rule, run.job.config.seed, tokenizer)


def _draw(
    run: PhaseRun, plan: ShardPlan, mixture: Mixture, survey: Mapping[str, Surveyed]
) -> Drawn:
    """Reads the corpus until every subset can give its share, or has been visited enough."""
    token_bytes = BYTES_PER_TOKEN * run.job.config.sequence.length
    supplies = {s: Supply(survey[s].crop_bytes // token_bytes) for s in mixture.given}
    read = functools.partial(_read_draws, run, plan, survey)
    return draw_until_enough(run.job.config, Drawn(mixture, supplies), read)


def draw_until_enough(config: Config, drawn: Drawn, read: ReadDraws) -> Drawn:
    """Returns what `read` has added until every subset gives its share, or is used up.

    Raises:
        RunError: if no subset gives a sequence.
    """
    length = config.sequence.length
    # Without a number of tokens, one visit of every document says how many are wanted.
    draws = {} if config.sequence.tokens else dict.fromkeys(drawn.supplies, Draw(0))
    number = 0
    while True:
        if draws:
            drawn = read(drawn, draws, number)
            number += 1
        wanted = wanted_of(config, drawn)
        visits = config.sequence.max_visits
        draws = next_draws(wanted, drawn.mixture.given, drawn.supplies, visits)
        if draws:
            continue
        fruitful = {s: supply for s, supply in drawn.supplies.items() if supply.sequences}
        if not fruitful:
            raise RunError(
                f"the corpus is too small: none of {', '.join(drawn.supplies)} gives a single "
                f"sequence of {length:,} tokens in a shard; add documents, or set a "
                "smaller sequence.length or sequence.shards"
            )
        if len(fruitful) == len(drawn.supplies):
            return drawn
        drawn = Drawn(mixture_of(config, fruitful), fruitful, drawn.files)


def wanted_of(config: Config, drawn: Drawn) -> int:
    """Returns how many sequences are asked for."""
    return wanted_sequences(config.sequence.tokens, config.sequence.length, drawn.supplies)


def _read_draws(
    run: PhaseRun,
    plan: ShardPlan,
    survey: Mapping[str, Surveyed],
    drawn: Drawn,
    draws: Mapping[str, Draw],
    number: int,
) -> Drawn:
    """Tokenises the crops of some draws and counts the sequences they give."""
    job, steps, config = run.job, run.steps, run.job.config
    folder = f"{SCRATCH}/tokens-{number:03d}"
    work = TokeniseItem(
        output=job.output,
        folder=folder,
        model=job.path(f"sequences/{TOKENIZER_FILE}"),
        model_sha256=plan.tokenizer.sha256,
        seed=config.seed,
        crop_bytes=crop_size_bytes(config.sequence.length),
        shards=plan.shards,
        parts=plan.parts,
        draws=draws,
    )
    items = [item for item in run.items if item.subset in draws]
    tokenise = Map(f"tokenise-{number:03d}", items, work, Tokenised, TOKENISE_BYTES)
    ids = {s: DrawId(s, d.visit, len(drawn.supplies[s].draws)) for s, d in draws.items()}
    files = {
        item.name: CropFile(f"{folder}/{item.name}.parquet", ids[item.subset]) for item in items
    }
    crops = math.ceil(sum(survey[s].documents * d.part for s, d in draws.items()))  # about
    rounds = even_ranges(plan.shards, job.engine.rounds(crops * CROP_DTYPE.itemsize))
    build = CountRound(job.output, tuple(files.values()), plan)
    count = Shuffle(f"count-{number:03d}", rounds, build, ShardSupply)
    if len(rounds) == 1:
        steps.run_together(tokenise, count)
    results = steps.run(tokenise)
    counted = join_results(steps.run(count).values()).found
    counts = sequences_by_subset(counted, draws, plan.shards)
    supplies = dict(drawn.supplies)
    for subset, draw in draws.items():
        supplies[subset] = supplies[subset].with_draw(draw, counts[subset])
    found = {files[name]: result.only for name, result in results.items()}
    return Drawn(drawn.mixture, supplies, {**drawn.files, **found})


def _quotas(targets: Mapping[str, int], drawn: Drawn, shards: int) -> Quotas:
    """Returns how many sequences each shard takes of each draw."""
    quotas: dict[int, dict[DrawId, int]] = {shard: {} for shard in range(shards)}
    for subset, supply in drawn.supplies.items():
        by_draw = shard_quotas(targets[subset], supply)
        for number, (draw, by_shard) in enumerate(zip(supply.draws, by_draw, strict=True)):
            for shard, count in enumerate(by_shard):
                if count:
                    quotas[shard][DrawId(subset, draw.visit, number)] = count
    return quotas


def check(config: Config) -> None:
    """Loads the tokenizer, if one is given, and mixes the subsets."""
    if config.tokenizer.model:
        load_configured_tokenizer(config.tokenizer.model)
    try:
        make_mixture(config.sequence.weights, config.subsets)
    except ValueError as error:
        raise ConfigError(str(error)) from None


_HEAPS: Final = 0.6
"""Heaps' law: so the different words of the sample, which are stored, grow with its text (0.4 to
0.6 in English)."""


def _reads(forecast: Forecast) -> float:
    """The corpus is surveyed once, and read again for each draw; crops are counted, then sorted."""
    corpus = sum(
        forecast.texts("corpus", [name]) * (1 + draws) for name, draws in forecast.draws.items()
    )
    scratch = forecast.size(_SAMPLE, PARTS, SCRATCH)
    return corpus + scratch + forecast.footers(_SAMPLE) + 2 * forecast.footers(SCRATCH)


def _shuffles(forecast: Forecast) -> float:
    """Crops go to be counted and to be sorted, tokens (uint16) to be sorted."""
    crop_bytes = CROP_DTYPE.itemsize * forecast.volumes.total("crops")
    return 2 * crop_bytes + 2 * forecast.volumes.total("tokens")


COSTS: Final = Costs(
    items="surveyed_bytes",
    steps={"tokenise": "tokens"},
    rest="tokens",
    program_is_constant=True,
    files=(
        Files("sequences", "shard_tokens"),
        Files(f"sequences/{TOKENIZER_FILE}", ""),
        Files(_SAMPLE, "training_bytes", _HEAPS),
        Files(PARTS, "tokens"),
        Files(SCRATCH, "tokens"),
    ),
    reads=_reads,
    shuffles=_shuffles,
)

PHASE: Final = PhaseWork(settings, sequence, COSTS, check)
