"""What became of a record, for people; and what sequences are made of.

Whatever strangers wrote is shown as `made_visible` returns it, in `Text`, which rich never
interprets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from massivetext.config import Config
from massivetext.filters.evidence import gather_evidence
from massivetext.pipeline.commands.summary import report_console
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.outcome import (
    OtherDocument,
    RecordOutcome,
    Removal,
    RuleOutcome,
    TestMatch,
)
from massivetext.visible_text import made_visible

_METADATA_CHARACTERS: Final = 2_000
"""Our choice: of metadata, which may be any columns of the input, a screen at most."""


def print_outcome(outcome: RecordOutcome, config: Config) -> None:
    """Prints everything that the output folder knows of a record."""
    console, row = report_console(), outcome.row
    name = row.get("title") or row["url"] or row["source_id"] or "(a record without a name)"
    _say(console, f"{row.get('id') or outcome.place.folder}  ", name, style="bold")
    where = f"{outcome.place.folder}/{outcome.place.item}"
    _say(console, f"subset {row['subset']}, row {outcome.place.row} of ", where)
    _say(console, "source id ", row["source_id"])
    if row["url"]:
        _say(console, "url ", row["url"])
    _say(console, *fate(outcome), style="bold")
    if outcome.verdict in ("failed", "skipped"):
        _say(console, f"at {row['offset']} of ", row["file"])
        return
    console.print(_rules_table(outcome.rules))
    unjudged = {n: v for n, v in outcome.measures.items() if n not in _judged(outcome)}
    if unjudged:
        values = ", ".join(f"{name} {_value(value)}" for name, value in unjudged.items())
        _say(console, "no rule of its source judges ", values, most=_METADATA_CHARACTERS)
    _say(console, "metadata ", row["metadata"] or "{}", most=_METADATA_CHARACTERS)
    if outcome.verdict == "rejected":
        _print_evidence(console, config, outcome)


def fate(outcome: RecordOutcome) -> tuple[str, str]:
    """Returns what became of a record: our words, and those of strangers behind them."""
    reasons = ", ".join(outcome.reasons)
    if outcome.verdict == "failed":
        return "failed, could not be read: ", reasons
    if outcome.verdict == "skipped":
        return "skipped, holds no document: ", reasons
    if outcome.verdict == "rejected":
        return f"rejected at stage {outcome.stage}; fails {reasons}", ""
    if outcome.removal is not None:
        return _removed(outcome, outcome.removal)
    if outcome.in_corpus:
        return "kept: it is in corpus/", ""
    said = ", ".join(outcome.finished) or "none"
    return f"kept so far; the phase 'corpus' is not finished (finished: {said})", ""


def _removed(outcome: RecordOutcome, removal: Removal) -> tuple[str, str]:
    said = [f"removed: {', '.join(outcome.reasons)}"]
    if removal.partner is not None:
        said.append(_partner(outcome, removal, removal.partner))
    if removal.test is not None:
        said.append(f"it matches {_test_match(removal.test)}")
    if removal.excluded_by is None:
        return "; ".join(said), ""
    return "; ".join([*said, "a list of take-downs names "]), removal.excluded_by


def _partner(outcome: RecordOutcome, removal: Removal, partner: OtherDocument) -> str:
    alike = "" if removal.jaccard is None else f" (Jaccard {removal.jaccard:.4f})"
    said = f"its partner is {_other(outcome, partner)}{alike}"
    if not removal.is_survivor_known:
        return f"{said}, and the phase 'corpus' has yet to say whether that stays"
    if removal.survivor is None:
        return f"{said}, and nothing of their kind stays"
    if removal.survivor == partner:
        return f"{said}, which stays"
    return f"{said}, which was removed too; {_other(outcome, removal.survivor)} stays"


def _other(outcome: RecordOutcome, other: OtherDocument) -> str:
    if other.item is None:
        return f"{other.id} of an older corpus"
    place = f"row {other.row} of documents/{made_visible(other.item)}"
    is_copy = other.id == outcome.row["id"]
    return f"a copy with the same id, {place}" if is_copy else f"{other.id}, {place}"


def _test_match(test: TestMatch) -> str:
    measured = (("Jaccard", test.jaccard), ("containment", test.containment))
    shown = ", ".join(f"{name} {value:.4f}" for name, value in measured if value is not None)
    return f"{test.test_set} item {made_visible(test.test_item)} ({shown or 'by its title'})"


def _judged(outcome: RecordOutcome) -> set[str]:
    return {rule.measure for rule in outcome.rules}


def _rules_table(rules: tuple[RuleOutcome, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("measure", "value", "must be", "rule", ""):
        justify: Any = "right" if title == "value" else "left"
        table.add_column(title, justify=justify, overflow="fold")
    for rule in rules:
        wanted = f"{rule.comparison} {_threshold(rule.threshold)}"
        cells = (rule.measure, _value(rule.value), wanted, rule.rule, "FAILS" * rule.fails)
        table.add_row(*map(Text, cells), style="red" if rule.fails else "")
    return table


def _value(value: Any) -> str:
    if value is None:
        return "none stated"
    if isinstance(value, list):
        return made_visible(", ".join(value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else made_visible(str(value))


def _threshold(threshold: float | tuple[str, ...]) -> str:
    if isinstance(threshold, tuple):
        return ", ".join(threshold) or "nothing"
    return f"{threshold:g}"


def _print_evidence(console: Console, config: Config, outcome: RecordOutcome) -> None:
    """Prints the passages behind the failed rules: of the text, as far as the run kept it."""
    row = outcome.row
    if len(row["text"].encode()) == row["text_bytes"]:
        for rule in outcome.reasons:
            _print_spans(console, config, row["text"], rule)
        return
    _print_passages(console, row["evidence"] or ())
    console.print(
        f"\nThe run kept {len(row['text']):,} characters of a text of {row['text_bytes']:,} "
        f"bytes (output.rejected_text = {config.output.rejected_text!r}), and one passage for "
        "a rule; 'full' shows all of them.",
        markup=False,
        soft_wrap=True,
    )


def _print_spans(console: Console, config: Config, text: str, rule: str) -> None:
    for evidence in gather_evidence(text, [rule], config):
        console.print(f"\n{rule}:", style="bold")
        for span in evidence.spans:
            _say(console, "  ", str(span))
        if evidence.further:
            console.print(f"  and {evidence.further} more")


def _print_passages(console: Console, passages: Sequence[Mapping[str, Any]]) -> None:
    """Prints stored passages, each once behind all the rules that it made fire."""
    rules: dict[str, list[str]] = {}
    for passage in passages:
        rules.setdefault(_told(passage), []).append(passage["rule"])
    for told, names in rules.items():
        console.print("\n" + ",\n".join(names) + ":", style="bold")
        _say(console, "  ", told)


def _told(passage: Mapping[str, Any]) -> str:
    start, end, places = passage["start"], passage["end"], passage["places"]
    cut = " ..." if end - start > len(passage["passage"]) else ""
    others = f", and {places - 1} more" if places > 1 else ""
    return f"{made_visible(passage['passage'])!r}{cut} at characters {start}-{end}{others}"


def _say(console: Console, ours: str, theirs: str, style: str = "", most: int = 1_000) -> None:
    """Prints a line of our words, and of those of strangers behind them."""
    console.print(Text(ours + made_visible(theirs, most), style=style), soft_wrap=True)


def explain_sequence(output: str, number: int) -> None:
    """Prints the crops that a sequence is made of.

    Raises:
        UsageError: if the sequence does not exist, or the shards are damaged.
    """
    from massivetext.sequencing import ShardReader
    from massivetext.sequencing.shards import NoShardsError

    try:
        reader = ShardReader(store.join(output, "sequences"))
        if not 0 <= number < len(reader):
            raise UsageError(
                f"sequence {number} does not exist: the shards hold 0 to {len(reader) - 1}"
            )
        tokenizer, tokens = reader.tokenizer(), reader[number]
    except (NoShardsError, ValueError) as error:
        raise UsageError(str(error)) from None
    console = report_console()
    for crop in reader.provenance(number):
        console.print(
            f"tokens {crop.token_start}-{crop.token_end}: {crop.subset} {crop.document_id}, "
            f"bytes {crop.byte_start}-{crop.byte_end}",
            style="bold",
        )
        text = tokenizer.decode(tokens[crop.token_start : crop.token_end])
        console.print(Text("\n".join(made_visible(line, len(line)) for line in text.split("\n"))))
