"""What the rules say of documents: which object, and at which stage of the paper a document leaves.

A document's `reasons` are all rules that object, its `stage` is the stage of the first of them in
the paper's order: every measure is computed and no rule hides another.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from massivetext.config import Config, Source
from massivetext.filters.rule import Stage
from massivetext.filters.rules import RULES, TEXT_RULES, rules_for
from massivetext.own_steps import is_own


def judge(
    measures: pa.RecordBatch | pa.Table, config: Config, source: Source | None = None
) -> pa.ListArray:
    """Returns, a row each, the names of all rules that the document breaks, in the table's order.

    Args:
        measures: one row a document, with the columns that the rules judge (others are ignored).
        config: where the thresholds are.
        source: the source that the documents come from, which decides the rules that apply;
            without one, the rules that a text alone decides.

    Raises:
        ValueError: if a column that a rule judges is missing.
    """
    rules = TEXT_RULES if source is None else rules_for(config, source)
    missing = sorted({rule.measure for rule in rules} - set(measures.schema.names))
    if missing:
        raise ValueError(
            f"the columns {', '.join(missing)} are missing; expected one column a measure"
        )
    broken = np.zeros((measures.num_rows, len(rules)), dtype=bool)
    for i, rule in enumerate(rules):
        threshold = rule.threshold(config, source)
        broken[:, i] = rule.objects(measures.column(rule.measure), threshold)
    names = pa.array([rule.name for rule in rules], pa.string())
    offsets = np.concatenate([[0], np.cumsum(broken.sum(axis=1))])
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), names.take(pa.array(np.nonzero(broken)[1]))
    )


def first_stages(reasons: pa.ListArray) -> pa.StringArray:
    """Returns, a row each, the stage of the first rule in the paper's order; null if none objects.

    Args:
        reasons: names of broken rules a document, as `judge` returns them.
    """
    return pa.array([first_stage(names) for names in reasons.to_pylist()], pa.string())


def first_stage(names: Iterable[str]) -> Stage | None:
    """Returns the first stage, in the paper's order, that one of the broken rules belongs to."""
    stages = {Stage.OWN if is_own(name) else RULES[name].stage for name in names}
    return next((stage for stage in Stage if stage in stages), None)
