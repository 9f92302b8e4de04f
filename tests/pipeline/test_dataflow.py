"""The job graphs that Dataflow would receive, for every pipeline of a run.

Nothing is submitted: Beam's DataflowRunner translates and checks each pipeline, builds the request
and stops there (`--dry_run`). The extra `gcp` must be installed: `make test-all` sees to it.
"""

import contextlib
import dataclasses
import itertools
import pickle
import random
import re
import shlex
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api.org.apache.beam.model.pipeline.v1 import beam_runner_api_pb2

from massivetext.config_file import load_config
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.phases.run import run_phases
from massivetext.pipeline.phases.sequence import parts

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample/config.toml"
IMAGE = "region-docker.pkg.dev/massivetext-example/massivetext/worker:1"
NAMES = {
    "BUCKET": "massivetext-example",
    "IMAGE": IMAGE,
    "PROJECT": "massivetext-example",
    "REGION": "us-central1",
}
"""What stands for the user's own in examples/dataflow.md."""


def documented_command() -> list[str]:
    """The command of examples/dataflow.md that starts a run."""
    text = (ROOT / "examples/dataflow.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^massivetext run (?:.*\\\n)+.*", text, re.MULTILINE)
    return shlex.split(string.Template(command.replace("\\\n", "")).substitute(NAMES))


COMMAND = documented_command()
OPTIONS = COMMAND[COMMAND.index("--") + 1 :]
DRY_RUN = "--dry_run=True"

PIPELINES = {
    "curate-read",
    "dedup-sign-to-write",
    *("dedup-sign-to-verify", "dedup-greedy-000-0", "dedup-name-to-write"),
    *("dedup-cluster-start-0", "dedup-cluster-000-0"),
    *("decontaminate-count", "decontaminate-match-to-corpus-write"),
    "removed-publish",
    *("corpus-survivors-000-0", "corpus-survivors-to-removed", "audit-tally-to-passages"),
    *("sequence-survey", "sequence-tokenise-000-to-count-000"),
    *("sequence-shards", "sequence-sort-to-shards"),
}
"""What must have been made with every rule of dedup, and with few and many crop files; `tokenise`,
`count`, `greedy` and `cluster` are made once or more."""

PRIMITIVES = {
    "beam:transform:impulse:v1",
    "beam:transform:pardo:v1",
    "beam:transform:group_by_key:v1",
    "beam:transform:flatten:v1",
}
COMPOSITES = {
    "beam:transform:generic_composite:v1",
    "beam:transform:pickled_python:v1",  # beam.Create
    "",  # the root
}
CODERS = {
    "beam:coder:bytes:v1",
    "beam:coder:kv:v1",
    "beam:coder:pickled_python:v1",  # plain values only: see test_no_text_is_in_a_shuffle
    "beam:coder:string_utf8:v1",
    "beam:coder:tuple:v1",
    "beam:coder:varint:v1",
}
"""What may be grouped: names, numbers and arrays as bytes."""

