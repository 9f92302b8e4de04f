"""What other settings would keep and drop: from what a run has stored, and as a run would do it.

`settings` says what can be asked, `rows` reads the tables, `verdicts` judges anew (`duplicates`,
`test_copies`, `take_downs`), `sums` and `examples` tell what is won and lost, `show` prints it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from massivetext.config import Config
from massivetext.pipeline.commands.whatif.duplicates import ComparedAgain, Duplicates
from massivetext.pipeline.commands.whatif.examples import examples
from massivetext.pipeline.commands.whatif.rows import StoredRun, read_rows
from massivetext.pipeline.commands.whatif.settings import (
    Sweep,
    changed_rules,
    is_looser,
    settings_of_run,
    shown_value,
    with_asked,
)
from massivetext.pipeline.commands.whatif.stored_pairs import StoredPairs
from massivetext.pipeline.commands.whatif.sums import Change, TokenCounts, token_counts, total
from massivetext.pipeline.commands.whatif.take_downs import TakeDowns
from massivetext.pipeline.commands.whatif.test_copies import TestCopies
from massivetext.pipeline.commands.whatif.verdicts import RunJudge, Verdicts
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.manifest import Manifest, read_manifest, require_manifest
from massivetext.pipeline.phases.outcome import FinishedRun
from massivetext.pipeline.phases.report.funnel import bytes_per_token, read_dataset
from massivetext.pipeline.phases.table import settings_path

WHATIF_SCHEMA_VERSION: Final = 1


def what_if(output: str, values: Mapping[str, object], sweeps: Sequence[Sweep]) -> dict[str, Any]:
    """Returns what other settings would keep and drop, as JSON has it (docs/auditing.md).

    Args:
        output: the output folder of a finished run.
        values: of settings, by key.
        sweeps: settings that take several values, one by one, beside `values`.

    Raises:
        UsageError: if the run is unfinished, or an answer does not follow from what it has stored.
        ConfigError: if a value makes no sense.
    """
    stored = Foresight.open(output)
    before = stored.run.config
    asked = with_asked(before, values)
    points = [[with_asked(asked, {s.key: value}) for value in s.values] for s in sweeps]
    configs = [asked, *(config for point in points for config in point)]
    judge = stored.judge(configs)
    change, verdicts = stored.change(judge, asked)
    subsets = change.by_subset()
    return {
        "schema_version": WHATIF_SCHEMA_VERSION,
        "settings": {
            key: {"before": shown_value(before, key), "after": shown_value(asked, key)}
            for key in values
        },
        "tokens_are": change.tokens.are,
        **total(subsets),
        "subsets": subsets,
        "domains": change.by_domain(),
        "lengths": change.by_length(),
        "examples": examples(judge, change, verdicts, asked),
        "sweeps": [
            {"key": sweep.key, "points": _points(stored, judge, sweep.key, configs_of)}
            for sweep, configs_of in zip(sweeps, points, strict=True)
        ],
    }


def _points(
    stored: Foresight, judge: RunJudge, key: str, configs: Sequence[Config]
) -> list[dict[str, Any]]:
    """Returns the sums of each value of a sweep."""
    told = []
    for config in configs:
        change, _ = stored.change(judge, config)
        subsets = change.by_subset()
        told.append({"value": shown_value(config, key), **total(subsets), "subsets": subsets})
    return told


@dataclass(frozen=True)
class Foresight:
    """What a run has stored.

    Attributes:
        run: the run.
        tokens: how its tokens are told of.
        decontaminated: the manifest of its phase `decontaminate`.
        has_pairs: whether its phase `pairs` has kept candidate pairs.
        has_rejected_pairs: whether those of rejected documents, too.
    """

    run: StoredRun
    tokens: TokenCounts
    decontaminated: Manifest
    has_pairs: bool
    has_rejected_pairs: bool

    @classmethod
    def open(cls, output: str) -> Foresight:
        """Returns what a finished run has stored.

        Raises:
            UsageError: if there is none.
        """
        finished = FinishedRun.open(output)
        finished.require("corpus")
        config = settings_of_run(output)
        job = Job(config, output)
        decontaminated = require_manifest(job, "decontaminate")
        kept = read_manifest(job, "pairs") if "pairs" in finished.finished else None
        pairs = kept.findings if kept is not None else {}
        measured = bytes_per_token(config.subsets, read_dataset(job))
        return cls(
            StoredRun(output, config, finished.items()),
            token_counts(bool(config.tokenizer.model), measured),
            decontaminated,
            has_pairs=bool(pairs.get("kept")),
            has_rejected_pairs=bool(pairs.get("with_rejected")),
        )

    def judge(self, configs: Sequence[Config]) -> RunJudge:
        """Returns what judges the run's documents under any of some settings."""
        run = self.run
        changed = {rule.name: rule for c in configs for rule in changed_rules(run.config, c)}
        rules = list(changed.values())
        looser = any(is_looser(rule, run.config, c) for rule in rules for c in configs)
        rows = read_rows(run, rules, looser)
        begun = store.read_record(store.below(run.output, settings_path("dedup"))) or {}
        duplicates: Duplicates
        duplicates = again = ComparedAgain(run, rows, bool(begun.get("against")))
        if self.has_pairs and (not looser or self.has_rejected_pairs):
            duplicates = StoredPairs.read(run, rows, again)
        key = self.decontaminated.key
        test_copies = TestCopies(run, key, self.has_rejected_pairs)
        return RunJudge(run, rows, rules, duplicates, test_copies, TakeDowns(run))

    def change(self, judge: RunJudge, config: Config) -> tuple[Change, Verdicts]:
        """Returns what some settings would change, and what becomes of each row."""
        verdicts = judge.verdicts(config)
        rows = judge.rows
        return Change(self.run, rows, self.tokens, rows.in_corpus, verdicts.in_corpus), verdicts
