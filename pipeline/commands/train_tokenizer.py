"""`massivetext train-tokenizer`: a tokenizer of a finished corpus, and Table A2 for it."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from massivetext.command import Command
from massivetext.config_file import load_config
from massivetext.pipeline.commands.arguments import absolute, add_config
from massivetext.pipeline.engine.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.phases.plan import WorkItem
    from massivetext.sequencing.tokenizer import Tokenizer

TABLE_BYTES: Final = 4_000_000
"""Our choice: text of a subset that the table rests on; three digits do not change with more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `train-tokenizer`."""
    add_config(parser)
    parser.add_argument("--output", help="output folder of the run; default: output.path")
    parser.add_argument(
        "--model", default="tokenizer.model", metavar="FILE", help="to write; default: %(default)s"
    )
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="TOKENIZER",
        help="compare with this tokenizer; may be given several times",
    )


def run(options: argparse.Namespace) -> int:
    """Trains on the corpus of a finished run, writes the model, and prints bytes a token."""
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.phases.manifest import require_manifest
    from massivetext.pipeline.phases.plan import plan
    from massivetext.pipeline.phases.sequence.phase import tokenizer_of_words
    from massivetext.sequencing.tokenizer import make_tokenizer

    config = load_config(options.config)
    job = Job(config, absolute(options.output or config.output.path), quiet=True)
    others = {path: _other(path) for path in options.beside}
    findings = require_manifest(job, "corpus").findings
    sizes = {s: found["text_bytes"] for s, found in findings.items() if found["text_bytes"]}
    items = [item for item in plan(config) if item.subset in sizes]
    trained = tokenizer_of_words(_words(job, items, sizes), config.tokenizer)
    _write(options.model, trained.model)
    for warning in trained.warnings:
        print(f"note: {warning}")
    tokenizers = {options.model: make_tokenizer(trained.model), **others}
    print(f"{options.model}: {tokenizers[options.model].vocab_size:,} pieces")
    _print(_table(job, items, sizes, tokenizers))
    return 0


def _other(path: str) -> Tokenizer:
    from massivetext.sequencing.tokenizer import load_tokenizer

    try:
        return load_tokenizer(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"--beside {path}: {error}") from None


def _words(job: Job, items: list[WorkItem], sizes: Mapping[str, int]) -> Counter[str]:
    """Returns the words that phase SEQUENCE would train on, so that the model is the same."""
    from massivetext.pipeline.phases.sequence.drawing import mixture_of
    from massivetext.sequencing.held_out import Side
    from massivetext.sequencing.tokenizer_training import (
        drawn_passages,
        sampling_limits,
        word_frequencies,
    )

    config = job.config
    limits = sampling_limits(mixture_of(config, sizes).given, sizes)
    split = Side(config.seed, config.sequence.held_out)
    words: Counter[str] = Counter()
    for item in items:
        limit = limits.get(item.subset, 0)
        for document_id, text in _texts(job, item) if limit else ():
            if split.holds(document_id):
                drawn = drawn_passages(text, config.seed, document_id, limit)
                words.update(word_frequencies(drawn))
    return words


def _texts(job: Job, item: WorkItem) -> Iterator[tuple[str, bytes]]:
    from massivetext.pipeline.phases.sequence.items import read_texts

    for document_id, text in read_texts(job.output, item.name):
        yield document_id, bytes(text)


def _write(path: str, model: bytes) -> None:
    """Writes the model, but not over another file.

    Raises:
        UsageError: if there is one.
    """
    if os.path.exists(path):
        with open(path, "rb") as stream:
            if stream.read() != model:
                raise UsageError(f"{path} exists and is another file; name another --model")
        return
    with open(f"{path}.part", "wb") as stream:
        stream.write(model)
    os.replace(f"{path}.part", path)


def _table(
    job: Job, items: list[WorkItem], sizes: Mapping[str, int], tokenizers: Mapping[str, Tokenizer]
) -> Table:
    """Returns UTF-8 bytes a token by subset, as Table A2 has them: a column a tokenizer."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("bytes per token")
    for name in tokenizers:
        table.add_column(os.path.basename(name), justify="right")
    for subset in sorted(sizes):
        texts = list(_sample(job, [item for item in items if item.subset == subset], sizes[subset]))
        size_bytes = sum(map(len, texts))
        ratios = [
            size_bytes / max(1, sum(len(tokenizer.encode(text)) for text in texts))
            for tokenizer in tokenizers.values()
        ]
        gains = [f"{ratio:.3f} ({ratio / ratios[0] - 1:+.1%})" for ratio in ratios[1:]]
        table.add_row(subset, f"{ratios[0]:.3f}", *gains)
    return table


def _sample(job: Job, items: list[WorkItem], subset_bytes: int) -> Iterator[bytes]:
    """Yields the documents of a subset whose hash is low, about TABLE_BYTES of them."""
    from massivetext.records import stable_hash

    limit = min(1.0, TABLE_BYTES / subset_bytes) * 2**64
    for item in items:
        for document_id, text in _texts(job, item):
            if stable_hash(job.config.seed, document_id, "tokenizer table") < limit:
                yield text


def _print(table: Table) -> None:
    from massivetext.pipeline.commands.summary import report_console

    report_console().print(table)


COMMAND: Final = Command(
    "train-tokenizer",
    "train a tokenizer on a finished corpus, and compare it with others",
    add_arguments,
    run,
)
