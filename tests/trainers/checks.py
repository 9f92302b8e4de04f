"""Runs what docs/shards.md shows for a trainer, and compares what it reads with the shards.

    python -m tests.trainers.checks HEADING       in a folder that `folders.make` made

Runs in an environment that holds the trainer, and not all that massivetext needs.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.trainers.page import example

Names = dict[str, Any]

EXPECTED = np.load("expected.npz")
"""Of each split, `<split>` (tokens), `<split>_segments` and `<split>_subsets`."""


def same(read_NxL: Any, split: str = "train") -> None:
    """What was read is what the shards hold, in their order."""
    np.testing.assert_array_equal(np.asarray(read_NxL).astype(np.int64), EXPECTED[split])


def same_in_any_order(read: Any, split: str = "train") -> None:
    read_NxL, expected_NxL = np.asarray(read).astype(np.int64), EXPECTED[split]
    assert read_NxL.shape == expected_NxL.shape
    assert sorted(map(bytes, read_NxL)) == sorted(map(bytes, expected_NxL))


def positions(split: str = "train") -> np.ndarray:
    """The place of each token in its segment."""
    segments_NxL = EXPECTED[f"{split}_segments"]
    place_L = np.arange(segments_NxL.shape[1])
    begins_NxL = np.diff(segments_NxL, axis=1, prepend=0) > 0
    return place_L - np.maximum.accumulate(np.where(begins_NxL, place_L, 0), axis=1)


def grain(names: Names) -> None:
    same_in_any_order(np.concatenate(list(names["dataset"].to_iter_dataset())))


def pytorch(names: Names) -> None:
    batches = list(names["loader"])
    assert str(batches[0].dtype) == "torch.int64"
    same_in_any_order(np.concatenate([batch.numpy() for batch in batches]))


def hugging_face(names: Names) -> None:
    dataset = names["dataset"]
    for split in ("train", "held_out"):
        same(dataset[split]["input_ids"], split)
        segments = np.asarray(dataset[split]["segment_ids"])
        np.testing.assert_array_equal(segments, EXPECTED[f"{split}_segments"])
        assert list(dataset[split]["subset"]) == EXPECTED[f"{split}_subsets"].tolist()
    assert set(dataset) == {"train", "held_out"}
    streamed = names["load_dataset"]("out/sequences", split="held_out", streaming=True)
    same([row["input_ids"] for row in streamed], "held_out")
    exported = names["load_dataset"]("out-hf")
    same(exported["train"]["input_ids"])
    same(exported["held_out"]["input_ids"], "held_out")
    _not_from_the_cache(names["load_dataset"])


def _not_from_the_cache(load_dataset: Callable[[str], Any]) -> None:
    """Shards of another run, in a folder of the same name, are not taken for those read before."""
    from massivetext.sequencing.shards.parquet import FORMAT

    other = Path("other/sequences")
    for folder in (other, other / "held_out"):
        shutil.copytree("out/sequences/held_out", folder)
    card = FORMAT.card(["of another run"], is_held_out=False, has_held_out=True)
    (other / "README.md").write_text(card)
    same(load_dataset(str(other))["train"]["input_ids"], "held_out")


def megatron(names: Names) -> None:
    from megatron.core.datasets.indexed_dataset import IndexedDataset

    for split, dataset in (("train", names["train"]), ("held_out", names["valid"])):
        same_in_any_order([dataset[n]["tokens"].numpy() for n in range(len(dataset))], split)
    for folder in ("out/sequences", "out-megatron/train"):
        indexed = IndexedDataset(f"{folder}/shard-00000-of-00001")
        same([indexed[n] for n in range(len(indexed))])


def mosaicml(names: Names) -> None:
    dataset = names["dataset"]
    same([dataset[n]["tokens"] for n in range(len(dataset))])
    found = [dataset[n]["subset"] for n in range(len(dataset))]
    assert found == EXPECTED["train_subsets"].tolist()
    other = names["StreamingDataset"](local="out-mds", split="held_out", batch_size=1)
    same([other[n]["tokens"] for n in range(len(other))], "held_out")
    _same_as_the_writer()


def _same_as_the_writer() -> None:
    """MDSWriter makes the same bytes of the same samples."""
    from streaming import MDSWriter

    length, written = EXPECTED["train"].shape[1], Path("written")
    columns = {"tokens": f"ndarray:uint16:{length}", "subset": "str"}
    with MDSWriter(columns=columns, out=str(written), hashes=["xxh3_64"]) as writer:
        rows = zip(EXPECTED["train"], EXPECTED["train_subsets"], strict=True)
        for tokens, subset in rows:
            writer.write({"tokens": tokens.astype(np.uint16), "subset": str(subset)})
    files = sorted(path.name for path in written.iterdir())
    assert files == sorted(path.name for path in Path("out-mds/train").iterdir())
    for name in files:
        assert (written / name).read_bytes() == Path("out-mds/train", name).read_bytes(), name


def olmo_core(names: Names) -> None:
    dataset = names["dataset"]
    dataset.prepare()
    items = [dataset[n] for n in range(len(dataset))]
    same([item["input_ids"] for item in items])
    for item, segments in zip(items, EXPECTED["train_segments"], strict=True):
        assert item["doc_lens"].tolist() == np.bincount(segments)[1:].tolist()


def datatrove(names: Names) -> None:
    dataset = names["dataset"]
    items = [dataset[n] for n in range(len(dataset))]
    same([item["input_ids"] for item in items])
    np.testing.assert_array_equal([item["positions"] for item in items], positions())


def maxtext(names: Names) -> None:
    """MaxText's own reading and preprocessing, with its defaults and the options of the page."""
    given = names["options"]
    _read_by_maxtext(given, "train")
    _read_by_maxtext(given | {"grain_train_files": given["grain_eval_files"]}, "held_out")
    parquet = {"grain_file_type": "parquet", "grain_train_files": "out/sequences/*.parquet"}
    _read_by_maxtext(given | parquet, "train")


