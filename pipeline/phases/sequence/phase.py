"""Phase SEQUENCE: the corpus becomes shards of equal-length token sequences (A.1.2).

survey    map: size of the corpus, and the tokenizer's sample
tokenise  map: crops of each document that is drawn; once more where subsets fall short
count     shuffle of crops' sizes: the sequences that each part can give
shards    shuffle of tokens: each shard packs, takes its quotas and writes a shard

Documents that are held out go the same way, by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from massivetext.config import Config, ConfigError, TokenizerConfig, fingerprint
from massivetext.events import tell
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError, UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.processes import release_memory
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.sequence.costs import COSTS
from massivetext.pipeline.phases.sequence.description import describe
from massivetext.pipeline.phases.sequence.drawing import (
    Drawn,
    TooSmallError,
    corpus_items,
    draw,
    mixture_of,
    wanted_of,
)
from massivetext.pipeline.phases.sequence.items import SURVEY_BYTES, Surveyed, SurveyItem
from massivetext.pipeline.phases.sequence.planning import (
    SAMPLE,
    PartPlan,
    crop_bytes_of,
    plan_parts,
    visits_of,
)
from massivetext.pipeline.phases.sequence.shard_files import write_shards_card
from massivetext.pipeline.phases.sequence.shards import shards_of, write_shards
from massivetext.pipeline.phases.sequence.tokenizer_file import (
    TokenizerFile,
    load_configured_tokenizer,
)
from massivetext.sequencing.beam import Quotas, VisitId
from massivetext.sequencing.dataset import DATASET_FILE, HELD_OUT_FOLDER
from massivetext.sequencing.draws import Shortage, part_quotas, settle
from massivetext.sequencing.held_out import Side
from massivetext.sequencing.mixture import Mixture, Shares, make_mixture
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer
from massivetext.sequencing.tokenizer_training import (
    TrainedTokenizer,
    sampling_limits,
    train_tokenizer,
)

Survey = Mapping[str, Surveyed]
"""What there is of each subset, on one side of the corpus."""


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


def _tokenizer_settings(config: Config) -> Any:
    if config.tokenizer.model:
        tokenizer = load_configured_tokenizer(config.tokenizer)
        return {"sha256": tokenizer.sha256, "bos": tokenizer.bos, "eos": tokenizer.eos}
    return config.tokenizer


def sequence(run: PhaseRun) -> Manifest:
    """Writes `sequences/`.

    Raises:
        RunError: if the corpus gives no sequence at all.
        UsageError: if it gives fewer than were asked for.
    """
    config = run.job.config
    split = Side(config.seed, config.sequence.held_out)
    survey, held_out = _survey(run, split)
    mixture = mixture_of(config, [s for s, counts in survey.items() if counts.text_bytes])
    tokenizer, warnings, tokenizer_entry = _tokenizer(run, mixture.given)
    results, described = _write_side(run, split, survey, mixture, tokenizer, warnings)
    entries = [tokenizer_entry, *described]
    if config.sequence.held_out:
        others, more = _write_held_out(run, split.other, held_out, mixture, tokenizer)
        results |= others
        entries += more
    for warning in warnings:
        tell("warning", warning, level="warning", phase=run.phase.name)
    return run.manifest(results, {"warnings": warnings}, tuple(entries))


def _survey(run: PhaseRun, split: Side) -> tuple[dict[str, Surveyed], dict[str, Surveyed]]:
    """Returns what there is of each subset, to train on and held out; draws the sample."""
    config = run.job.config
    limits = {}
    if not config.tokenizer.model:
        limits = tokenizer_limits(config, run.upstream["corpus"].findings)
    crop_bytes = crop_bytes_of(config.sequence)
    work = SurveyItem(run.job.output, SAMPLE, config.seed, crop_bytes, limits, split)
    key = fingerprint(run.item_key, limits)
    items = corpus_items(run)
    results = run.steps.run(Map("survey", items, work, Surveyed, SURVEY_BYTES, key))
    subsets = sorted({item.subset for item in run.items})
    learned, held_out = (dict.fromkeys(subsets, Surveyed()) for _ in range(2))
    for item in run.items:
        to_learn, to_hold_out = results[item.name].found
        learned[item.subset] += to_learn
        held_out[item.subset] += to_hold_out
    return learned, held_out


def tokenizer_limits(config: Config, findings: Mapping[str, Any]) -> dict[str, int]:
    """Returns the hash below which each subset's passages are drawn for the tokenizer's sample.

    Args:
        config: of the run.
        findings: of its phase CORPUS.
    """
    sizes = {s: found["text_bytes"] for s, found in findings.items() if found["text_bytes"]}
    return sampling_limits(mixture_of(config, sizes).given, sizes)


def _write_side(
    run: PhaseRun,
    split: Side,
    survey: Survey,
    mixture: Mixture,
    tokenizer: Tokenizer,
    warnings: list[str],
) -> tuple[dict[str, ItemResult[Any]], tuple[store.FileEntry, ...]]:
    """Writes the shards of a side of the corpus; returns what each holds, and what tells of them.

    Args:
        run: of the phase.
        split: the side.
        survey: of it.
        mixture: of the subsets that have a share.
        tokenizer: of the run.
        warnings: a sentence for everything that is not as asked; what is found here is added.
    """
    config = run.job.config
    special = config.tokenizer.bos, config.tokenizer.eos
    file = TokenizerFile.of(tokenizer, run.job.path("sequences"), special)
    plan = plan_parts(config.sequence, config.seed, survey, mixture.given, file, split)
    drawn = draw(run, plan, mixture, survey)
    wanted = wanted_of(config, split, drawn)
    visits = visits_of(config.sequence, split)
    targets, shortage = settle(wanted, drawn.mixture.given, drawn.supplies, visits)
    warnings += drawn.mixture.warnings
    warnings += _losses(plan, drawn)
    if shortage:
        warnings.append(_warning(config, shortage))
    count = plan.shards(sum(targets.values()), 0 if split.is_held_out else config.sequence.shards)
    made = shards_of(_quotas(targets, drawn, plan), plan, count)
    shards = write_shards(run.steps, run.job.engine, drawn.files, made, plan)
    dataset = describe(config, survey, drawn, targets, plan, shards, warnings)
    content = dataset.to_json().encode()
    entry = store.write_bytes(run.job.output, f"{plan.folder}/{DATASET_FILE}", content)
    card = write_shards_card(run.job.output, plan, dataset, bool(config.sequence.held_out))
    names = [plan.step(shard.name) for shard in made]
    return dict(zip(names, shards, strict=True)), (entry, *card)


def _write_held_out(
    run: PhaseRun, split: Side, survey: Survey, mixture: Mixture, tokenizer: Tokenizer
) -> tuple[dict[str, ItemResult[Any]], tuple[store.FileEntry, ...]]:
    """Writes the shards of the documents that are held out, beside a copy of the tokenizer.

    Raises:
        UsageError: if they give no sequence.
    """
    there = {s: share for s, share in mixture.given.items() if survey[s].documents}
    mixture = Mixture(mixture.asked, there, ())
    try:
        results, described = _write_side(run, split, survey, mixture, tokenizer, [])
    except TooSmallError:
        documents = sum(counts.documents for counts in survey.values())
        raise UsageError(
            f"sequence.held_out = {split.share:g}: the {documents:,} documents that are held out "
            f"give no sequence of {run.job.config.sequence.length:,} tokens; hold out a larger "
            "share, or 0"
        ) from None
    # The folder stands for itself, so the tokenizer lies there, too.
    path = f"sequences/{HELD_OUT_FOLDER}/{tokenizer.file_name}"
    return results, (*described, store.write_bytes(run.job.output, path, tokenizer.model))


MOST_LOST: Final = 0.25
"""Our choice: a larger share of a subset's tokens that fill no sequence is worth a warning. Groups
of ten lose 21 % of C4 at 2,048 tokens a sequence, the most of Gopher's subsets (simulated)."""


