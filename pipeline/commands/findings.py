"""What `massivetext find` prints, for people and as JSON. What strangers wrote is bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from massivetext.pipeline.commands.summary import report_console
from massivetext.pipeline.phases.document_record import JSON_CHARACTERS
from massivetext.pipeline.phases.holding_sequences import Holding
from massivetext.pipeline.phases.passage_search import FoundDocument, Search
from massivetext.visible_text import made_visible

SEARCH_VERSION: Final = 1

MOST_FOUND_SHOWN: Final = 20
"""Our choice: documents that are told; of more, their number."""

_SEQUENCES_SHOWN: Final = 5
"""Our choice: sequences of a document on a screen; `--json` has all."""


def print_search(search: Search, holdings: Sequence[Holding] | None) -> None:
    """Prints what was found.

    Args:
        search: what was found.
        holdings: sequences that hold the documents; None before there are shards.
    """
    console = report_console()
    for line in _verdict(search):
        console.print(Text(line), soft_wrap=True, style="bold")
    for found in search.documents[:MOST_FOUND_SHOWN]:
        names = found.names
        title = names["title"] or names["url"] or names["source_id"] or "(without a name)"
        console.print()
        console.print(Text(f"{names['id']}  {made_visible(title)}"), soft_wrap=True)
        console.print(Text(_measured(search, found)), soft_wrap=True)
        console.print(Text(_place(found)), soft_wrap=True)
        for line in _sequences(str(names["id"]), holdings):
            console.print(Text(line), soft_wrap=True)
    more = max(0, len(search.documents) - MOST_FOUND_SHOWN)
    if more:
        console.print(Text(f"\nand {more:,} more that share less with it"))


def _verdict(search: Search) -> list[str]:
    """Returns what to say of the whole corpus."""
    lines = [_answer(search)]
    if search.words < search.ngram:
        plural = "s" if search.words != 1 else ""
        lines.append(
            f"the text has {search.words} word{plural}; of fewer than {search.ngram}, only "
            "documents of the same words and no others are found"
        )
    elif search.certain_words is not None:
        lines.append(
            f"passages of {search.certain_words} words and more are found for certain, shorter "
            "ones mostly"
        )
    if search.looked_up < search.grams:
        lines.append(f"{search.looked_up:,} of its {search.grams:,} {search.ngram}-grams looked up")
    if search.common:
        lines.append(
            f"{search.common:,} of its {search.ngram}-grams are in so many documents that only "
            "the first of them count"
        )
    if search.further:
        lines.append(
            f"{search.further:,} further documents may share less with it; they were not read"
        )
    return lines


def _answer(search: Search) -> str:
    """Returns whether the text is in the corpus, in whole or in part."""
    if not search.documents:
        return f"not found: no document of corpus/ was seen to share {search.ngram}-grams with it"
    best, count = search.documents[0].containment, len(search.documents)
    holders = "1 document shares" if count == 1 else f"{count:,} documents share"
    extent = "in the corpus" if best == 1 else "in the corpus in part"
    return (
        f"{extent}: {holders} {search.ngram}-grams with it, the first has {best:.1%} of its "
        f"{search.grams:,}"
    )


def _measured(search: Search, found: FoundDocument) -> str:
    return (
        f"  has {found.containment:.1%} of the text's {search.ngram}-grams ({found.shared:,}), "
        f"which are {found.coverage:.1%} of its own; Jaccard {found.jaccard:.4f}"
    )


def _place(found: FoundDocument) -> str:
    url = f", url {made_visible(found.names['url'])}" if found.names["url"] else ""
    source_id = made_visible(found.names["source_id"])
    return f"  row {found.row} of documents/{made_visible(found.item)}, source id {source_id}{url}"


def _sequences(document_id: str, holdings: Sequence[Holding] | None) -> list[str]:
    """Returns what to say of the sequences that hold a document."""
    if holdings is None:
        return ["  the phase 'sequence' is not finished: no shards hold it yet"]
    own = [holding for holding in holdings if holding.document_id == document_id]
    if not own:
        return ["  in no shard"]
    lines = [
        f"  bytes {holding.byte_start}-{holding.byte_end} in sequence {holding.sequence} of "
        f"{holding.folder}, {holding.shard}"
        for holding in own[:_SEQUENCES_SHOWN]
    ]
    more = len(own) - _SEQUENCES_SHOWN
    return [*lines, f"  and {more:,} more pieces"] if more > 0 else lines


def search_to_json(search: Search, holdings: Sequence[Holding] | None) -> dict[str, Any]:
    """Returns what was found as a JSON-able mapping; arguments as `print_search`."""
    return {
        "schema_version": SEARCH_VERSION,
        "found": bool(search.documents),
        "largest_containment": max((found.containment for found in search.documents), default=0.0),
        "largest_jaccard": max((found.jaccard for found in search.documents), default=0.0),
        "words": search.words,
        "ngram": search.ngram,
        "grams": search.grams,
        "looked_up": search.looked_up,
        "common": search.common,
        "certain_words": search.certain_words,
        "documents": [_document(found, holdings) for found in search.documents[:MOST_FOUND_SHOWN]],
        "further_documents": max(0, len(search.documents) - MOST_FOUND_SHOWN),
        "unread_documents": search.further,
    }


def _document(found: FoundDocument, holdings: Sequence[Holding] | None) -> Mapping[str, Any]:
    names = {key: (value or "")[:JSON_CHARACTERS] for key, value in found.names.items()}
    own = [h for h in holdings or () if h.document_id == found.names["id"]]
    sequences = [
        {
            "folder": holding.folder,
            "shard": holding.shard,
            "sequence": holding.sequence,
            "byte_start": holding.byte_start,
            "byte_end": holding.byte_end,
        }
        for holding in own
    ]
    return {
        **names,
        "item": found.item,
        "row": found.row,
        "shared": found.shared,
        "containment": found.containment,
        "coverage": found.coverage,
        "jaccard": found.jaccard,
        "sequences": None if holdings is None else sequences,
    }
