"""How the documents of two runs differ: those in one only, other verdicts, and their causes.

Documents are known by their ids, which depend on no file; copies of one id are numbered in the
order of their places, so that the first of one run is compared with the first of the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from massivetext.config import Config, plain
from massivetext.pipeline.commands.whatif.settings import settings_of_run
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.document_record import document_to_json
from massivetext.pipeline.phases.outcome import FinishedRun, Folder, RecordOutcome, RecordPlace
from massivetext.pipeline.phases.table import REMOVING

DIFF_SCHEMA_VERSION: Final = 1

_FOLDERS: Final[tuple[Folder, Folder]] = ("documents", "rejected")
_KEPT: Final = "kept"


@dataclass(frozen=True)
class DocumentFates:
    """What became of every document of a run, by id.

    Attributes:
        run: the run.
        items: names of its work items.
        ids: bytes (documents,), ascending.
        copies: int64, how many documents of the same id come before it.
        verdicts: numbers into `names`.
        names: "kept", or the verdict and its reasons.
        places: int64, (item number doubled, and one more for `rejected/`) << 32 | row.
    """

    run: FinishedRun
    items: tuple[str, ...]
    ids: NDArray[np.bytes_]
    copies: NDArray[np.int64]
    verdicts: NDArray[np.int64]
    names: NDArray[np.str_]
    places: NDArray[np.int64]

    def verdict(self, index: int) -> str:
        """Returns what became of a document."""
        return str(self.names[self.verdicts[index]])

    def outcome(self, index: int) -> RecordOutcome:
        """Returns all that is known of a document."""
        place = int(self.places[index])
        folder = _FOLDERS[place >> 32 & 1]
        return self.run.outcome(RecordPlace(folder, self.items[place >> 33], place & 0xFFFFFFFF))


def difference_of_runs(output_a: str, output_b: str, count: int) -> dict[str, Any]:
    """Returns how the documents of two runs differ, as JSON has it (docs/auditing.md).

    Args:
        output_a: the output folder of a finished run.
        output_b: that of another.
        count: documents of each kind that are shown, at most.

    Raises:
        UsageError: if one of them is not finished.
    """
    a, b = _fates(output_a), _fates(output_b)
    in_a, in_b = _common(a, b)
    only_a = np.setdiff1d(np.arange(a.ids.size), in_a)
    only_b = np.setdiff1d(np.arange(b.ids.size), in_b)
    changed = np.flatnonzero(a.names[a.verdicts[in_a]] != b.names[b.verdicts[in_b]])
    changed = changed[np.argsort(a.places[in_a[changed]])]
    pairs = list(zip(in_a[changed].tolist(), in_b[changed].tolist(), strict=True))
    verdicts = Counter(f"{a.verdict(i)} -> {b.verdict(j)}" for i, j in pairs)
    return {
        "schema_version": DIFF_SCHEMA_VERSION,
        "settings": _changed_settings(settings_of_run(output_a), settings_of_run(output_b)),
        "documents": {"a": a.ids.size, "b": b.ids.size, "both": in_a.size},
        "only_in_a": _only(a, only_a, "a", count),
        "only_in_b": _only(b, only_b, "b", count),
        "changed": {
            "documents": len(pairs),
            "verdicts": dict(verdicts.most_common()),
            "examples": [_changed(a, i, b, j) for i, j in pairs[:count]],
        },
    }


def _fates(output: str) -> DocumentFates:
    run = FinishedRun.open(output)
    run.require("corpus")
    items = run.items()
    tables = [table for n, item in enumerate(items) for table in _item_verdicts(output, n, item)]
    table = pa.concat_tables([_SCHEMA.empty_table(), *tables]).combine_chunks()
    ids = np.array(table["id"].to_numpy(zero_copy_only=False), np.bytes_)
    places = table["place"].to_numpy()
    order = np.lexsort((places, ids))
    encoded = table["verdict"].combine_chunks().dictionary_encode()
    numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    names = np.array(encoded.dictionary.to_pylist(), np.str_)
    ids = ids[order]
    return DocumentFates(run, items, ids, _copies(ids), numbers[order], names, places[order])


_SCHEMA: Final = pa.schema([("id", pa.string()), ("verdict", pa.string()), ("place", pa.int64())])


def _item_verdicts(output: str, number: int, item: str) -> Iterator[pa.Table]:
    """Yields what became of an item's documents, and of its rejected ones."""
    removed = store.read_table(store.below(output, f"removed/{item}.parquet"), ["row", "reasons"])
    gone = dict(
        zip(removed["row"].to_pylist(), _joined("removed", removed["reasons"]), strict=True)
    )
    for place, folder in enumerate(_FOLDERS):
        path = store.below(output, f"{folder}/{item}.parquet")
        is_rejected = folder == "rejected"
        table = store.read_table(path, ["id", *(["reasons"] if is_rejected else [])])
        rows = range(table.num_rows)
        said = (
            _joined("rejected", table["reasons"])
            if is_rejected
            else [gone.get(row, _KEPT) for row in rows]
        )
        places = np.arange(table.num_rows, dtype=np.int64) + ((2 * number + place) << 32)
        yield pa.table([table["id"], pa.array(said, pa.string()), pa.array(places)], schema=_SCHEMA)


