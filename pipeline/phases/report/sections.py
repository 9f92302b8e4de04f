"""What the report shows beside the funnel, from the findings of the phases, as JSON-able values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from massivetext.config import Config
from massivetext.filters.rule import Rule
from massivetext.filters.rules import rules_of
from massivetext.pipeline.phases.audit.hosts import ALL_SUBSETS
from massivetext.pipeline.phases.manifest import Manifest


def rules(config: Config, findings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns, by rule, what it says, how many documents fail it, and how many nothing else.

    Args:
        config: of the run.
        findings: of the phase CURATE, by subset.
    """
    return {rule.name: _rule(rule, config, findings) for rule in rules_of(config).values()}


def _rule(rule: Rule, config: Config, findings: Mapping[str, Any]) -> dict[str, Any]:
    by_subset = {s: found.get("rules", {}).get(rule.name, {}) for s, found in findings.items()}
    per_source = rule.name.startswith("source.")
    meaning = rule.meaning.format(threshold="listed") if per_source else rule.describe(config)
    return {
        "stage": rule.stage.value,
        "measure": rule.measure,
        "comparison": rule.comparison.value,
        "meaning": meaning,
        "source": rule.source,
        "failed": {s: c["failed"] for s, c in by_subset.items() if c.get("failed")},
        "sole": {s: c["sole"] for s, c in by_subset.items() if c.get("sole")},
    }


def hosts(audit: Manifest | None) -> dict[str, Any]:
    """Returns the number of hosts, and those with most documents of all subsets and of each."""
    top = audit.findings["top_hosts"] if audit else {}
    return {
        "count": audit.findings.get("hosts", 0) if audit else None,
        "all_subsets": top.get(ALL_SUBSETS, {}),
        "subsets": {subset: found for subset, found in top.items() if subset != ALL_SUBSETS},
    }


def skipped(records: Mapping[str, int], sizes: Mapping[str, int]) -> dict[str, Any]:
    """Returns, by kind, how many records hold no document, and the bytes of their blocks."""
    return {
        kind: {"records": count, "bytes": sizes.get(kind, 0)} for kind, count in records.items()
    }


def deduplication(config: Config, manifest: Manifest | None) -> dict[str, Any] | None:
    """Returns how duplicates were looked for and what was found; None if they were not yet."""
    if manifest is None:
        return None
    asked = config.dedup
    return {
        "ngram": asked.ngram,
        "threshold": asked.threshold,
        "rule": asked.rule,
        "jaccard": manifest.findings.get("jaccard", {}),
        "candidate_pairs": manifest.findings.get("candidate_pairs", 0),
        "without_words": manifest.findings.get("without_words", 0),
    }


def outcomes_of_test_sets(config: Config, manifest: Manifest | None) -> dict[str, Any] | None:
    """Returns how test sets were looked for and what was found; None if they were not yet."""
    if manifest is None:
        return None
    asked = config.decontamination
    return {
        "rule": asked.rule,
        "threshold": asked.threshold,
        "hits": manifest.findings.get("hits", {}),
        "test_items": manifest.findings.get("test_items", {}),
    }


def shards(dataset: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns what the shards hold; None before there are any."""
    if not dataset:
        return None
    told = ("records", "sequence_length", "format", "vocab_size", "warnings")
    return {
        **{name: dataset[name] for name in told},
        "files": len(dataset["shards"]),
        "subsets": dataset["subsets"],
    }
