"""Phase REPORT: `index.html` (self-contained), `funnel.json`, `checks.json` and their schemas.

The page shows what `funnel.json` holds and nothing else. Once there is a corpus, a datasheet and a
Croissant file describe it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import jinja2
from markupsafe import Markup

from massivetext import __version__
from massivetext.config import without_places
from massivetext.own_steps import outputs_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import join_results
from massivetext.pipeline.engine.steps import Map, Shuffle
from massivetext.pipeline.phases.audit.parts import plan_hash_parts
from massivetext.pipeline.phases.curate_item import EXCERPT_CHARACTERS
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.outcome import FinishedRun
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.bars import (
    curve_line,
    curve_points,
    funnel_bars,
    histogram,
    interval,
    is_beyond,
    stacked,
)
from massivetext.pipeline.phases.report.checks import checks_of, checks_record
from massivetext.pipeline.phases.report.cluster_sites import CountSites, clusters_record
from massivetext.pipeline.phases.report.clusters import (
    REMOVED_BYTES,
    Cluster,
    CountClusters,
    largest,
)
from massivetext.pipeline.phases.report.compression import (
    CompareTokenizers,
    StoredTokenizer,
    check_second_tokenizer,
    compression_record,
)
from massivetext.pipeline.phases.report.croissant import croissant
from massivetext.pipeline.phases.report.datasheet import datasheet
from massivetext.pipeline.phases.report.edited_texts import EDITS_SCHEMA
from massivetext.pipeline.phases.report.facts import run_facts
from massivetext.pipeline.phases.report.failures import Failure, TellFailures, failures_record
from massivetext.pipeline.phases.report.final_set import DescribeItem, final_set
from massivetext.pipeline.phases.report.funnel import funnel, read_dataset
from massivetext.pipeline.phases.report.groups import (
    SENT_BYTES,
    CountGroups,
    Group,
    groups_record,
    sites_record,
)
from massivetext.pipeline.phases.report.judgements import judgements
from massivetext.pipeline.phases.report.judging import JudgeItem
from massivetext.pipeline.phases.report.near_rules import NearRule, show_near
from massivetext.visible_text import made_visible

HOSTS_SHOWN = 20
LANGUAGES_SHOWN = 15
FILES_SHOWN = 20

NAME_CHARACTERS: Final = 80
"""Our choice: of names that strangers chose, so many are shown in a table."""

CARD_CHARACTERS: Final = 120
"""Our choice: three lines of a card; `funnel.json` has the whole of it."""

PAIRS_SHOWN: Final = 15
"""Our choice: pairs of rules that reject most documents together; `funnel.json` has all."""

FUNNEL_SCHEMA: Final = "funnel.schema.json"
CHECKS_SCHEMA: Final = "checks.schema.json"


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns what the page states: the program's version, and all settings but places."""
    del items
    stated = {"massivetext": __version__, "config": without_places(job.config)}
    second = job.config.report.second_tokenizer
    return stated | ({"second tokenizer": store.digest_file(second)[1]} if second else {})


def report(run: PhaseRun) -> Manifest:
    """Writes the report."""
    job, counted = run.job, funnel(run.job)
    steps = _ReportSteps.of(run, counted)
    run.steps.run_together(*steps.in_one_pipeline())
    judged = join_results(run.steps.run(steps.judge).values())
    finished = FinishedRun(job.output, job.config, tuple(run.upstream))
    near, clusters = show_near(finished, judged.found), _clusters(run, finished, steps.clusters)
    grouped = join_results(run.steps.run(steps.groups).values())
    groups = groups_record(grouped, job.config.report.slices)
    found = judgements(job.config, counted, judged.statistics, clusters, near, groups)
    counts = {
        "$schema": FUNNEL_SCHEMA,
        **found,
        "final_set": _final_set(run, steps, sites_record(grouped)),
        "failures": _failures(run, steps.failures),
        "facts": run_facts(job, run.upstream),
    }
    checks = {"$schema": CHECKS_SCHEMA, **checks_record(counts)}
    contents = {
        "report/funnel.json": _json(counts),
        f"report/{FUNNEL_SCHEMA}": _funnel_schema(counts),
        "report/checks.json": _json(checks),
        f"report/{CHECKS_SCHEMA}": _resource(CHECKS_SCHEMA).encode(),
        "report/index.html": render_report(counts).encode(),
    }
    if "corpus" in run.upstream:
        contents["DATASHEET.md"] = datasheet(job.config, counts).encode()
        contents["croissant.json"] = _json(croissant(counts, outputs_of(job.config.measures)))
    files = tuple(store.write_bytes(job.output, path, c) for path, c in contents.items())
    return run.manifest({}, {}, files)