def _read_by_maxtext(given: Names, split: str) -> None:
    import maxtext
    import yaml
    from maxtext.input_pipeline import grain_data_processing

    defaults = yaml.safe_load((Path(maxtext.__file__).parent / "configs/base.yml").read_text())
    config = SimpleNamespace(**{**defaults, **given}, global_batch_size_to_load=1)
    config.expansion_factor_real_data = config.elastic_enabled = 0
    dataset = grain_data_processing.get_datasets(
        config.grain_train_files, config.grain_file_type, False, 0, 1, 1, 0, 1, 1, 1, 1, 1
    )
    batches = grain_data_processing.pretrain_preprocessing_pipeline(
        dataset, config, config.train_data_columns, config.tokenize_train_data, 0, 1
    )
    read = [dict(batch) for batch in batches]
    same(np.concatenate([batch["inputs"] for batch in read]), split)
    targets = np.concatenate([batch["targets"] for batch in read])
    np.testing.assert_array_equal(targets[:, :-1], EXPECTED[split][:, 1:])


CHECKS: dict[str, Callable[[Names], None]] = {
    "grain": grain,
    "PyTorch": pytorch,
    "Hugging Face datasets": hugging_face,
    "Megatron-LM": megatron,
    "MosaicML Streaming": mosaicml,
    "MaxText": maxtext,
    "OLMo-core": olmo_core,
    "datatrove and nanotron": datatrove,
}
"""By the heading of the page."""


def options(command: str) -> Names:
    """The `key=value` of a command line, with YAML's types, as MaxText reads them."""
    import yaml

    words = command.replace("\\\n", " ").split()
    pairs = [word.split("=", 1) for word in words if "=" in word]
    return {key: yaml.safe_load(value) for key, value in pairs}


def main(heading: str) -> None:
    """Runs the example of a heading, and what checks it."""
    code = example(heading)
    names: Names = {"__name__": "__main__"}
    if heading == "MaxText":
        names["options"] = options(code)
    else:
        exec(compile(code, "docs/shards.md", "exec"), names)
    CHECKS[heading](names)
    print("read:", heading)


if __name__ == "__main__":
    main(sys.argv[1])
