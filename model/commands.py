"""The commands `train`, `eval` and `sample`; importing this needs no JAX.

Exit codes: 0 done; 2 bad use or bad configuration, before any work; 1 the run failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from massivetext.command import Command
from massivetext.config import ConfigError
from massivetext.events import tell
from massivetext.interrupts import INTERRUPTED
from massivetext.model.configs import (
    PRESETS,
    Precision,
    Preset,
    Remat,
    TrainConfig,
    train_config,
)
from massivetext.model.errors import TrainingError
from massivetext.model.optimiser import OPTIMISERS

if TYPE_CHECKING:
    from massivetext.model.metrics import LogRow
    from massivetext.model.trained import TrainedModel
    from massivetext.sequencing import ShardReader

_NO_MEMORY: Final = "RESOURCE_EXHAUSTED"
"""What XLA says when an array does not fit a device or the machine."""

HELD_OUT_RECORDS: Final = 256
"""Our choice: this many held-out sequences give three digits; `eval` takes all of them."""

TRAIN_EXTRA: Final = ("jax", "flax", "optax", "orbax", "grain", "matplotlib")
"""Modules of the extra `train`."""


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `massivetext train`."""
    whole = "folder with dataset.json and shards; --describe does without"
    parser.add_argument("shards", type=Path, nargs="?", help=whole)
    parser.add_argument("--preset", choices=PRESETS, default="tiny", help="model and schedule")
    parser.add_argument("--output", type=Path, help="default: folder `model` beside the shards")
    parser.add_argument("--steps", type=int, help="default: enough for the preset's tokens")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, metavar="WINDOWS", help="global batch, in windows")
    parser.add_argument("--microbatches", type=int, help="gradient-accumulation steps")
    parser.add_argument("--window", type=int, metavar="TOKENS", help="training window")
    parser.add_argument("--learning-rate", type=float, help="maximum learning rate")
    parser.add_argument("--warmup", type=int, metavar="STEPS", help="default: min(1500, steps/10)")
    names = ", ".join(f"{name}: {entry.summary}" for name, entry in OPTIMISERS.items())
    parser.add_argument("--optimiser", choices=OPTIMISERS, help=f"default: the preset's; {names}")
    parser.add_argument("--precision", choices=get_args(Precision), help="appendix C.2")
    parser.add_argument(
        "--remat", choices=get_args(Remat), help="what the backward pass recomputes"
    )
    masked = "no attention across BOS"
    parser.add_argument("--document-mask", action="store_true", default=None, help=masked)
    other = "let a preset of Table 1 take a vocabulary other than its 32,000 pieces"
    parser.add_argument("--any-vocabulary", action="store_true", help=other)
    parser.add_argument(
        "--model-parallel", type=int, metavar="DEVICES", help="default: 1; --describe: what fits"
    )
    parser.add_argument("--save-every", type=int, default=1000, metavar="STEPS")
    parser.add_argument(
        "--restart", action="store_true", help="replace the run in the output folder"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    told = "tell memory, FLOPs and time of the run on --chips, and train nothing"
    parser.add_argument("--describe", action="store_true", help=told)
    parser.add_argument("--chips", metavar="KIND:SHAPE", help="such as v5p:8x8x16")
    parser.add_argument("--json", action="store_true", help="describe as one JSON object")


def run_train(options: argparse.Namespace) -> int:
    """Runs `massivetext train`."""
    return _guarded("train", lambda: _train(options))


def add_eval_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `massivetext eval`."""
    parser.add_argument("model", type=Path, help="output folder of massivetext train")
    parser.add_argument("shards", type=Path, help="folder with dataset.json and shards")
    parser.add_argument("--step", type=int, help="of the checkpoint; default: the newest")
    parser.add_argument("--records", type=int, help="how many; default: all")
    parser.add_argument("--window", type=int, metavar="TOKENS", help="default: the training window")
    parser.add_argument("--batch", type=int, default=8, metavar="WINDOWS")


def run_eval(options: argparse.Namespace) -> int:
    """Runs `massivetext eval`."""
    return _guarded("eval", lambda: _evaluate(options))


def add_sample_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `massivetext sample`."""
    parser.add_argument("model", type=Path, help="output folder of massivetext train")
    parser.add_argument("--prompt", default="", help="text to continue")
    parser.add_argument("--tokens", type=int, default=128, help="draw at most this many")
    parser.add_argument(
        "--temperature", type=float, default=0.8, help="0 takes the likeliest token"
    )
    parser.add_argument("--top-p", type=float, default=0.95, help="nucleus sampling")
    parser.add_argument("--top-k", type=int, default=0, help="of the likeliest so many; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", type=int, help="of the checkpoint; default: the newest")


def run_sample(options: argparse.Namespace) -> int:
    """Runs `massivetext sample`."""
    return _guarded("sample", lambda: _sample(options))


COMMANDS: Final = (
    Command("train", "train a model on shards", add_train_arguments, run_train),
    Command("eval", "bits per byte of a model on shards", add_eval_arguments, run_eval),
    Command("sample", "text from a trained model", add_sample_arguments, run_sample),
)


def _guarded(name: str, work: Callable[[], int]) -> int:
    """Turns the errors of bad use and of failed runs into a line and an exit code."""
    try:
        _require_train_extra()
        return work()
    except ConfigError as error:
        tell("error", f"{name}: {error}", level="error")
        return 2
    except (TrainingError, OSError) as error:
        tell("error", f"{name}: {error}", level="error")
        return 1
    except (MemoryError, RuntimeError) as error:  # JAX's errors are RuntimeErrors
        if not (isinstance(error, MemoryError) or _NO_MEMORY in str(error)):
            raise
        tell("error", f"{name}: out of memory: take a smaller batch or window", level="error")
        return 1


def _require_train_extra() -> None:
    missing = [name for name in TRAIN_EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} not installed; the trainer needs them: "
            f"pip install massivetext[train]"
        )


