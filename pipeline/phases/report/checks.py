"""The checks of a run, green or red: `report/checks.json`, from what `funnel.json` holds.

A check that fails is a reason to look, not an error of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from massivetext.visible_text import made_visible

CHECKS_SCHEMA_VERSION: Final = 1

MOST_FIRED: Final = 0.5
MOST_OF_A_HOST: Final = 0.05
MOST_OF_A_CLUSTER: Final = 0.01
"""Our choice: a rule on more than half, a host above 5 %, a cluster above 1 %."""

MOST_MOJIBAKE: Final = 0.01
"""Our choice: a source that is read in a wrong encoding spoils far more of its documents."""

LEAST_TEXT_USED: Final = 0.5
"""Our choice: of a subset, less text than that in the shards is asked about: the mixture or
`sequence.tokens` leaves most of it out."""

_NAMED: Final = 10
"""Our choice: so many offenders are named in a sentence; `offenders` has them all."""

_NAME_CHARACTERS: Final = 80


@dataclass(frozen=True)
class Check:
    """What was asked of a run.

    Attributes:
        name: of the check.
        passed: None if it cannot be told yet.
        found: what is so, in a sentence.
        expected: what was expected.
        advice: what to do where it fails.
        offenders: what failed, each with its figure.
    """

    name: str
    passed: bool | None
    found: str
    expected: str
    advice: str
    offenders: Mapping[str, float]


def checks_of(funnel: Mapping[str, Any]) -> list[Check]:
    """Returns all checks, in the order of the page, from the content of `funnel.json`."""
    return [check(funnel) for check in _CHECKS]


def checks_record(funnel: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the content of `checks.json`."""
    checks = checks_of(funnel)
    return {
        "schema_version": CHECKS_SCHEMA_VERSION,
        "massivetext": funnel["massivetext"],
        "passed": all(check.passed is not False for check in checks),
        "checks": [{**vars(check), "offenders": dict(check.offenders)} for check in checks],
    }


def _judged(
    name: str,
    offenders: Mapping[str, float],
    expected: str,
    advice: str,
    fine: str,
    show: Callable[[float], str] = "{:.1%}".format,
) -> Check:
    """Returns a check that fails if there are offenders; `fine` is said where there are none."""
    ordered = dict(sorted(offenders.items(), key=lambda pair: (-pair[1], pair[0])))
    named = [
        f"{made_visible(who, _NAME_CHARACTERS)} ({show(figure)})"
        for who, figure in list(ordered.items())[:_NAMED]
    ]
    more = f" and {len(ordered) - _NAMED:,} more" if len(ordered) > _NAMED else ""
    found = ", ".join(named) + more if ordered else fine
    return Check(name, not ordered, found, expected, advice, ordered)


def _unknown(name: str, phase: str, expected: str, advice: str) -> Check:
    return Check(name, None, f"not known before the phase '{phase}'", expected, advice, {})


def _ledgers(funnel: Mapping[str, Any]) -> Check:
    lost = {}
    for subset, row in funnel["subsets"].items():
        rejected = sum(row["rejected"].values())
        lost[subset] = row["in"] - row["skipped"] - row["failed"] - rejected - row["documents"]
        if "corpus" in row:
            removed = sum(row["removed"].values())
            lost[f"{subset} corpus"] = row["documents"] - removed - row["corpus"]
    return _judged(
        "ledgers_balance",
        {subset: abs(count) for subset, count in lost.items() if count},
        "in = documents + rejected + failed + skipped, and documents = corpus + removed",
        "`massivetext verify` names the files that are at fault",
        f"{funnel['total'].get('in', 0):,} records, all accounted for",
        "{:,.0f} records".format,
    )


