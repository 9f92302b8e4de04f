"""The promise of the same bytes, on the whole sample: slow, and part of CI."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.config_file import load_config
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.curate_item import open_records
from massivetext.pipeline.phases.plan import plan
from massivetext.records import RawRecord
from massivetext.sequencing import ShardReader
from tests.outputs import SAME, assert_same

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample/config.toml"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(output: Path, *options: str, config: Path = SAMPLE) -> Path:
    assert main(["run", str(config), "--output", str(output), "--quiet", *options]) == 0
    return output


@pytest.mark.parametrize("folder", SAME)
@pytest.mark.parametrize("other", ["again", "workers", "listing", "rounds"])
def test_bytes_do_not_depend_on_how_a_run_is_made(
    sample_run: Path, other_runs: dict[str, Path], other: str, folder: str
) -> None:
    assert_same(other_runs[other] / folder, sample_run / folder)


@pytest.fixture(scope="module")
def other_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    runs = {
        "again": run(folder / "again"),
        "workers": run(folder / "workers", "--workers", "2"),
        "rounds": run(folder / "rounds", "--memory", "2MB"),
    }
    match = store.match
    with pytest.MonkeyPatch.context() as patch:

        def shuffled(pattern: str) -> list[store.FileMetadata]:
            found = match(pattern)
            random.Random(pattern).shuffle(found)
            return found

        patch.setattr(store, "match", shuffled)
        runs["listing"] = run(folder / "listing")
    return runs


@pytest.mark.parametrize("parts", [7, 50])
def test_the_same_records_in_other_files_give_the_same_documents_and_sequences(
    tmp_path: Path, parts: int
) -> None:
    whole = run(tmp_path / "whole", config=recut(tmp_path / "1", 1))
    cut = run(tmp_path / "cut", config=recut(tmp_path / str(parts), parts))
    assert corpus(cut) == corpus(whole)
    assert shard_sums(cut) == shard_sums(whole)
    left, right = ShardReader(str(cut / "sequences")), ShardReader(str(whole / "sequences"))
    assert len(left) == len(right) > 0
    assert all((left[n] == right[n]).all() for n in range(len(left)))


def recut(folder: Path, parts: int) -> Path:
    """Writes three subsets as JSON lines in so many files; returns the config that reads them."""
    config = ["[sequence]\nweights = { c4 = 0.5, news = 0.3, wikipedia = 0.2 }\n"]
    for subset in ("c4", "news", "wikipedia"):
        lines = [json.dumps(record) for record in sample_records(subset)]
        (folder / subset).mkdir(parents=True)
        for part in range(parts):
            chunk = lines[part * len(lines) // parts : (part + 1) * len(lines) // parts]
            content = "".join(f"{line}\n" for line in chunk)
            (folder / subset / f"{part:03d}.jsonl").write_text(content)
        config.append(
            f'[[source]]\nsubset = "{subset}"\nkind = "text"\nformat = "jsonl"\n'
            f'path = "{subset}/*.jsonl"\nfields = {{ text = "text", id = "id" }}\n'
        )
    (folder / "config.toml").write_text("\n".join(config))
    return folder / "config.toml"


def sample_records(subset: str) -> list[dict[str, str]]:
    """The documents of a subset, with some copies, so that duplicates cross the files."""
    config = load_config(SAMPLE)
    records = []
    for item in plan(config):
        if item.subset == subset:
            with open_records(item, config.sources[item.source], config.limits) as found:
                raws = [record for record in found if isinstance(record, RawRecord)]
            records += [{"id": raw.source_id, "text": raw.raw.decode()} for raw in raws]
    return records + [{**record, "id": f"copy-{n}"} for n, record in enumerate(records[::10])]


def corpus(output: Path) -> pa.Table:
    """Returns all documents in order, without item and row: where in the input each stood."""
    tables = [pq.read_table(file) for file in sorted((output / "corpus").rglob("*.parquet"))]
    documents = pa.concat_tables(tables).drop_columns(["item", "row"])
    return documents.sort_by("id").combine_chunks()


def shard_sums(output: Path) -> list[str]:
    dataset = json.loads((output / "sequences/dataset.json").read_text())
    return [shard["xxh3"] for shard in dataset["shards"]]
