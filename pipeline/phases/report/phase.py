"""Phase REPORT: `report/index.html` (self-contained), and `report/funnel.json` with its schema.

The page shows what `funnel.json` holds and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

import jinja2

from massivetext import __version__
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.croissant import croissant
from massivetext.pipeline.phases.report.datasheet import datasheet
from massivetext.pipeline.phases.report.funnel import funnel
from massivetext.visible_text import made_visible

HOSTS_SHOWN = 20
LANGUAGES_SHOWN = 15
FILES_SHOWN = 20

NAME_CHARACTERS: Final = 80
"""Our choice: of names that strangers chose, so many are shown in a table."""

SCHEMA: Final = "funnel.schema.json"


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns the program's version, which the page states; all else follows from other phases."""
    del job, items
    return {"massivetext": __version__}


def report(run: PhaseRun) -> Manifest:
    """Writes the report."""
    job, counts = run.job, {"$schema": SCHEMA, **funnel(run.job)}
    files = (
        store.write_bytes(job.output, "report/funnel.json", _json(counts)),
        store.write_bytes(job.output, f"report/{SCHEMA}", _resource(SCHEMA).encode()),
        store.write_bytes(job.output, "report/index.html", render_report(counts).encode()),
        store.write_bytes(job.output, "DATASHEET.md", datasheet(job.config, counts).encode()),
        store.write_bytes(job.output, "croissant.json", _json(croissant(counts))),
    )
    return run.manifest({}, {}, files)


def render_report(counts: Mapping[str, Any]) -> str:
    """Returns the report as one HTML page that needs no other file.

    Args:
        counts: the content of `funnel.json`: the page shows nothing else.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = lambda name: made_visible(name, NAME_CHARACTERS)
    documents = {name: row["documents"] for name, row in counts["hosts"]["all_subsets"].items()}
    skipped = counts["skipped"]
    return environment.from_string(_resource("report.html")).render(
        counts=counts,
        files_shown=FILES_SHOWN,
        rows=[*counts["subsets"].items(), ("total", counts["total"])],
        rules=[
            {"name": name, **rule, "failed": _sum(rule["failed"]), "sole": _sum(rule["sole"])}
            for name, rule in counts["rules"].items()
        ],
        histograms=[_plot(measure, found) for measure, found in counts["histograms"].items()],
        languages=_top(counts["languages"], LANGUAGES_SHOWN),
        hosts=_top(documents, HOSTS_SHOWN)[:HOSTS_SHOWN],
        skipped=_top({kind: row["records"] for kind, row in skipped.items()}, LANGUAGES_SHOWN),
        skipped_bytes=_top({kind: row["bytes"] for kind, row in skipped.items()}, LANGUAGES_SHOWN),
        digests=sorted(counts["digests"].items()),
        opt_outs=_top(counts["opt_outs"], LANGUAGES_SHOWN),
    )


def _plot(measure: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Returns bars and threshold lines in units of the plot's width and height."""
    bins, thresholds = found["bins"], found["thresholds"]
    last = max([*(b["bin"] for b in bins), *(int(t["bin"]) for t in thresholds), 4]) + 1
    highest = max([*(b["documents"] for b in bins), 1])
    return {
        "measure": measure,
        "bars": [
            {
                "x": b["bin"] / last,
                "width": 1 / last,
                "height": (b["documents"] / highest) ** 0.5,
                "label": f"from {b['from']:g}: {b['documents']:,} documents",
            }
            for b in bins
        ],
        "thresholds": [
            {"x": t["bin"] / last, "label": f"kept {_SIGNS[t['keeps']]} {t['value']:g}"}
            for t in thresholds
        ],
        "median": found["median_bin_from"],
    }


_SIGNS: Final = {"from": "≥", "to": "≤"}


def _sum(by_subset: Mapping[str, int]) -> int:
    return sum(by_subset.values())


def _top(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[most:])
    return ordered[:most] + ([("others", rest)] if rest else [])


def _resource(name: str) -> str:
    folder = resources.files("massivetext.pipeline.phases.report")
    return (folder / name).read_text(encoding="utf-8")


def _json(record: Any) -> bytes:
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()


PHASE: Final = PhaseWork(settings, report)
