"""Phase REPORT: `report/index.html` (self-contained) and `report/funnel.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

import jinja2

from massivetext import __version__
from massivetext.config import Config
from massivetext.filters.rule import Comparison, Rule
from massivetext.filters.rules import RULES
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import merge_counts
from massivetext.pipeline.phases.corpus import REASONS
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.funnel import funnel, read_dataset
from massivetext.pipeline.phases.statistics import BINS, quantile

HOSTS_SHOWN = 20
LANGUAGES_SHOWN = 15
FILES_SHOWN = 20


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns the program's version, which the page states; all else follows from other phases."""
    del job, items
    return {"massivetext": __version__}


def report(run: PhaseRun) -> Manifest:
    """Writes the report."""
    job, counts = run.job, funnel(run.job)
    page = render_report(job.config, counts, run.upstream, read_dataset(job))
    files = (
        store.write_bytes(job.output, "report/funnel.json", _json(counts)),
        store.write_bytes(job.output, "report/index.html", page.encode()),
    )
    return run.manifest({}, {}, files)


def render_report(
    config: Config,
    counts: Mapping[str, Any],
    manifests: Mapping[str, Manifest],
    dataset: Mapping[str, Any],
) -> str:
    """Returns the report as one HTML page that needs no other file."""
    curated = manifests["curate"].findings
    everything = merge_counts(curated.values())
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = resources.files("massivetext.pipeline.phases.report") / "report.html"
    return environment.from_string(source.read_text(encoding="utf-8")).render(
        version=__version__,
        reasons=REASONS,
        incomplete=counts["incomplete_files"],
        files_shown=FILES_SHOWN,
        rows=[*counts["subsets"].items(), ("total", counts["total"])],
        rules=[_rule_row(rule, counts["rules"][rule.name], config) for rule in RULES.values()],
        histograms=[
            _histogram(rules, everything["histograms"][measure], config)
            for measure, rules in _rules_by_measure().items()
        ],
        languages=_top(everything["languages"], LANGUAGES_SHOWN),
        hosts=_top({k: v for k, v in everything["hosts"].items() if k}, HOSTS_SHOWN),
        skipped=_top(everything["skipped"], LANGUAGES_SHOWN),
        skipped_bytes=_top(everything["skipped_bytes"], LANGUAGES_SHOWN),
        digests=sorted(everything["digests"].items()),
        safesearch=counts["safesearch"],
        opt_outs=_top(counts["opt_outs"], LANGUAGES_SHOWN),
        dedup=manifests["dedup"].findings,
        decontamination=manifests["decontaminate"].findings,
        dataset=dataset,
        config=config,
    )


def _rule_row(rule: Rule, counts: Mapping[str, Any], config: Config) -> dict[str, Any]:
    per_source = rule.name.startswith("source.")
    meaning = rule.meaning.format(threshold="listed") if per_source else rule.describe(config)
    return {
        "name": rule.name,
        "stage": rule.stage.value,
        "meaning": meaning,
        "source": rule.source,
        "failed": sum(counts["failed"].values()),
        "sole": sum(counts["sole"].values()),
    }


def _rules_by_measure() -> dict[str, list[Rule]]:
    grouped: dict[str, list[Rule]] = {}
    for rule in RULES.values():
        if rule.measure in BINS:
            grouped.setdefault(rule.measure, []).append(rule)
    return grouped


def _histogram(rules: list[Rule], histogram: Mapping[str, int], config: Config) -> dict[str, Any]:
    """Returns bars and threshold lines in units of the plot's width and height."""
    measure = rules[0].measure
    bins = BINS[measure]
    used = {int(key): count for key, count in histogram.items()}
    found = [(rule, rule.threshold(config)) for rule in rules]
    thresholds = [(rule, float(value)) for rule, value in found if not isinstance(value, tuple)]
    last = max([*used, *(_place(measure, value) for _, value in thresholds), 4]) + 1
    highest = max([*used.values(), 1])
    return {
        "measure": measure,
        "bars": [
            {
                "x": index / last,
                "width": 1 / last,
                "height": (count / highest) ** 0.5,
                "label": f"from {bins.lower(index):g}: {count:,} documents",
            }
            for index, count in sorted(used.items())
        ],
        "thresholds": [
            {"x": _position(measure, value) / last, "label": _threshold_label(rule, value)}
            for rule, value in thresholds
        ],
        "median": quantile(histogram, bins, 0.5),
        "upper": bins.lower(last),
    }


def _place(measure: str, value: float) -> int:
    import numpy as np

    return int(BINS[measure].indices(np.array([value]))[0])


def _position(measure: str, value: float) -> float:
    """Returns where a value lies, in bins: exactly for equal bins, at its bin for powers of two."""
    width = BINS[measure].width
    return value / width if width else float(_place(measure, value))


def _threshold_label(rule: Rule, value: float) -> str:
    sign = "≥" if rule.comparison is Comparison.AT_LEAST else "≤"
    return f"kept {sign} {value:g}"


def _top(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[most:])
    return ordered[:most] + ([("others", rest)] if rest else [])


def _json(record: Any) -> bytes:
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()


PHASE: Final = PhaseWork(settings, report)
