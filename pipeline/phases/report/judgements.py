"""What the rules judged and how large clusters are, as `funnel.json` holds it beside the funnel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from massivetext.config import Config
from massivetext.filters.rule import Rule
from massivetext.filters.rules import rules_for, rules_of
from massivetext.pipeline.phases.report.judging import bounds, curve, edges_of


def judgements(
    config: Config,
    funnel: Mapping[str, Any],
    counts: Mapping[str, Any],
    clusters: Mapping[str, Any] | None,
    near: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns a funnel with what the rules judged, and the clusters.

    Args:
        config: of the run.
        funnel: see `report.funnel.funnel`.
        counts: of `report.judging.JudgeItem`, over all items.
        clusters: their sizes, and the largest ones; None if that is not known yet.
        groups: who is hit (`groups.groups_record`).
        near: by rule, the documents next to its threshold (`near_rules.show_near`).
    """
    judged = counts.get("judged", {})
    measured = counts.get("rules", {})
    known = rules_of(config)
    rules = {
        name: {
            **rule,
            "judged": dict(judged.get(name, {})),
            "is_off": _is_off(known[name], config),
            "around_threshold": _around(known[name], config, measured.get(name)),
            "examples": dict(near.get(name, {"kept": [], "dropped": []})),
        }
        for name, rule in funnel["rules"].items()
    }
    return {
        **funnel,
        "rules": rules,
        "rules_together": counts.get("together", {}),
        "mojibake": counts.get("mojibake", {}),
        "clusters": clusters,
        "groups": groups,
    }


def _is_off(rule: Rule, config: Config) -> bool:
    """Whether a rule lets every document of every source pass that it is in force for."""
    sources = [source for source in config.sources if rule in rules_for(config, source)]
    return all(rule.is_off(config, source) for source in sources)


def _around(rule: Rule, config: Config, counts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns the histogram of what a rule judged, and what other thresholds would drop."""
    if counts is None:
        return None
    threshold = rule.strictest(config)
    assert not isinstance(threshold, tuple)  # such a rule has no counts
    edges = edges_of(rule, *rule.thresholds(config))
    bins = {int(number): found for number, found in counts["bins"].items()}
    totals = {number: sum(found.values()) for number, found in bins.items()}
    ends = bounds(edges)
    return {
        "threshold": threshold,
        "near": counts["near"],
        "no_value": counts["no_value"],
        "bins": [
            {
                "from": ends[number][0],
                "to": ends[number][1],
                "alone": found.get("alone", 0),
                "others": found.get("others", 0),
            }
            for number, found in sorted(bins.items())
        ],
        "dropped_at": [
            {"threshold": edge, "documents": dropped}
            for edge, dropped in zip(
                edges, curve(rule, edges, totals, counts["no_value"]), strict=True
            )
        ],
    }
