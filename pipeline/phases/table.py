"""The phases of a run, in order: the table of contents of the pipeline.

A row says what the command line, the report, `estimate`, `verify` and other phases must know of a
phase; its module has a `PHASE` (`pipeline.phases.phase.PhaseWork`) that does the work, and is
imported when that is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CARD: Final = ".huggingface.yaml"
"""What tells `datasets` how to read a folder of tables. It is hidden, so that pandas, pyarrow and
others that read whole folders pass it over, as they would not pass over a README.md."""


RUN_RECORD: Final = "report/run.json"
"""Times, throughput and versions. No phase vouches for it: it differs from run to run."""


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is that of a folder, or of something in it."""
    return path == folder or path.startswith(f"{folder}/")


@dataclass(frozen=True)
class Removes:
    """What a phase removes documents for.

    Attributes:
        folder: where its verdicts lie: a file of `REMOVAL_SCHEMA` an item.
        reasons: as in the column `reasons`, the first to be named first.
    """

    folder: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Phase:
    """A phase of a run.

    Attributes:
        name: also that of its command.
        help: what it does, in a line.
        module: of `massivetext.pipeline.phases`.
        folders: its results, below the output folder: folders, or single files.
        writes: the names of the files in them; `{item}` stands for the name of a work item, `{n}`
            for a number, `{ext}` for a suffix. Only such files, and those that the manifest names,
            are deleted when the phase starts over.
        results: the version of its results: raised whenever the same input gives other bytes. Then
            it is done anew in older output folders, and so are the phases that build on it.
        upstream: phases whose results it reads, or None for all before it; it runs again when they
            have.
        removes: for which reasons it removes documents, if it does.
        scratch: folders that are deleted when it is finished.
        tables: those of its folders that are read as a table; each has a card.
        item_steps: maps whose results of an item depend on that item and on settings alone, or say
            themselves what else they were made from: they stand when other inputs come or go.
        adapts: whether it takes those of the phases before that are finished, the first at least,
            and is done anew, unasked, when they or its own settings change.
    """

    name: str
    help: str
    module: str
    folders: tuple[str, ...]
    upstream: tuple[str, ...] | None
    writes: tuple[str, ...] = ("{item}.parquet", CARD)
    results: int = 1
    removes: Removes | None = None
    scratch: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    item_steps: tuple[str, ...] = ()
    adapts: bool = False

    def deletes(self, path: str) -> bool:
        """Whether a file or folder, below the output folder, goes when the phase is finished."""
        return any(lies_in(path, folder) for folder in self.scratch)


PHASES: Final = (
    Phase(
        "curate",
        "read, extract, measure and judge every record",
        "curate",
        folders=("documents", "rejected", "failed", "skipped"),
        tables=("documents", "rejected", "failed", "skipped"),
        item_steps=("read",),
        upstream=(),
        results=6,
    ),
    Phase(
        "dedup",
        "find exact and near duplicates among the documents",
        "dedup.phase",
        folders=("dedup",),
        tables=("dedup",),
        writes=("{item}.parquet", "keys/{item}.npy", CARD),
        upstream=("curate",),
        results=3,
        removes=Removes("dedup", ("exact", "near")),
        item_steps=("sign",),
        scratch=("phases/dedup/files",),
    ),
    Phase(
        "decontaminate",
        "find documents that are copies of test-set items",
        "decontaminate",
        folders=("decontamination",),
        tables=("decontamination",),
        upstream=("curate",),
        results=3,
        removes=Removes("decontamination", ("test_set",)),
        item_steps=("count", "match"),
    ),
    Phase(
        "exclude",
        "find documents that a list of take-downs names",
        "exclude",
        folders=("exclusions",),
        tables=("exclusions",),
        upstream=("curate",),
        results=1,
        removes=Removes("exclusions", ("excluded",)),
        item_steps=("find",),
    ),
    Phase(
        "corpus",
        "write the documents that stay, and the removed ones with their reasons",
        "corpus",
        folders=("corpus", "removed"),
        tables=("corpus", "removed"),
        item_steps=("write",),
        upstream=None,
        results=3,
        scratch=("phases/corpus/files",),
    ),
    Phase(
        "audit",
        "count the hosts, index the names of all records and the passages of the corpus",
        "audit.phase",
        folders=("hosts", "index", "passages"),
        tables=("hosts",),
        writes=("part-{n}-of-{n}.{ext}", "index.json", "passages.json", CARD),
        upstream=None,
        results=2,
        scratch=("phases/audit/files",),
    ),
    Phase(
        "pairs",
        "keep all candidate pairs for `whatif`, if dedup.keep_pairs is set",
        "pairs",
        folders=("pairs",),
        writes=("copies/{item}.npy", "near/{item}.npy", "crowds/{item}.npy", "tests/{item}.npy"),
        upstream=("curate", "dedup", "decontaminate"),
        scratch=("phases/pairs/files",),
    ),
    Phase(
        "sequence",
        "tokenise, pack, mix and write the shards",
        "sequence.phase",
        folders=("sequences",),
        writes=(
            "dataset.json",
            "README.md",
            "tokenizer.{ext}",
            "shard-{n}-of-{n}.{ext}",
            "shard-{n}-of-{n}.{ext}.index",
            "provenance/shard-{n}-of-{n}.parquet",
            "held_out/dataset.json",
            "held_out/README.md",
            "held_out/tokenizer.{ext}",
            "held_out/shard-{n}-of-{n}.{ext}",
            "held_out/shard-{n}-of-{n}.{ext}.index",
            "held_out/provenance/shard-{n}-of-{n}.parquet",
        ),
        upstream=("corpus",),
        results=3,
        scratch=("phases/sequence/scratch",),
        item_steps=("survey",),
    ),
    Phase(
        "report",
        "write report/, DATASHEET.md and croissant.json, of the phases that are finished",
        "report.phase",
        folders=("report", "DATASHEET.md", "croissant.json"),
        writes=(
            "index.html",
            "funnel.json",
            "funnel.schema.json",
            "checks.json",
            "checks.schema.json",
            "DATASHEET.md",
            "croissant.json",
        ),
        upstream=None,
        results=5,
        adapts=True,
    ),
)

REMOVING: Final = {phase.name: phase.removes for phase in PHASES if phase.removes}
"""Phases that remove documents: duplicates first, then test sets, as in the paper; then
take-downs."""


def phases_of(command: str) -> tuple[Phase, ...]:
    """Returns the phases that a command runs: all of them (`run`), or the one of its name."""
    return tuple(phase for phase in PHASES if command in ("run", phase.name))


def settings_path(name: str) -> str:
    """Returns where the settings lie that a phase was begun with, below the output folder."""
    return f"phases/{name}/settings.json"


def manifest_path(name: str) -> str:
    """Returns where the manifest of a phase lies, once it is finished, below the output folder."""
    return f"phases/{name}/manifest.json"


def phase_named(name: str) -> Phase:
    """Returns the phase of a name."""
    return next(phase for phase in PHASES if phase.name == name)


def upstream_of(phase: Phase) -> tuple[str, ...]:
    """Returns the names of the phases whose results a phase reads."""
    if phase.upstream is not None:
        return phase.upstream
    names = [other.name for other in PHASES]
    return tuple(names[: names.index(phase.name)])


def results_versions(phase: Phase) -> dict[str, int]:
    """Returns the versions of a phase's results, and of all that they follow from, by phase."""
    versions = {phase.name: phase.results}
    for name in upstream_of(phase):
        versions |= results_versions(phase_named(name))
    return versions