@dataclass(frozen=True)
class _ReportSteps:
    """What is counted for the report.

    Attributes:
        judge: what the rules say of the documents of an item, and what is next to them.
        failures: what could not be read of an item.
        groups: how many documents of each group were dropped.
        clusters: how large the clusters of duplicates are; None before `removed/` is written.
        described: what the corpus is made of; None before there is one.
        compared: what two tokenizers make of its texts; None if there are not two.
    """

    judge: Map[WorkItem, NearRule]
    failures: Map[WorkItem, Failure]
    groups: Shuffle[list[int], Group]
    clusters: Shuffle[list[int], Cluster] | None
    described: Map[WorkItem, None] | None
    compared: Map[WorkItem, None] | None

    @classmethod
    def of(cls, run: PhaseRun, funnel: Mapping[str, Any]) -> _ReportSteps:
        """Returns the steps of a report on what is finished."""
        output, config = run.job.output, run.job.config
        return cls(
            Map("judge", run.items, JudgeItem(output, config), NearRule),
            Map("failures", run.items, TellFailures(output), Failure),
            _groups_step(run),
            _clusters_step(run),
            _described_step(run, funnel),
            _compared_step(run),
        )

    def in_one_pipeline(self) -> list[Map[Any, Any] | Shuffle[Any, Any]]:
        """Returns those that one pipeline can do: no shuffle of several rounds."""
        shuffles = [step for step in (self.groups, self.clusters) if step is not None]
        maps = [step for step in (self.described, self.compared) if step is not None]
        return [self.judge, self.failures, *maps, *(s for s in shuffles if len(s.parts) == 1)]


def _groups_step(run: PhaseRun) -> Shuffle[list[int], Group]:
    config, ledger = run.job.config, run.upstream["curate"].ledger
    parts = plan_hash_parts(run.job.engine, SENT_BYTES * (ledger["kept"] + ledger["rejected"]))
    searched = {"none": 0, "excerpt": EXCERPT_CHARACTERS, "full": None}[config.rejected_text]
    build = CountGroups(
        run.job.output,
        tuple(run.items),
        config.report.slices,
        searched,
        "corpus" in run.upstream,
        tuple(n for n, source in enumerate(config.sources) if source.kind == "web"),
    )
    return Shuffle("groups", parts, build, Group)


def _clusters_step(run: PhaseRun) -> Shuffle[list[int], Cluster] | None:
    corpus = run.upstream.get("corpus")
    if corpus is None:
        return None
    parts = plan_hash_parts(run.job.engine, REMOVED_BYTES * corpus.ledger["removed"])
    return Shuffle("clusters", parts, CountClusters(run.job.output, tuple(run.items)), Cluster)


def _clusters(
    run: PhaseRun, finished: FinishedRun, step: Shuffle[list[int], Cluster] | None
) -> dict[str, Any] | None:
    """Returns how large the clusters of duplicates are; None before `removed/` is written."""
    if step is None:
        return None
    results = join_results(run.steps.run(step).values())
    found, sites = largest(results.found), dict[str, Any]()
    if found:
        counting = Map("sites", run.items, CountSites(run.job.output, found))
        sites = join_results(run.steps.run(counting).values()).statistics.get("sites", {})
    return {
        "sizes": results.statistics.get("cluster_sizes", {}),
        "largest": clusters_record(finished, found, sites),
    }


def _described_step(run: PhaseRun, funnel: Mapping[str, Any]) -> Map[WorkItem, None] | None:
    if "corpus" not in run.upstream:
        return None
    ratios, length = funnel["text_tokens"]["bytes_per_token"], run.job.config.sequence.length
    return Map("describe", run.items, DescribeItem(run.job.output, ratios, length))


def _compared_step(run: PhaseRun) -> Map[WorkItem, None] | None:
    config, dataset = run.job.config, read_dataset(run.job)
    if not config.report.second_tokenizer or "sequence" not in run.upstream or not dataset:
        return None
    first = StoredTokenizer.at(run.job.path(f"sequences/{dataset['tokenizer']}"))
    second = StoredTokenizer.at(config.report.second_tokenizer)
    compare = CompareTokenizers(run.job.output, first, second)
    return Map("compare-tokenizers", run.items, compare)


