"""The transforms use what every portable batch runner has, Spark's among them."""

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import apache_beam as beam
import pytest
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2

from massivetext.config import Config, Dedup, Source
from massivetext.pipeline.transforms.deduplication import Deduplicate
from massivetext.pipeline.transforms.judging import Judge
from massivetext.pipeline.transforms.reading import Extract, Read

PRIMITIVES: Final = {
    name: getattr(common_urns.primitives, name).urn
    for name in ("IMPULSE", "PAR_DO", "GROUP_BY_KEY", "FLATTEN")
}


@pytest.fixture(params=["pairwise", "greedy"])
def components(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The pipeline as runners get it."""
    (tmp_path / "a.txt").write_text("text")
    source = Source("books", "text", "text", str(tmp_path / "a.txt"))
    config = Config(dedup=Dedup(rule=request.param))
    pipeline = beam.Pipeline("FnApiRunner")
    pipeline | Read(source) | Extract() | Judge(config) | Deduplicate(config)
    return pipeline.to_runner_api().components


def leaves(components: Any) -> list[Any]:
    """The transforms that do something: not those that give on what they are given."""
    every = [t for t in components.transforms.values() if not t.subtransforms]
    return [t for t in every if set(t.outputs.values()) != set(t.inputs.values())]


def test_there_is_nothing_but_four_primitives(components: Any) -> None:
    assert {leaf.spec.urn for leaf in leaves(components)} == set(PRIMITIVES.values())


def test_there_is_no_state_no_timer_no_side_input_and_nothing_splittable(components: Any) -> None:
    payloads = [
        beam_runner_api_pb2.ParDoPayload.FromString(leaf.spec.payload)
        for leaf in leaves(components)
        if leaf.spec.urn == PRIMITIVES["PAR_DO"]
    ]
    assert len(payloads) > 20
    for payload in payloads:
        assert not payload.state_specs
        assert not payload.timer_family_specs
        assert not payload.side_inputs
        assert not payload.restriction_coder_id


def test_no_collection_goes_into_both_flatten_and_group_by_key(components: Any) -> None:
    """Which portable Spark gets wrong (Beam's issue 34647)."""
    readers: dict[str, set[str]] = defaultdict(set)
    for leaf in leaves(components):
        for collection in leaf.inputs.values():
            readers[collection].add(leaf.spec.urn)
    both = {PRIMITIVES["FLATTEN"], PRIMITIVES["GROUP_BY_KEY"]}
    assert not [collection for collection, urns in readers.items() if both <= urns]


def test_every_step_of_ours_has_a_name_of_its_own(components: Any) -> None:
    names = [transform.unique_name for transform in components.transforms.values()]
    assert len(names) == len(set(names))
    ours = [name for name in names if name.startswith("Deduplicate/")]
    parts = {name.split("/")[1] for name in ours if "/" in name}
    assert {"Exact", "Candidates", "Compare", "Resolve", "Name", "Mark", "All"} <= parts
    assert not [name for name in ours if "lambda" in name.split("/")[-1]]
