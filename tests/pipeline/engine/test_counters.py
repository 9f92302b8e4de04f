"""What a runner's pages show: counters and distributions of phases, and of the transforms."""

import json
from pathlib import Path
from typing import Any, Final

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext.config import Config, Source
from massivetext.pipeline.engine.commits import CommitItem, Commits
from massivetext.pipeline.engine.counters import figures_of
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.laps import Laps
from massivetext.pipeline.engine.results import Figures, ItemResult
from massivetext.pipeline.engine.steps import RunRound, Shuffle
from massivetext.pipeline.phases.curate_item import CurateItem
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.transforms.deduplication import Deduplicate
from massivetext.pipeline.transforms.judging import Judge
from massivetext.pipeline.transforms.reading import Extract, Read

PROSE: Final = (
    "The river that runs through the old town is slow in summer, and the people who live beside "
    "it have learned to be patient with the heat. They sit under the trees and talk of work, of "
    "children, and of the harvest to come. In winter the water rises, the bridges close, and the "
    "market moves to the square behind the church, where bread and cheese are sold from carts."
)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Three web texts: one that stays, its copy, and one of three words."""
    lines = [json.dumps({"html": f"<p>{text}</p>"}) for text in (PROSE, PROSE, "Only three words")]
    (tmp_path / "pages.jsonl").write_text("\n".join(lines) + "\nno JSON\n")
    path = str(tmp_path / "pages.jsonl")
    return Source("pages", "web", "jsonl", path, {"html": "html"})


def told(result: Any) -> dict[str, int]:
    """Counters by name, and the number of values of each distribution."""
    metrics = result.metrics().query()
    found = {
        f"{m.key.metric.namespace} {m.key.metric.name}": m.committed for m in metrics["counters"]
    }
    for m in metrics["distributions"]:
        found[f"{m.key.metric.namespace} {m.key.metric.name}"] = m.committed.count
    return {name: n for name, n in found.items() if name.startswith("massivetext.")}


def run(transform: Any, *more: Any) -> dict[str, int]:
    pipeline = beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"]))
    found = pipeline | transform
    for number, one in enumerate(more):
        found = found | f"Transform {number}" >> one
    result = pipeline.run()
    result.wait_until_finish()
    return told(result)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_counts_its_items(source: Source, tmp_path: Path, workers: int) -> None:
    config = Config(sources=(source,))
    items = plan(config)
    output = str(tmp_path / "out")
    commits: Commits[None] = Commits(output, "phases/curate/read", "key")
    commit = CommitItem(CurateItem(config, output, "key", {}), commits)
    mapping = BeamEngine(workers=workers).mapping(items, commit)
    expected = {
        "items": 1,
        "files": 4,
        "in": 4,
        "kept": 2,
        "rejected": 1,
        "failed": 1,
        "skipped": 0,
        "text_bytes": 2 * len(PROSE) + len("Only three words"),
        "rejected.quality.min_words": 1,
        **dict.fromkeys(("read_ms", "extract_ms", "judge_ms", "write_ms", "item_ms"), 1),
    }

    def counted() -> dict[str, int]:
        pipeline = beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"]))
        pipeline | "Start" >> beam.Create([None], reshuffle=False) | "Items" >> mapping
        result = pipeline.run()
        result.wait_until_finish()
        return {k.removeprefix("massivetext.curate.read "): n for k, n in told(result).items()}

    found = counted()
    assert {name: found.get(name) for name in expected} == expected
    assert counted() == {"items_done_before": 1}
    (record,) = Path(output, "phases/curate/read").rglob("*.json")
    assert "_ms" not in record.read_text()
    assert "seconds" not in record.read_text()


def test_the_transforms_count(source: Source) -> None:
    found = run(Read(source), Extract(), Judge(), Deduplicate(partitions=2))
    expected = {
        "read records": 4,
        "read failed": 1,
        "extract documents": 3,
        "extract extract_ms": 1,
        "judge documents": 3,
        "judge rejected": 1,
        "judge quality.min_words": 1,
        "judge judge_ms": 1,
        "deduplicate documents": 2,
        "deduplicate exact": 1,
        "deduplicate sign_ms": 1,
    }
    assert {name: found.get(f"massivetext.{name}", 0) for name in expected} == expected


def test_figures_are_in_no_record_and_make_no_difference() -> None:
    laps = Laps()
    laps.lap("read")
    laps.lap("read")
    assert list(laps.seconds) == ["read"]
    result: ItemResult[None] = ItemResult(
        ledger={"in": 2},
        statistics={"pairs": 3, "books": {"in": 2}},
        figures=Figures({"x": 1}, laps.seconds),
    )
    assert result == ItemResult(ledger={"in": 2}, statistics={"pairs": 3, "books": {"in": 2}})
    assert "figures" not in result.to_json()
    shown = figures_of(result)
    assert shown.counts == {"items": 1, "files": 0, "bytes_written": 0, "pairs": 3, "in": 2, "x": 1}
    assert shown.seconds == laps.seconds


def test_a_round_of_a_shuffle_counts_what_its_pieces_tell(tmp_path: Path) -> None:
    def build(start: Any, part: int) -> Any:
        pieces = start | "Pieces" >> beam.FlatMap(lambda _: [part, part])
        return pieces | "Tell" >> beam.Map(lambda n: ItemResult(statistics={"shuffled_bytes": n}))

    step: Shuffle[int, None] = Shuffle("pairs", [21], build)
    commits: Commits[None] = Commits(str(tmp_path), "phases/dedup/pairs", "key")
    found = run(beam.Create([None], reshuffle=False), RunRound(build, commits, step.items[0]))
    assert found["massivetext.dedup.pairs shuffled_bytes"] == 42
    assert found["massivetext.dedup.pairs items"] == 1