def _losses(plan: PartPlan, drawn: Drawn) -> Iterator[str]:
    """Yields a sentence for each subset that loses much at the ends of groups."""
    for subset, supply in drawn.supplies.items():
        lost = 1 - supply.sequences * plan.length / max(1, drawn.crop_tokens(subset))
        if lost > MOST_LOST:
            rule = plan.rules[subset]
            groups = "the crops" if rule.tokens_per_group else f"{rule.crops_per_group} crops each"
            advice = (
                "add documents to it" if rule.tokens_per_group else "raise sequence.crops_per_group"
            )
            yield (
                f"{lost:.1%} of the tokens of {subset} are lost, because groups of {groups} end "
                f"before a sequence of {plan.length:,} is full; {advice}"
            )


def _warning(config: Config, shortage: Shortage) -> str:
    """Says that there are fewer sequences than wanted, and what helps.

    Raises:
        UsageError: if so many were asked for.
    """
    help_ = (
        f"lower the weight of {shortage.binding}, raise sequence.max_visits, or add documents to it"
    )
    tokens, length = config.sequence.tokens, config.sequence.length
    if tokens and not config.sequence.allow_fewer:
        raise UsageError(
            f"sequence.tokens = {tokens:,} is more than the corpus gives: {shortage.reason}, so "
            f"that {shortage.total * length:,} tokens ({shortage.total:,} sequences) fit. Ask for "
            f"no more than these, set sequence.allow_fewer = true to take them, {help_}"
        )
    return (
        f"{shortage.total:,} sequences instead of {shortage.wanted:,}: {shortage.reason}; {help_}"
    )