def _joined(verdict: str, reasons: pa.ChunkedArray) -> list[str]:
    joined = pc.call_function("binary_join", [reasons, pa.scalar(", ")])
    return [f"{verdict}: {names}" for names in joined.to_pylist()]


def _copies(ids: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """Returns how many equal ids come before each, of ids in order."""
    numbers = np.arange(ids.size)
    starts = np.ones(ids.size, np.bool_)
    starts[1:] = ids[1:] != ids[:-1]
    return numbers - np.maximum.accumulate(np.where(starts, numbers, 0))


def _common(a: DocumentFates, b: DocumentFates) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the indices of the documents of both, in the order of their ids."""
    names = np.concatenate([a.ids, b.ids])
    copies = np.concatenate([a.copies, b.copies])
    is_b = np.arange(names.size) >= a.ids.size
    order = np.lexsort((is_b, copies, names))
    names, copies = names[order], copies[order]
    same = (names[1:] == names[:-1]) & (copies[1:] == copies[:-1])
    found = np.flatnonzero(same)
    return order[found], order[found + 1] - a.ids.size


def _only(one: DocumentFates, indices: NDArray[np.int64], side: str, count: int) -> dict[str, Any]:
    verdicts = Counter(one.verdict(index) for index in indices.tolist())
    return {
        "documents": indices.size,
        "verdicts": dict(verdicts.most_common()),
        "examples": [
            {**_document(one.outcome(index)), f"verdict_{side}": one.verdict(index)}
            for index in indices[np.argsort(one.places[indices])][:count].tolist()
        ],
    }


def _document(outcome: RecordOutcome) -> dict[str, Any]:
    told = document_to_json(outcome)
    del told["reasons_before"]
    return told


def _changed(a: DocumentFates, i: int, b: DocumentFates, j: int) -> dict[str, Any]:
    """Returns a document whose verdicts differ, and what is the cause."""
    before, after = a.outcome(i), b.outcome(j)
    return {
        **_document(before),
        "verdict_a": a.verdict(i),
        "verdict_b": b.verdict(j),
        "causes": [*_rules(before, after), *_removals(before, after)],
    }


def _rules(before: RecordOutcome, after: RecordOutcome) -> Iterator[dict[str, Any]]:
    """Yields the rules that object in one run only, with measure and threshold of both."""
    other = {rule.rule: rule for rule in after.rules}
    for rule in before.rules:
        found = other.pop(rule.rule, None)
        if rule.fails != (found is not None and found.fails):
            yield _cause(rule.rule, rule, found)
    for rule in other.values():
        if rule.fails:
            yield _cause(rule.rule, None, rule)


def _cause(name: str, before: Any, after: Any) -> dict[str, Any]:
    """Returns what a rule says in two runs, None where it is not in force."""
    known = before or after
    told = {"rule": name, "measure": known.measure, "comparison": known.comparison}
    for side, rule in (("a", before), ("b", after)):
        told[f"value_{side}"] = None if rule is None else rule.value
        told[f"threshold_{side}"] = None if rule is None else plain(rule.threshold)
    return told


def _removals(before: RecordOutcome, after: RecordOutcome) -> Iterator[dict[str, Any]]:
    """Yields the reasons of removals that hold in one run only."""
    sides = {"a": before, "b": after}
    for side, outcome in sides.items():
        other = sides["b" if side == "a" else "a"].removal
        removal = outcome.removal
        for reason in removal.reasons if removal else ():
            if other is None or reason not in other.reasons:
                is_test = reason in REMOVING["decontaminate"].reasons
                is_copy = reason in REMOVING["dedup"].reasons
                is_listed = reason in REMOVING["exclude"].reasons
                partner = removal.partner if removal and is_copy else None
                yield {
                    "reason": reason,
                    "in": side,
                    "partner_id": partner.id if partner else None,
                    "jaccard": removal.jaccard if partner and removal else None,
                    "test": plain(removal.test) if is_test and removal else None,
                    "excluded_by": removal.excluded_by if is_listed and removal else None,
                }


def _changed_settings(a: Config, b: Config) -> dict[str, dict[str, Any]]:
    """Returns the settings that decide verdicts and differ, by key."""
    one, other = _flat(plain(a)), _flat(plain(b))
    return {
        key: {"a": one.get(key), "b": other.get(key)}
        for key in sorted({*one, *other})
        if one.get(key) != other.get(key)
    }


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keys of sections as `section.key`."""
    flat: dict[str, Any] = {}
    for name, section in table.items():
        if isinstance(section, Mapping):
            flat |= {f"{name}.{key}": value for key, value in section.items()}
        else:
            flat[name] = section
    return flat