EXCERPT_CHARACTERS = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the sample: what it computed, its graphs, and all elements that were grouped."""
    folder = tmp_path_factory.mktemp("dataflow")
    config = load_config(SAMPLE)
    # The rule with the most pipelines: it counts how frequent each test gram is.
    both = dataclasses.replace(config.decontamination, rule="both")
    config = dataclasses.replace(config, decontamination=both)
    for name in ("graphs", "grouped"):
        (folder / name).mkdir()
    job, items = Job(config, str(folder / "out"), quiet=True), plan(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BeamEngine, "run", translating(BeamEngine.run, folder))
        run_phases(job, items, "run")
        with pytest.MonkeyPatch.context() as many:
            many.setattr(parts, "MOST_OPENED", 0)  # as if there were too many crop files
            sequence = dataclasses.replace(config.sequence, shards=2)
            again = dataclasses.replace(config, sequence=sequence)
            run_phases(dataclasses.replace(job, config=again, restart=True), items, "sequence")
        for rule in ("greedy", "cluster"):
            dedup = dataclasses.replace(config.dedup, rule=rule)
            again = dataclasses.replace(config, dedup=dedup)
            run_phases(dataclasses.replace(job, config=again, restart=True), items, "dedup")
    return folder


def translating(run_here: Callable[..., None], folder: Path) -> Callable[..., None]:
    """BeamEngine.run, but each pipeline is also translated, and what it groups recorded."""
    from apache_beam.io.gcp import gcsio

    def run(engine: BeamEngine, label: str, build: Callable[[beam.Pipeline], None]) -> None:
        options = PipelineOptions([*OPTIONS, DRY_RUN, f"--job_name=massivetext-{label}"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gcsio.GcsIO, "is_soft_delete_enabled", lambda *_: False)  # asks Google
            pipeline = beam.Pipeline(options=options)
            build(pipeline)
            request = pipeline.run().job
        assert request.proto.name == f"massivetext-{label}"
        graph = request.proto_pipeline.SerializeToString()
        (folder / "graphs" / f"{label}.pb").write_bytes(graph)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(beam.Pipeline, "apply", recording(folder / "grouped" / label))
            run_here(engine, label, build)

    return run


def recording(path: Path) -> Callable[..., Any]:
    """Pipeline.apply, but each element that comes to a GroupByKey is appended to a file."""
    apply = beam.Pipeline.apply

    def record(element: Any) -> Any:
        with path.open("ab") as stream:
            pickle.dump(element, stream)
        return element

    def applied(self: beam.Pipeline, transform: Any, collection: Any, label: Any = None) -> Any:
        if isinstance(transform, beam.GroupByKey) and label is None:  # else it comes here again
            recorded = beam.Map(record).with_output_types(collection.element_type)
            collection = apply(self, recorded, collection, f"Record for {transform.label}")
        return apply(self, transform, collection, label)

    return applied


def graphs(run: Path) -> dict[str, beam_runner_api_pb2.Pipeline]:
    return {
        file.stem: beam_runner_api_pb2.Pipeline.FromString(file.read_bytes())
        for file in sorted((run / "graphs").iterdir())
    }


def transforms(graph: beam_runner_api_pb2.Pipeline, *urns: str) -> list[Any]:
    return [t for t in graph.components.transforms.values() if t.spec.urn in urns]


def test_beam_knows_every_option_of_the_documented_command() -> None:
    assert COMMAND[:3] == ["massivetext", "run", "crawl.toml"]
    known = PipelineOptions().get_all_options()
    assert len(OPTIONS) == 10
    assert [option for option in OPTIONS if option[2:].partition("=")[0] not in known] == []


def test_dataflow_takes_every_pipeline(run: Path) -> None:
    assert graphs(run).keys() >= PIPELINES


def test_graphs_hold_the_features_of_every_batch_runner_and_no_others(run: Path) -> None:
    for label, graph in graphs(run).items():
        urns = {transform.spec.urn for transform in graph.components.transforms.values()}
        assert urns <= PRIMITIVES | COMPOSITES, label
        assert list(graph.requirements) == [], label
        for transform in transforms(graph, "beam:transform:pardo:v1"):
            work = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload)
            where = f"{label}: {transform.unique_name}"
            assert not work.restriction_coder_id, f"{where}: splittable"
            assert not work.state_specs, f"{where}: state"
            assert not work.timer_family_specs, f"{where}: timers"
            assert not work.side_inputs, f"{where}: side inputs; ours are arguments"
            assert not work.requests_finalization, f"{where}: bundle finalization"
            assert not work.requires_stable_input, f"{where}: stable input"
            assert not work.requires_time_sorted_input, f"{where}: sorted input"


def test_windows_are_global_and_collections_bounded(run: Path) -> None:
    bounded = beam_runner_api_pb2.IsBounded.BOUNDED
    for label, graph in graphs(run).items():
        for strategy in graph.components.windowing_strategies.values():
            assert strategy.window_fn.urn == "beam:window_fn:global_windows:v1", label
            assert strategy.trigger.HasField("default"), label
        for collection in graph.components.pcollections.values():
            assert collection.is_bounded == bounded, f"{label}: {collection.unique_name}"


def test_all_work_is_done_in_our_own_container(run: Path) -> None:
    for label, graph in graphs(run).items():
        environments = graph.components.environments.values()
        assert {environment.urn for environment in environments} == {
            common_urns.environments.DOCKER.urn
        }, label
        for environment in environments:
            payload = beam_runner_api_pb2.DockerPayload.FromString(environment.payload)
            assert payload.container_image == IMAGE


def test_nothing_goes_both_into_a_flatten_and_a_group_by_key(run: Path) -> None:
    for label, graph in graphs(run).items():
        flattened, grouped = (
            {name for t in transforms(graph, urn) for name in t.inputs.values()}
            for urn in ("beam:transform:flatten:v1", "beam:transform:group_by_key:v1")
        )
        assert grouped, label
        assert not flattened & grouped, label


def test_every_transform_has_a_label_of_its_own(run: Path) -> None:
    for label, graph in graphs(run).items():
        names = [t.unique_name for t in graph.components.transforms.values() if t.spec.urn]
        assert len(names) == len(set(names)), label
        for composite in transforms(graph, "", "beam:transform:generic_composite:v1"):
            parts = [graph.components.transforms[part] for part in composite.subtransforms]
            # With several outputs, Beam itself puts a ParDo(...) below the label that we gave.
            alone = len(parts) == 1
            for part in parts:
                own = part.unique_name.rpartition("/")[2]
                is_given = "(" not in own and own not in ("GroupByKey", "Create", "Flatten")
                assert is_given or alone, f"{label}: {part.unique_name}"


def test_names_numbers_and_bytes_are_grouped(run: Path) -> None:
    for label, graph in graphs(run).items():
        for grouping in transforms(graph, "beam:transform:group_by_key:v1"):
            (name,) = grouping.inputs.values()
            coder = graph.components.pcollections[name].coder_id
            assert set(coders(graph, coder)) <= CODERS, f"{label}: {grouping.unique_name}"


def coders(graph: beam_runner_api_pb2.Pipeline, coder_id: str) -> Iterator[str]:
    coder = graph.components.coders[coder_id]
    yield coder.spec.urn
    for part in coder.component_coder_ids:
        yield from coders(graph, part)


def test_no_text_is_in_a_shuffle(run: Path) -> None:
    grouped = {file.name: file.read_bytes() for file in (run / "grouped").iterdir()}
    assert grouped.keys() >= PIPELINES
    found = list(excerpts(run / "out/documents"))
    assert len(found) > 1000
    for label, elements in grouped.items():
        assert not [excerpt for excerpt in found if excerpt in elements], label


def excerpts(folder: Path) -> Iterator[bytes]:
    """A few words from within each document that is long enough."""
    draw = random.Random(0)
    for file in sorted(folder.rglob("*.parquet")):
        for text in pq.read_table(file, columns=["text"])["text"].to_pylist():
            if len(text) > 10 * EXCERPT_CHARACTERS:
                start = draw.randrange(len(text) - EXCERPT_CHARACTERS)
                yield text[start : start + EXCERPT_CHARACTERS].encode()


def test_grouped_elements_are_plain_values(run: Path) -> None:
    for label in PIPELINES:
        with (run / "grouped" / label).open("rb") as stream:
            elements = list(unpickled(stream))
        kinds = {type(leaf) for element in elements for leaf in leaves(element)}
        assert int in kinds, label
        assert kinds <= {bool, int, float, str, bytes}, label


def unpickled(stream: BinaryIO) -> Iterator[Any]:
    with contextlib.suppress(EOFError):
        while True:
            yield pickle.load(stream)


def leaves(value: Any) -> Iterator[Any]:
    """The values in tuples, mappings and dataclasses."""
    if dataclasses.is_dataclass(value):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, dict):
        value = list(itertools.chain(value.keys(), value.values()))
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)
    else:
        yield value