def _tokenizer(run: PhaseRun, shares: Shares) -> tuple[Tokenizer, list[str], store.FileEntry]:
    """Returns the tokenizer, warnings of its training, and its file beside the shards."""
    output, config = run.job.output, run.job.config.tokenizer
    warnings: list[str] = []
    if config.model:
        tokenizer = load_configured_tokenizer(config)
    else:
        words: Counter[str] = Counter()
        for item in run.items:
            if item.subset in shares:
                words.update(_read_words(output, item.name))
        trained = tokenizer_of_words(words, config)
        tokenizer, warnings = make_tokenizer(trained.model), list(trained.warnings)
        release_memory()
    entry = store.write_bytes(output, f"sequences/{tokenizer.file_name}", tokenizer.model)
    return tokenizer, warnings, entry


def tokenizer_of_words(words: Mapping[str, int], config: TokenizerConfig) -> TrainedTokenizer:
    """Returns the tokenizer that the counted words of a corpus give.

    Raises:
        RunError: if they are too few for one.
    """
    try:
        return train_tokenizer(words, config.vocab_size, config.normalization)
    except ValueError as error:
        raise RunError(str(error)) from None


def _read_words(output: str, name: str) -> dict[str, int]:
    table = store.read_table(store.below(output, f"{SAMPLE}/{name}.parquet"))
    return dict(zip(table["word"].to_pylist(), table["count"].to_pylist(), strict=True))


def _quotas(targets: Mapping[str, int], drawn: Drawn, plan: PartPlan) -> Quotas:
    """Returns how many sequences are taken of each part and visit."""
    quotas: dict[int, dict[VisitId, int]] = {part: {} for part in range(plan.parts)}
    for subset, supply in drawn.supplies.items():
        for visit, by_part in enumerate(part_quotas(targets[subset], supply)):
            for part, count in enumerate(by_part):
                if count:
                    quotas[part][VisitId(subset, visit)] = count
    return quotas


def check(config: Config) -> None:
    """Loads the tokenizer, if one is given, and mixes the subsets."""
    if config.tokenizer.model:
        load_configured_tokenizer(config.tokenizer)
    try:
        make_mixture(config.sequence.weights, config.subsets)
    except ValueError as error:
        raise ConfigError(str(error)) from None


PHASE: Final = PhaseWork(settings, sequence, COSTS, check)
