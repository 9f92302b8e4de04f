"""The commands on real shards with a real tokenizer, and what they say to bad use."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.util
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from massivetext.model import commands, sharding
from massivetext.sequencing.dataset import Dataset, ShardEntry
from massivetext.sequencing.shards import FORMATS, shard_name
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer

TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. "


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(required=True)
    for command in commands.COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help)
        command.add_arguments(subparser)
        subparser.set_defaults(call=command.run)
    options = parser.parse_args([str(argument) for argument in arguments])
    code = options.call(options)
    assert isinstance(code, int)
    return code


def small_tokenizer(vocab_size: int) -> Tokenizer:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT] * 10),
        model_writer=model,
        vocab_size=vocab_size,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        minloglevel=2,
    )
    return make_tokenizer(model.getvalue())


def write_shards(folder: Path, tokenizer: Tokenizer) -> Path:
    """Four records of the text over and over, as a pipeline would write them."""
    folder.mkdir(parents=True)
    tokens = np.tile([1, *tokenizer.encode(TEXT.encode()), 2], 1000)[: 4 * 2048]
    sequences = tokens.reshape(4, 2048).astype(np.uint16)
    name = shard_name(0, 1, "raw")
    with (folder / name).open("wb") as stream:
        FORMATS["raw"].write(stream, sequences)
    utf8_bytes = int(tokenizer.token_bytes[sequences].sum())
    dataset = Dataset(
        schema_version=1,
        format="raw",
        sequence_length=2048,
        vocab_size=tokenizer.vocab_size,
        bos=tokenizer.bos,
        eos=tokenizer.eos,
        tokenizer_sha256=tokenizer.sha256,
        config_hash="",
        seed=0,
        records=4,
        tokens=sequences.size,
        utf8_bytes=utf8_bytes,
        shards=(ShardEntry(name, 4, sequences.size, utf8_bytes, ""),),
        subsets={},
        warnings=(),
    )
    (folder / "dataset.json").write_text(dataset.to_json())
    (folder / "tokenizer.model").write_bytes(tokenizer.model)
    return folder


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("out") / "sequences", small_tokenizer(300))


@dataclass(frozen=True)
class Trained:
    """A run of `train`: its output, at the default place, and what it printed."""

    folder: Path
    out: str
    err: str


@pytest.fixture(scope="module")
def run(shards: Path) -> Trained:
    """20 steps; a window of 32 and a single device keep them quick."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        one_device = sharding.make_layout(1, 1)
        patch.setattr(sharding, "make_layout", lambda _: one_device)
        assert call("train", shards, "--steps", 20, "--window", 32, "--batch", 8) == 0
    return Trained(shards.parent / "model", out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def trained(run: Trained) -> Path:
    return run.folder


def test_train_leaves_model_log_and_curve(trained: Path) -> None:
    rows = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 20
    assert rows[0]["loss"] == pytest.approx(np.log(300), abs=0.2)
    assert rows[-1]["loss"] < rows[0]["loss"] - 1
    names = {path.name for path in trained.iterdir()}
    assert names == {"checkpoints", "metrics.jsonl", "loss.svg", "tokenizer.model"}


def test_progress_is_lines_where_there_is_no_terminal(run: Trained) -> None:
    assert run.err.count("train: step ") == 11
    assert "train: step 20/20  loss" in run.err
    assert "20 of 20 steps: loss 5." in run.out


def test_eval_gives_bits_per_byte(
    trained: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("eval", trained, shards, "--records", 2, "--batch", 8) == 0
    lines = dict(
        (line[:16].strip(), line[16:].split()[0]) for line in capsys.readouterr().out.splitlines()
    )
    nats, tokens = float(lines["nats per token"]), int(lines["tokens"].replace(",", ""))
    text_bytes = int(lines["UTF-8 bytes"].replace(",", ""))
    assert tokens == 2 * 2048
    expected = nats / np.log(2) * tokens / text_bytes
    assert float(lines["bits per byte"]) == pytest.approx(expected, abs=2e-3)


def test_sample_goes_on_from_the_prompt(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("sample", trained, "--prompt", "The quick", "--tokens", 8, "--seed", 3) == 0
    first = capsys.readouterr().out
    assert first.startswith("The quick")
    assert len(first) > len("The quick\n")
    assert call("sample", trained, "--prompt", "The quick", "--tokens", 8, "--seed", 3) == 0
    assert capsys.readouterr().out == first


def test_bad_use_is_said_in_a_line_and_ends_with_2(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: object) -> str:
        assert call(*arguments) == 2
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        return printed.err

    assert "holds no dataset.json" in refused("train", tmp_path)
    assert "vocabulary of 32,000 pieces" in refused("train", shards, "--preset", "44M")
    too_long = refused("train", shards, "--steps", 5, "--warmup", 5, "--output", tmp_path)
    assert "warm-up of 5 steps in a run of 5" in too_long
    assert "expected the output of massivetext train" in refused("eval", tmp_path, shards)
    assert "expected the output of massivetext train" in refused("sample", tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_other_tokenizers_are_refused(
    trained: Path, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = small_tokenizer(310)
    others_shards = write_shards(tmp_path / "other", other)
    assert call("eval", trained, others_shards) == 2
    assert f"made with tokenizer {other.sha256[:12]}" in capsys.readouterr().err
    moved = tmp_path / "moved"
    shutil.copytree(trained, moved)
    (moved / "tokenizer.model").write_bytes(other.model)
    assert call("eval", moved, shards) == 2
    assert f"is tokenizer {other.sha256[:12]}" in capsys.readouterr().err
    assert call("sample", trained, "--step", 7) == 2
    assert "holds no checkpoint of step 7; saved steps: 20" in capsys.readouterr().err


def test_damaged_shard_fails_the_run(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "sequences"
    shutil.copytree(shards, damaged)
    dataset = Dataset.from_json((damaged / "dataset.json").read_text())
    path = damaged / dataset.shards[0].name
    path.write_bytes(np.full(4 * 2048, 300, "<u2").tobytes())
    arguments = ["--steps", 20, "--window", 32, "--batch", 8, "--quiet"]
    assert call("train", damaged, *arguments) == 1
    assert "holds token 300, the vocabulary has 300" in capsys.readouterr().err
    fewer = dataclasses.replace(dataset.shards[0], records=5)
    changed = dataclasses.replace(dataset, records=5, shards=(fewer,))
    (damaged / "dataset.json").write_text(changed.to_json())
    assert call("train", damaged, *arguments, "--restart") == 2
    assert "holds 4 sequences; dataset.json says 5" in capsys.readouterr().err


def test_missing_extra_is_named(
    shards: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "optax" else find(name)
    )
    assert call("train", shards) == 2
    message = "optax not installed; the trainer needs them: pip install massivetext[train]"
    assert message in capsys.readouterr().err


def test_the_command_line_needs_no_jax() -> None:
    code = (
        "import sys\n"
        "from massivetext.model import commands, configs, flops\n"
        "assert not {'jax', 'flax', 'optax', 'orbax', 'grain'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_tiny_preset_learns_in_50_steps(shards: Path, tmp_path: Path) -> None:
    # The tests have eight devices, the preset four windows a batch.
    options = ("--steps", 50, "--batch", 8, "--output", tmp_path, "--quiet")
    assert call("train", shards, *options) == 0
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < 1.0 < rows[0]["loss"] - 4