def _final_set(
    run: PhaseRun, steps: _ReportSteps, sites: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Returns what the corpus is made of; None before there is one."""
    if steps.described is None:
        return None
    described = join_results(run.steps.run(steps.described).values()).statistics
    compression = None
    if steps.compared is not None:
        compared = join_results(run.steps.run(steps.compared).values()).statistics
        compression = compression_record(compared.get("compression", {}))
    return final_set(described.get("final", {}), sites, compression)


def _failures(run: PhaseRun, step: Map[WorkItem, Failure]) -> dict[str, Any]:
    """Returns what could not be read."""
    results = run.steps.run(step).values()
    return failures_record(results, join_results(results).statistics.get("causes", {}))


def render_report(counts: Mapping[str, Any]) -> str:
    """Returns the report as one HTML page that needs no other file.

    Args:
        counts: the content of `funnel.json`: the page shows nothing else.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = lambda name: made_visible(name, NAME_CHARACTERS)
    environment.filters["breakable"] = _breakable
    environment.filters["passage"] = lambda text: made_visible(text, CARD_CHARACTERS)
    documents = {name: row["documents"] for name, row in counts["hosts"]["all_subsets"].items()}
    skipped = counts["skipped"]
    template = _resource("report.html")
    return environment.from_string(template).render(
        counts=counts,
        files_shown=FILES_SHOWN,
        stages=list(
            next(iter(counts["subsets"].values()))["rejected"] if counts["subsets"] else ()
        ),
        rows=[*counts["subsets"].items(), ("total", counts["total"])],
        rules=[
            {"name": name, **rule, **{n: _sum(rule[n]) for n in ("judged", "failed", "sole")}}
            for name, rule in counts["rules"].items()
        ],
        checks=checks_of(counts),
        bars=funnel_bars(counts),
        stacked=stacked,
        histogram=histogram,
        interval=interval,
        curve_line=curve_line,
        curve_points=curve_points,
        causes=_top(counts["failures"]["causes"], FILES_SHOWN),
        together=_together(counts["rules_together"]),
        is_beyond=is_beyond,
        policy=_policy(template),
        languages=_top(counts["languages"], LANGUAGES_SHOWN),
        hosts=_top(documents, HOSTS_SHOWN)[:HOSTS_SHOWN],
        skipped=_top({kind: row["records"] for kind, row in skipped.items()}, LANGUAGES_SHOWN),
        skipped_bytes=_top({kind: row["bytes"] for kind, row in skipped.items()}, LANGUAGES_SHOWN),
        digests=sorted(counts["digests"].items()),
        corpus_languages=_top((counts["final_set"] or {}).get("languages", {}), LANGUAGES_SHOWN),
        opt_outs=_top(counts["opt_outs"], LANGUAGES_SHOWN),
    )


def _policy(template: str) -> str:
    """Returns the page's content security policy: nothing but its own style sheet."""
    (style,) = re.findall(r"<style>(.*?)</style>", template, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _together(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Returns the pairs of rules that reject most documents, and their share of each rule's."""
    pairs = sorted(
        (-both, one, other)
        for one, others in counts.items()
        for other, both in others.items()
        if one < other
    )
    return [
        {
            "rules": (one, other),
            "documents": -both,
            "shares": (-both / counts[one][one], -both / counts[other][other]),
        }
        for both, one, other in pairs[:PAIRS_SHOWN]
    ]


def _sum(by_subset: Mapping[str, int]) -> int:
    return sum(by_subset.values())


def _breakable(name: str) -> Markup:
    """Returns a rule's name as HTML that may be broken behind its words, and nowhere else."""
    return Markup("<wbr>").join(re.split(r"(?<=[._])", name))


def _top(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[most:])
    return ordered[:most] + ([("others", rest)] if rest else [])


def _resource(name: str) -> str:
    folder = resources.files("massivetext.pipeline.phases.report")
    return (folder / name).read_text(encoding="utf-8")


def _funnel_schema(counts: Mapping[str, Any]) -> bytes:
    """Returns the schema of a run's `funnel.json`, which has edits if there are some."""
    text = _resource(FUNNEL_SCHEMA)
    if "edits" not in counts:
        return text.encode()
    schema = json.loads(text)
    schema["properties"]["edits"] = EDITS_SCHEMA
    return _json(schema)


def _json(record: Any) -> bytes:
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()


PHASE: Final = PhaseWork(settings, report, check=check_second_tokenizer)