def open_shards(folder: Path) -> ShardReader:
    """The shards in a folder.

    Raises:
        ConfigError: there are none, one is cut, or `dataset.json` cannot be understood.
    """
    from massivetext.sequencing import ShardReader

    try:
        reader = ShardReader(folder)
        reader.require_whole()
    except (OSError, ValueError) as error:
        raise ConfigError(str(error)) from None
    return reader


def config_of(options: argparse.Namespace, shards_vocab_size: int) -> TrainConfig:
    """The run that the arguments of `train` ask for, on shards of this vocabulary."""
    preset = PRESETS[options.preset]
    return train_config(
        options.preset,
        model={
            "vocab_size": _vocab_size(preset, options, shards_vocab_size),
            "window": options.window,
            "remat": options.remat,
            "document_mask": options.document_mask,
        },
        optimiser={
            "max_learning_rate": options.learning_rate,
            "warmup_steps": options.warmup,
            "kind": options.optimiser,
        },
        run={
            "steps": options.steps,
            "batch_windows": options.batch,
            "microbatches": options.microbatches,
            "precision": options.precision,
            "seed": options.seed,
        },
    )


def _vocab_size(preset: Preset, options: argparse.Namespace, shards_vocab_size: int) -> int:
    expected = preset.model.vocab_size
    if shards_vocab_size == expected or preset.any_vocabulary or options.any_vocabulary:
        return shards_vocab_size
    raise ConfigError(
        f"preset {options.preset} has a vocabulary of {expected:,} pieces, the shards' tokenizer "
        f"{shards_vocab_size:,}: use other shards, or --any-vocabulary"
    )


