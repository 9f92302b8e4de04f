"""What became of one document, or what one sequence is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from massivetext.config import Config
from massivetext.config_file import decode_settings
from massivetext.filters.evidence import gather_evidence
from massivetext.filters.rule import Rule
from massivetext.filters.rules import RULES
from massivetext.pipeline.commands.summary import report_console
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.table import settings_path

PLACES = ("documents", "rejected", "removed")
_KEYS = ("id", "source_id", "url")


@dataclass(frozen=True)
class Found:
    """A row about a document: the folder, the work item and the row itself."""

    place: str
    item: str
    row: dict[str, Any]


def explain_document(output: str, key: str) -> None:
    """Prints everything the output folder knows of a document.

    Raises:
        UsageError: if no document has this id, source id or URL.
    """
    config = _config_of_run(output)
    found = [found for place in PLACES for found in _search(output, place, key)]
    if not found:
        raise UsageError(
            f"no document in {output} has the id, source id or URL {key!r}; "
            "look for ids in documents/, rejected/ and removed/"
        )
    console = report_console()
    removed = {f.row["id"]: f.row for f in found if f.place == "removed"}
    for entry in found:
        if entry.place != "removed":
            _print_document(console, config, entry, removed.get(entry.row["id"]))


def explain_sequence(output: str, number: int) -> None:
    """Prints the crops that a sequence is made of.

    Raises:
        UsageError: if the sequence does not exist.
    """
    from massivetext.sequencing import ShardReader

    reader = ShardReader(store.join(output, "sequences"))
    if not 0 <= number < len(reader):
        raise UsageError(
            f"sequence {number} does not exist: the shards hold 0 to {len(reader) - 1}"
        )
    try:
        tokenizer = reader.tokenizer()
    except ValueError as error:
        raise UsageError(str(error)) from None
    tokens = reader[number]
    console = report_console()
    for crop in reader.provenance(number):
        console.print(
            f"tokens {crop.token_start}-{crop.token_end}: {crop.subset} {crop.document_id}, "
            f"bytes {crop.byte_start}-{crop.byte_end}",
            style="bold",
        )
        console.print(tokenizer.decode(tokens[crop.token_start : crop.token_end]), markup=False)


def _config_of_run(output: str) -> Config:
    """Returns the settings that the run's documents were judged by."""
    path = store.below(output, settings_path("curate"))
    if not store.exists(path):
        raise UsageError(f"expected the output folder of a run, but {output} has no phases/curate")
    settings = json.loads(store.read_bytes(path))
    return decode_settings(settings)


def _search(output: str, place: str, key: str) -> Iterator[Found]:
    folder = store.join(output, place)
    for metadata in store.list_folder(folder):
        columns = [k for k in _KEYS if (place, k) != ("removed", "url")]
        keys = store.read_table(metadata.path, columns).to_pylist()
        hits = [row for row, names in enumerate(keys) if key in names.values()]
        if hits:
            item = metadata.path[len(folder) + 1 :].removesuffix(".parquet")
            for row in store.read_table(metadata.path).take(hits).to_pylist():
                yield Found(place, item, row)


def _print_document(
    console: Console, config: Config, found: Found, removal: dict[str, Any] | None
) -> None:
    row = found.row
    console.print(f"{row['id']}  {row['title'] or row['url'] or row['source_id']}", style="bold")
    console.print(f"subset {row['subset']}, from {found.item}, source id {row['source_id']}")
    if row["url"]:
        console.print(f"url {row['url']}", markup=False)
    console.print(_fate(found, removal), style="bold")
    console.print(_measures(row, config))
    console.print(f"metadata {row['metadata']}", markup=False)
    if found.place == "rejected":
        _print_evidence(console, config, row)


def _fate(found: Found, removal: dict[str, Any] | None) -> str:
    if found.place == "rejected":
        return f"rejected at stage {found.row['stage']}: {', '.join(found.row['reasons'])}"
    if removal is None:
        return "kept"
    said = [f"removed: {', '.join(removal['reasons'])}"]
    if removal["partner_id"]:
        said.append(f"its partner {removal['partner_id']} stays (Jaccard {removal['jaccard']:.4f})")
    if removal["test_set"]:
        said.append(
            f"it matches {removal['test_set']} item {removal['test_item']} "
            f"(Jaccard {removal['test_jaccard']:.4f}, containment {removal['containment']:.4f})"
        )
    return "; ".join(said)


def _measures(row: dict[str, Any], config: Config) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("measure", "value", "must be", "rule", ""):
        table.add_column(title, justify="right" if title == "value" else "left")
    for rule in RULES.values():
        if rule.measure in row and not rule.name.startswith("source."):
            failed = rule.name in (row.get("reasons") or [])
            value = row[rule.measure]
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            style = "red" if failed else ""
            table.add_row(
                rule.measure, shown, _wanted(rule, config), rule.name, "FAILS" * failed, style=style
            )
    return table


def _wanted(rule: Rule, config: Config) -> str:
    threshold = rule.threshold(config)
    shown = ", ".join(threshold) or "nothing" if isinstance(threshold, tuple) else f"{threshold:g}"
    return f"{rule.comparison.value} {shown}"


def _print_evidence(console: Console, config: Config, row: dict[str, Any]) -> None:
    """Prints the passages behind the failed rules, as far as the run kept the text."""
    for evidence in gather_evidence(row["text"], row["reasons"], config):
        console.print(f"\n{evidence.rule}:", style="bold")
        for span in evidence.spans:
            console.print(f"  {span}", markup=False)
        if evidence.further:
            console.print(f"  and {evidence.further} more")
    if config.output.rejected_text != "full":
        console.print(
            f"\nThe run kept only {len(row['text'])} characters of the text (output.rejected_text "
            f"= {config.output.rejected_text!r}); 'full' shows the passages behind every rule."
        )
