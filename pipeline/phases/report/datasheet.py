"""`DATASHEET.md`: the questions of "Datasheets for Datasets" (Gebru et al., arXiv 1803.09010).

What a run knows is answered from its findings; what only a person can answer is marked so. The
questions are shortened; their order and sections are the paper's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from massivetext.config import Config

TO_ANSWER: Final = "*To be answered by a person: a run does not know this.*"
"""Marks a question that stays open."""

_OPEN_BEFORE: Final = {
    "Motivation": (
        "For what purpose was the dataset created?",
        "Who created it, and on behalf of whom?",
        "Who funded its creation?",
    ),
}

_OPEN_BEHIND: Final = {
    "Composition": (
        "Does it contain data that might be considered confidential?",
        "Does it contain data that might be offensive, threatening or cause anxiety?",
        "Does it identify subpopulations, for example by age or gender?",
        "Is it possible to identify individuals, directly or indirectly?",
        "Does it contain data that might be considered sensitive?",
    ),
    "Collection": (
        "Who was involved in the collection, and how were they compensated?",
        "Over what time frame was the data collected?",
        "Were any ethical review processes conducted?",
        "Were the individuals in question notified, and did they consent?",
        "Has the impact of the dataset on its data subjects been analyzed?",
    ),
    "Uses": (
        "Has the dataset been used already?",
        "Is there a repository of papers or systems that use it?",
        "What other tasks could it be used for?",
        "Are there tasks for which it should not be used?",
    ),
    "Distribution": (
        "Will it be distributed to third parties, how and when?",
        "Under what copyright or other license, or terms of use?",
        "Have third parties imposed restrictions on the data of the instances?",
        "Do export controls or other regulatory restrictions apply?",
    ),
    "Maintenance": (
        "Who hosts and maintains the dataset, and how can they be contacted?",
        "Is there an erratum?",
        "Will it be updated, how often and by whom?",
        "Are there limits on the retention of data that relates to people?",
        "Will older versions continue to be supported?",
    ),
}


def datasheet(config: Config, counts: Mapping[str, Any]) -> str:
    """Returns the datasheet as Markdown.

    Args:
        config: of the run.
        counts: the content of `funnel.json`.
    """
    answered = {
        "Motivation": (),
        "Composition": tuple(_composition(config, counts)),
        "Collection": tuple(_collection(config, counts)),
        "Preprocessing, cleaning, labeling": tuple(_preprocessing(config, counts)),
        "Uses": (),
        "Distribution": (),
        "Maintenance": tuple(_maintenance(config)),
    }
    lines = [
        "# Datasheet",
        "",
        "The questions are those of Gebru et al., *Datasheets for Datasets* (arXiv 1803.09010), "
        f"shortened. massivetext {counts['massivetext']} has answered what the run knows; "
        "`report/funnel.json` holds the figures.",
    ]
    for section, known in answered.items():
        open_ = [(question, TO_ANSWER) for question in _OPEN_BEFORE.get(section, ())]
        rest = [(question, TO_ANSWER) for question in _OPEN_BEHIND.get(section, ())]
        lines += ["", f"## {section}"]
        for question, answer in (*open_, *known, *rest):
            lines += ["", f"**{question}**", "", answer]
    return "\n".join(lines) + "\n"


_Answers = Iterator[tuple[str, str]]


def _composition(config: Config, counts: Mapping[str, Any]) -> _Answers:
    total = counts["total"]
    yield (
        "What do the instances represent?",
        "Documents of text: web pages, or texts of other collections, by subset.",
    )
    yield "How many instances are there?", _table(counts["subsets"], total)
    read = f"All records of the input files were read: {total['in']:,}."
    yield (
        "Does it contain all possible instances or a sample?",
        f"{read} What is not in the corpus is in rejected/, removed/, failed/ and skipped/, "
        "with reasons. Whether the inputs are a sample of something larger, "
        "a person must say.",
    )
    yield (
        "What data does each instance consist of?",
        "Text, its source's names and facts, and every measure: the columns of docs/auditing.md.",
    )
    yield (
        "Is there a label or target?",
        "No. Measures and reasons are those of the rules.",
    )
    yield (
        "Is any information missing from instances?",
        f"{total['failed']:,} records could not be read (failed/); of "
        f"{len(counts['incomplete_files']):,} files the end could not.",
    )
    yield (
        "Are there recommended data splits?",
        f"{config.sequence.held_out:.2%} of the documents are held out of the training shards "
        "(sequences/held_out).",
    )
    yield (
        "Are there errors, sources of noise or redundancies?",
        f"Exact duplicates, and near-duplicates with a {config.dedup.ngram}-gram Jaccard above "
        f"{config.dedup.threshold:g}, were removed ({_removed(total)}). Others remain.",
    )
    yield (
        "Is it self-contained?",
        "Yes: texts are stored, URLs say where they came from.",
    )


def _table(subsets: Mapping[str, Any], total: Mapping[str, Any]) -> str:
    rows = [*subsets.items(), ("total", total)]
    return "\n".join(
        [
            "| subset | records read | documents in the corpus | bytes of text |",
            "|---|---|---|---|",
            *(
                f"| {name} | {row['in']:,} | {row.get('corpus', 0):,} "
                f"| {row.get('text_bytes', 0):,} |"
                for name, row in rows
            ),
        ]
    )


def _removed(total: Mapping[str, Any]) -> str:
    removed = total.get("removed", {})
    return ", ".join(f"{reason} {count:,}" for reason, count in removed.items()) or "none yet"


def _collection(config: Config, counts: Mapping[str, Any]) -> _Answers:
    sources = [f"- {source.subset}: {source.kind}, {source.format}" for source in config.sources]
    yield (
        "How was the data associated with each instance acquired?",
        "From existing files:\n\n" + "\n".join(sources),
    )
    hosts = counts["hosts"]["count"]
    yield (
        "What mechanisms were used to collect the data?",
        "Those of the crawls and collections that the files are from; a person must name them."
        + (f" {hosts:,} hosts are in hosts/." if hosts else ""),
    )
    yield (
        "If it is a sample, what was the sampling strategy?",
        "Rules, and none by chance; of duplicates a seeded draw decides which one stays.",
    )
    signals = ", ".join(f"{name} {n:,}" for name, n in sorted(counts["opt_outs"].items()))
    rejecting = ", ".join(config.opt_outs.reject) or "none"
    yield (
        "Did publishers opt out of such uses?",
        f"Documents with opt-out signals: {signals or 'none'}. Signals that reject: {rejecting}.",
    )


def _preprocessing(config: Config, counts: Mapping[str, Any]) -> _Answers:
    rejected = counts["total"]["rejected"]
    stages = ", ".join(f"{stage} {count:,}" for stage, count in rejected.items())
    languages = ", ".join(config.language.keep)
    yield (
        "Was any preprocessing, cleaning or labeling done?",
        f"HTML to text ({config.extraction.extractor}, {config.extraction.format}); languages "
        f"kept: {languages}; rejected by stage: {stages}; removed: "
        f"{_removed(counts['total'])}. All rules with their thresholds are in report/index.html."
        f"{_own_steps(config)}",
    )
    full = config.output.rejected_text == "full"
    kept = "in full" if full else "as a beginning, or not at all"
    yield (
        "Was the raw data saved as well?",
        f"The input files are not changed; texts of rejected documents are kept {kept}.",
    )
    yield "Is the software available?", f"massivetext {counts['massivetext']}."


def _own_steps(config: Config) -> str:
    """Returns what functions of one's own have measured and changed; "" without any."""
    told = ""
    if config.measures:
        named = [f"{c} ({m.call})" for m in config.measures for c in m.outputs]
        told += f" Own measures, beside the paper's: {', '.join(named)}."
    if config.edits:
        named = [f"{edit.name} ({edit.call})" for edit in config.edits]
        told += f" Texts were edited before they were measured: {', '.join(named)}."
    return told


def _maintenance(config: Config) -> _Answers:
    lists = [*config.exclude.urls, *config.exclude.hosts, *config.exclude.ids]
    count = len(lists) + len(config.exclude.source_ids)
    yield (
        "How can people have their documents removed?",
        f"By the lists of `[exclude]`: {count:,} in this run. Where to ask, a person must say.",
    )
    yield (
        "Can others extend or build on the dataset?",
        "Another run with `--against` this one adds documents that it does not have yet.",
    )