def _describe(options: argparse.Namespace) -> int:
    from massivetext.model.describe import ChipSlice, as_lines, as_record, describe_run

    if not options.chips:
        raise ConfigError("--describe needs --chips, such as v5p:8x8x16")
    vocabulary = PRESETS[options.preset].model.vocab_size
    if options.shards:
        vocabulary = open_shards(options.shards).dataset.vocab_size
    config = config_of(options, vocabulary)
    plan = describe_run(config, ChipSlice.parse(options.chips), options.model_parallel)
    print(json.dumps(as_record(plan)) if options.json else "\n".join(as_lines(plan)))
    return 0


def _train(options: argparse.Namespace) -> int:
    if options.describe:
        return _describe(options)
    if options.chips or options.json:
        raise ConfigError("--chips and --json go with --describe")
    if options.shards is None:
        raise ConfigError("no shards: name a folder with dataset.json and shards")
    reader = open_shards(options.shards)
    config = config_of(options, reader.dataset.vocab_size)
    from massivetext.model.sharding import make_layout
    from massivetext.model.train import RunOptions, train

    output = options.output or options.shards.absolute().parent / "model"
    run_options = RunOptions(
        output=output,
        save_every=options.save_every,
        restart=options.restart,
        quiet=options.quiet,
        tokenizer=Path(reader.tokenizer_path),
    )
    result = train(
        reader,
        config,
        make_layout(1 if options.model_parallel is None else options.model_parallel),
        run_options,
    )
    print(f"{result.step} of {config.steps} steps: {_losses_in_words(result.rows)}")
    print(f"model {output}, log {run_options.metrics_path}, curve {run_options.curve_path}")
    if result.step == config.steps:
        _print_held_out(output, options.shards)
    if result.interrupted:
        return INTERRUPTED
    if result.step < config.steps:
        tell("error", "stopped and saved; run the same command again to continue", level="error")
        return 1
    return 0


def _print_held_out(model: Path, shards: Path) -> None:
    """Evaluates a finished run on the held-out documents, if there are any."""
    from massivetext.sequencing.dataset import DATASET_FILE, HELD_OUT_FOLDER

    shards /= HELD_OUT_FOLDER
    if not (shards / DATASET_FILE).exists():
        return
    from massivetext.model.evaluate import EvaluationOptions
    from massivetext.model.trained import load

    reader = open_shards(shards)
    count = min(len(reader), HELD_OUT_RECORDS)
    result = load(model).evaluate(reader, EvaluationOptions(records=count))
    print(f"held out {result.bits_per_byte:.4f} bits per byte, {count:,} sequences of {shards}")


def _losses_in_words(rows: list[LogRow]) -> str:
    from massivetext.model.metrics import RECENT_STEPS, running_means

    if not rows:
        return "finished earlier; its log is gone"
    losses = [row["loss"] for row in rows]
    recent = running_means(losses)[-1]
    return f"loss {losses[0]:.3f} -> {recent:.3f} nats a token (mean of {RECENT_STEPS} steps)"


def _load(options: argparse.Namespace) -> TrainedModel:
    from massivetext.model.trained import load

    return load(options.model, options.step)


def _evaluate(options: argparse.Namespace) -> int:
    from massivetext.model.evaluate import EvaluationOptions

    reader = open_shards(options.shards)
    model = _load(options)
    result = model.evaluate(
        reader, EvaluationOptions(options.records, options.window, options.batch)
    )
    print(f"bits per byte   {result.bits_per_byte:.4f}")
    print(f"nats per token  {result.nats_per_token:.4f}")
    print(f"tokens          {result.tokens:,} (BOS and EOS counted, as 0 bytes)")
    print(f"UTF-8 bytes     {result.text_bytes:,}")
    return 0


def _sample(options: argparse.Namespace) -> int:
    from massivetext.model.sample import SampleOptions

    drawn = SampleOptions(
        options.tokens, options.temperature, options.top_p, options.top_k, options.seed
    )
    try:
        options.prompt.encode()
    except UnicodeEncodeError:
        raise ConfigError("the prompt is not UTF-8") from None
    print(options.prompt + _load(options).continuation(options.prompt, drawn))
    return 0
