"""The funnel: for every subset, what each stage took in and let through, and why not all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from massivetext.filters.rule import Stage
from massivetext.filters.rules import RULES
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import merge_counts
from massivetext.pipeline.phases.corpus import REASONS
from massivetext.pipeline.phases.manifest import Manifest, read_manifest

FUNNEL_SCHEMA_VERSION = 1


def funnel(job: Job) -> dict[str, Any]:
    """Returns the funnel of a run as far as it has come, as `report/funnel.json` holds it."""
    curate, corpus = read_manifest(job, "curate"), read_manifest(job, "corpus")
    dataset = read_dataset(job)
    subsets = {}
    for subset, ledger in (ledgers(curate) if curate else {}).items():
        row = _curated(ledger, curate.findings[subset] if curate else {})
        if corpus:
            row |= _corpus(corpus.findings[subset])
        if subset in dataset.get("subsets", {}):
            sequences = dataset["subsets"][subset]["sequences"]
            row |= {"sequences": sequences, "tokens": sequences * dataset["sequence_length"]}
        subsets[subset] = row
    return {
        "schema_version": FUNNEL_SCHEMA_VERSION,
        "subsets": subsets,
        "total": merge_counts(subsets.values()),
        "incomplete_files": incomplete_files(curate) if curate else [],
        "rules": _rules(job, curate) if curate else {},
        "safesearch": {
            "sources": _counts(curate, "safesearch_sources"),
            "signals": _counts(curate, "safesearch_signals"),
        },
        "opt_outs": _counts(curate, "opt_out_signals"),
    }


def _counts(curate: Manifest | None, name: str) -> dict[str, int]:
    """Returns a count of the phase over all subsets, by what is counted."""
    return merge_counts(found.get(name, {}) for found in curate.findings.values()) if curate else {}


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


def _curated(ledger: Mapping[str, int], findings: Mapping[str, Any]) -> dict[str, Any]:
    stages = findings.get("stages", {})
    return {
        "in": ledger["in"],
        "skipped": ledger["skipped"],
        "failed": ledger["failed"],
        "rejected": {stage.value: stages.get(stage.value, 0) for stage in Stage},
        "documents": ledger["kept"],
    }


def _corpus(findings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "removed": {reason: findings["first_reasons"].get(reason, 0) for reason in REASONS},
        "corpus": findings["corpus"],
        "text_bytes": findings["text_bytes"],
    }


def _rules(job: Job, curate: Manifest) -> dict[str, Any]:
    """Returns, by rule, how many documents fail it, and how many fail nothing else."""
    counts: dict[str, Any] = {}
    for rule in RULES.values():
        by_subset = {
            subset: findings["rules"].get(rule.name, {}) if "rules" in findings else {}
            for subset, findings in curate.findings.items()
        }
        counts[rule.name] = {
            "stage": rule.stage.value,
            "measure": rule.measure,
            "comparison": rule.comparison.value,
            "source": rule.source,
            "failed": {s: c["failed"] for s, c in by_subset.items() if c.get("failed")},
            "sole": {s: c["sole"] for s, c in by_subset.items() if c.get("sole")},
        }
    return counts
