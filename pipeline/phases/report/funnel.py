"""The funnel: for every subset, what each stage took in and let through, and why not all.

`report/funnel.json` holds it with all else that the page shows (`sections`); its schema lies beside
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from massivetext import __version__
from massivetext.filters.rule import Stage
from massivetext.filters.rules import stages_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import merge_counts
from massivetext.pipeline.phases.corpus import REASONS
from massivetext.pipeline.phases.manifest import Manifest, read_manifest
from massivetext.pipeline.phases.outcome import finished_phases
from massivetext.pipeline.phases.report.edited_texts import edits_record
from massivetext.pipeline.phases.report.sections import (
    deduplication,
    hosts,
    outcomes_of_test_sets,
    rules,
    shards,
    skipped,
)
from massivetext.pipeline.phases.statistics import NO_REASON

FUNNEL_SCHEMA_VERSION: Final = 4

TOKENS_COUNTED, TOKENS_ESTIMATED, TOKENS_UNKNOWN = "counted", "estimated", "unknown"
"""What sums of tokens are: of every document (`tokenizer.model` is set), text bytes over the
measured bytes a token of the subset, or nothing before there are shards."""


def funnel(job: Job) -> dict[str, Any]:
    """Returns the funnel of a run as far as it has come, as `report/funnel.json` holds it."""
    finished = finished_phases(job.output)

    def manifest_of(phase: str) -> Manifest | None:
        return read_manifest(job, phase) if phase in finished else None

    curate, corpus = manifest_of("curate"), manifest_of("corpus")
    dataset = read_dataset(job) if "sequence" in finished else {}
    subsets, stages = {}, stages_of(job.config)
    for subset, ledger in (ledgers(curate) if curate else {}).items():
        found = curate.findings.get(subset, {}) if curate else {}
        row = _curated(ledger, found, stages)
        if corpus:
            row = _with_corpus(row, corpus.findings[subset])
        if subset in dataset.get("subsets", {}):
            sequences = dataset["subsets"][subset]["sequences"]
            row |= {"sequences": sequences, "tokens": sequences * dataset["sequence_length"]}
        subsets[subset] = row
    tokens = _tokens(subsets, curate, corpus, dataset, stages)
    found = curate.findings if curate else {}
    edits = {"edits": edits_record(job.config, found)} if job.config.edits else {}
    return {
        "schema_version": FUNNEL_SCHEMA_VERSION,
        "massivetext": __version__,
        "reasons": list(REASONS),
        "subsets": subsets,
        "total": merge_counts(subsets.values()),
        "text_tokens": tokens,
        "incomplete_files": incomplete_files(curate) if curate else [],
        "rules": rules(job.config, found),
        "languages": counts(found, "languages"),
        "hosts": hosts(manifest_of("audit")),
        "skipped": skipped(counts(found, "skipped"), counts(found, "skipped_bytes")),
        "digests": counts(found, "digests"),
        "safesearch": {
            "sources": counts(found, "safesearch_sources"),
            "signals": counts(found, "safesearch_signals"),
        },
        "opt_outs": counts(found, "opt_out_signals"),
        "dedup": deduplication(job.config, manifest_of("dedup")),
        "decontamination": outcomes_of_test_sets(job.config, manifest_of("decontaminate")),
        "shards": shards(dataset),
        **edits,
    }


def counts(findings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns a count of the phase CURATE over all subsets, by what is counted."""
    return merge_counts(found.get(name, {}) for found in findings.values())


def ledgers(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Returns a phase's ledger by subset."""
    parts: dict[str, list[Mapping[str, int]]] = {}
    for name, result in sorted(manifest.items.items()):
        parts.setdefault(name.partition("/")[0], []).append(result.ledger)
    return {subset: merge_counts(ledgers) for subset, ledgers in parts.items()}


def incomplete_files(curate: Manifest) -> list[str]:
    """Returns the items whose files were not read to their end: nobody knows what is lost."""
    found = merge_counts(part.get("incomplete_files", {}) for part in curate.findings.values())
    return list(found)


def read_dataset(job: Job) -> dict[str, Any]:
    """Returns `sequences/dataset.json`, or nothing before the phase SEQUENCE."""
    path = job.path("sequences/dataset.json")
    return json.loads(store.read_bytes(path)) if store.exists(path) else {}


def _curated(
    ledger: Mapping[str, int], findings: Mapping[str, Any], stages: Sequence[Stage]
) -> dict[str, Any]:
    rejected = findings.get("stages", {})
    return {
        "in": ledger["in"],
        "skipped": ledger["skipped"],
        "failed": ledger["failed"],
        "rejected": {stage.value: rejected.get(stage.value, 0) for stage in stages},
        "documents": ledger["kept"],
        "bytes": _curated_sizes(findings.get("bytes", {}), stages),
    }


def _curated_sizes(sizes: Mapping[str, int], stages: Sequence[Stage]) -> dict[str, Any]:
    rejected = {stage.value: sizes.get(stage.value, 0) for stage in stages}
    return {"rejected": rejected, "documents": sizes.get(NO_REASON, 0)}


def _with_corpus(row: Mapping[str, Any], findings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "removed": {reason: findings["first_reasons"].get(reason, 0) for reason in REASONS},
        "corpus": findings["corpus"],
        "text_bytes": findings["text_bytes"],
        "bytes": {**row["bytes"], **_corpus_sizes(findings.get("bytes", {}))},
    }


def _corpus_sizes(sizes: Mapping[str, int]) -> dict[str, Any]:
    removed = {reason: sizes.get(reason, 0) for reason in REASONS}
    return {"removed": removed, "corpus": sizes.get(NO_REASON, 0)}


def _tokens(
    subsets: Mapping[str, Mapping[str, Any]],
    curate: Manifest | None,
    corpus: Manifest | None,
    dataset: Mapping[str, Any],
    stages: Sequence[Stage],
) -> dict[str, Any]:
    """Returns the tokens of the texts by verdict and subset, and whether they were counted."""
    measured = bytes_per_token(subsets, dataset)
    told = {"are": TOKENS_UNKNOWN, "bytes_per_token": measured, "subsets": {}}
    if curate and any(part.get("tokens") for part in curate.findings.values()):
        rows: dict[str, Any] = {
            s: _curated_sizes(curate.findings.get(s, {}).get("tokens", {}), stages) for s in subsets
        }
        if corpus:
            for subset, row in rows.items():
                row |= _corpus_sizes(corpus.findings[subset].get("tokens", {}))
        return {**told, "are": TOKENS_COUNTED, "subsets": rows}
    if not measured:
        return told
    rows = {subset: _divided(row["bytes"], measured[subset]) for subset, row in subsets.items()}
    return {**told, "are": TOKENS_ESTIMATED, "subsets": rows}


def bytes_per_token(subsets: Iterable[str], dataset: Mapping[str, Any]) -> dict[str, float]:
    """Returns the bytes of text a token of the shards holds; a subset without any takes the mean.

    Nothing before there are shards.
    """
    rows = {name: row for name, row in dataset.get("subsets", {}).items() if row["tokens"]}
    tokens = sum(row["tokens"] for row in rows.values())
    if not tokens:
        return {}
    mean = sum(row["utf8_bytes"] for row in rows.values()) / tokens
    measured = {name: row["utf8_bytes"] / row["tokens"] for name, row in rows.items()}
    return {subset: round(measured.get(subset, mean), 4) for subset in subsets}


def _divided(sizes: Mapping[str, Any], by: float) -> dict[str, Any]:
    return {
        name: _divided(size, by) if isinstance(size, Mapping) else round(size / by)
        for name, size in sizes.items()
    }
