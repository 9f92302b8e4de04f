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
    from massivetext.pipeline.phases.manifest import Manifest
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
    from massivetext.pipeline.engine.runners import check_beam_options
    from massivetext.pipeline.engine.store import use_options
    from massivetext.pipeline.phases.manifest import require_manifest
    from massivetext.pipeline.phases.sequence.phase import tokenizer_of_words
    from massivetext.sequencing.tokenizer import make_tokenizer

    check_beam_options(options.beam_options)
    use_options(options.beam_options)
    config = load_config(options.config)
    job = Job(config, absolute(options.output or config.output.path), quiet=True)
    others = {path: _other(path) for path in options.beside}
    _require_place(options.model)
    corpus = require_manifest(job, "corpus")
    trained = tokenizer_of_words(_words(job, corpus), config.tokenizer)
    _write(options.model, trained.model)
    for warning in trained.warnings:
        print(f"note: {warning}")
    tokenizers = {options.model: make_tokenizer(trained.model), **others}
    print(f"{options.model}: {tokenizers[options.model].vocab_size:,} pieces")
    _print(_table(job, corpus, tokenizers))
    return 0


def _other(path: str) -> Tokenizer:
    from massivetext.sequencing.tokenizer import load_tokenizer

    try:
        tokenizer = load_tokenizer(path)
        tokenizer.encode(b"a")  # tables are made when they are first needed
        return tokenizer
    except (OSError, ValueError) as error:
        raise UsageError(f"--beside {path}: {error}") from None


def _require_place(path: str) -> None:
    """Refuses a path at which no file can be written, before any work."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise UsageError(f"--model {path}: expected a file in a folder that can be written to")


def _words(job: Job, corpus: Manifest) -> Counter[str]:
    """Returns the words that phase SEQUENCE would train on, so that the model is the same."""
    from massivetext.pipeline.phases.sequence.phase import tokenizer_limits
    from massivetext.sequencing.held_out import Side
    from massivetext.sequencing.tokenizer_training import sampled_words

    config = job.config
    learned = Side(config.seed, config.sequence.held_out)
    words: Counter[str] = Counter()
    for subset, limit in tokenizer_limits(config, corpus.findings).items():
        for document_id, text in _texts(job, corpus, subset):
            if learned.holds(document_id):
                words.update(sampled_words(text, config.seed, document_id, limit))
    return words


def _texts(job: Job, corpus: Manifest, subset: str) -> Iterator[tuple[str, bytes]]:
    """Yields id and UTF-8 text of the documents of a subset."""
    from massivetext.pipeline.phases.sequence.items import read_texts

    for item in corpus.items:
        if item.startswith(f"{subset}/"):
            for document_id, text in read_texts(job.output, item):
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


def _table(job: Job, corpus: Manifest, tokenizers: Mapping[str, Tokenizer]) -> Table:
    """Returns UTF-8 bytes a token by subset, as Table A2 has them: a column a tokenizer."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("bytes per token")
    for name in tokenizers:
        table.add_column(os.path.basename(name), justify="right")
    for subset in sorted(corpus.findings):
        texts = list(_sample(job, corpus, subset))
        size_bytes = sum(map(len, texts))
        if not size_bytes:
            continue
        ratios = [
            size_bytes / sum(len(tokenizer.encode(text)) for text in texts)
            for tokenizer in tokenizers.values()
        ]
        gains = [f"{ratio:.3f} ({ratio / ratios[0] - 1:+.1%})" for ratio in ratios[1:]]
        table.add_row(subset, f"{ratios[0]:.3f}", *gains)
    return table


def _sample(job: Job, corpus: Manifest, subset: str) -> Iterator[bytes]:
    """Yields the documents of a subset whose hash is low, about TABLE_BYTES of them."""
    from massivetext.records import stable_hash

    limit = min(1.0, TABLE_BYTES / max(1, corpus.findings[subset]["text_bytes"])) * 2**64
    for document_id, text in _texts(job, corpus, subset):
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
    uses_beam=True,
)