def _rules_in_use(funnel: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Returns judged and rejected documents of the rules that can reject any."""
    return {
        name: (sum(rule["judged"].values()), sum(rule["failed"].values()))
        for name, rule in funnel["rules"].items()
        if not rule["is_off"] and any(rule["judged"].values())
    }


def _never_fired(funnel: Mapping[str, Any]) -> Check:
    never = {name: judged for name, (judged, failed) in _rules_in_use(funnel).items() if not failed}
    return _judged(
        "rules_fire",
        never,
        "every rule that is on rejects a document",
        "look at its threshold on its card: it may be too loose, or its measure may be 0 "
        "throughout; in small runs rare faults may just be absent",
        "every rule that is on rejected a document",
        "0 of {:,.0f} judged".format,
    )


def _fired_often(funnel: Mapping[str, Any]) -> Check:
    shares = {name: failed / judged for name, (judged, failed) in _rules_in_use(funnel).items()}
    return _judged(
        "rules_are_selective",
        {name: share for name, share in shares.items() if share > MOST_FIRED},
        f"no rule rejects more than {MOST_FIRED:.0%} of the documents that it judges",
        "look at its card and at documents that it just dropped; raise or lower its threshold, or "
        "leave it out for this source",
        f"at most {max(shares.values(), default=0):.1%}",
    )


def _hosts(funnel: Mapping[str, Any]) -> Check:
    expected = f"no host has more than {MOST_OF_A_HOST:.0%} of the corpus of a subset"
    advice = "look whether one site should weigh so much; hosts/ has the figures of every host"
    if funnel["hosts"]["count"] is None or "corpus" not in funnel["total"]:
        return _unknown("hosts_are_many", "audit", expected, advice)
    large = {
        f"{subset}: {host}": counts["corpus_documents"] / funnel["subsets"][subset]["corpus"]
        for subset, hosts in funnel["hosts"]["subsets"].items()
        for host, counts in hosts.items()
        if counts["corpus_documents"] > MOST_OF_A_HOST * funnel["subsets"][subset]["corpus"]
    }
    return _judged("hosts_are_many", large, expected, advice, "none has more")


def _clusters(funnel: Mapping[str, Any]) -> Check:
    expected = f"no cluster of duplicates is larger than {MOST_OF_A_CLUSTER:.0%} of the documents"
    advice = "look at its survivor with `massivetext explain`: it may be a template of a web site"
    if funnel["clusters"] is None:
        return _unknown("clusters_are_small", "corpus", expected, advice)
    documents = funnel["total"].get("documents", 0)
    large = {
        f"{cluster['item']} row {cluster['row']}": cluster["documents"] / documents
        for cluster in funnel["clusters"]["largest"]
        if cluster["documents"] > MOST_OF_A_CLUSTER * documents
    }
    sizes = [cluster["documents"] for cluster in funnel["clusters"]["largest"]]
    fine = f"the largest has {sizes[0]:,} documents" if sizes else "there is none"
    return _judged("clusters_are_small", large, expected, advice, fine)


def _test_sets(funnel: Mapping[str, Any]) -> Check:
    expected = "no document matches an item of a test set"
    advice = (
        "they were removed; look which source carries test items, as near copies may have stayed"
    )
    if funnel["decontamination"] is None:
        return _unknown("test_sets_are_apart", "decontaminate", expected, advice)
    hits = {name: count for name, count in funnel["decontamination"]["hits"].items() if count}
    return _judged(
        "test_sets_are_apart", hits, expected, advice, "no hit", "{:,.0f} hits, removed".format
    )


def _mojibake(funnel: Mapping[str, Any]) -> Check:
    shares = {
        subset: count / funnel["subsets"][subset]["documents"]
        for subset, count in funnel["mojibake"].items()
        if count
    }
    return _judged(
        "texts_are_decoded",
        {subset: share for subset, share in shares.items() if share > MOST_MOJIBAKE},
        f"at most {MOST_MOJIBAKE:.0%} of a subset's documents were decoded wrongly",
        "look at the encoding of the source; quality.max_mojibake = 10 drops such documents",
        f"at most {max(shares.values(), default=0):.2%}",
        "{:.2%}".format,
    )


def _text_used(funnel: Mapping[str, Any]) -> Check:
    expected = f"the shards hold at least {LEAST_TEXT_USED:.0%} of the text of every subset"
    advice = "raise sequence.tokens or sequence.max_visits, or change sequence.weights"
    if funnel["shards"] is None:
        return _unknown("text_is_used", "sequence", expected, advice)
    used = {
        subset: row["epochs"]
        for subset, row in funnel["shards"]["subsets"].items()
        if row["documents"]
    }
    little = {subset: share for subset, share in used.items() if share < LEAST_TEXT_USED}
    fine = f"at least {min(used.values(), default=1):.1%}"
    return _judged("text_is_used", little, expected, advice, fine)


def _files(funnel: Mapping[str, Any]) -> Check:
    files: Sequence[str] = funnel["incomplete_files"]
    return _judged(
        "files_are_read_to_their_end",
        dict.fromkeys(files, 1),
        "every input file is read to its end",
        "fetch it again: it is cut off or damaged, and failed/ says where",
        "all were",
        lambda _: "not read to its end",
    )


_CHECKS: Final = (
    _ledgers,
    _never_fired,
    _fired_often,
    _hosts,
    _clusters,
    _test_sets,
    _mojibake,
    _text_used,
    _files,
)
