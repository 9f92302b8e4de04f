"""A made-up corpus, and phase SEQUENCE on it."""

import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from massivetext.config import Config, Sequencing, TokenizerConfig
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.phase import PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named
from massivetext.pipeline.readers import FileRange
from massivetext.records import document_id
from massivetext.sequencing import ShardReader

WORDS = ["the", "of", "and", "crop", "naïve", "日本語", "—", "bucket\n", "\t", "visit", "weight"]
CONFIG = Config(
    tokenizer=TokenizerConfig(vocab_size=340),
    sequence=Sequencing(length=64, weights={"books": 0.6, "web": 0.4}, shards=3, max_visits=3),
)


def make_documents(subset: str, count: int, words: int) -> list[tuple[str, str]]:
    rng = random.Random(f"{subset} {count} {words}")
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(0, words))) for _ in range(count)]
    return [(document_id(subset, str(n), t.encode()), t) for n, t in enumerate(texts)]


CORPUS = {"books": make_documents("books", 30, 900), "web": make_documents("web", 150, 150)}


def write_corpus(output: Path, corpus, files: int = 2) -> list[WorkItem]:
    """Writes the corpus cut into `files` files a subset, and the manifest of its phase."""
    items, findings, results = [], {}, {}
    for subset, documents in corpus.items():
        findings[subset] = {
            "corpus": len(documents),
            "text_bytes": sum(len(text.encode()) for _, text in documents),
        }
        for number in range(files):
            name = f"{subset}/{number:03d}"
            rows = [{"id": i, "text": t} for i, t in documents[number::files]]
            schema = pa.schema([("id", pa.string()), ("text", pa.large_string())])
            table = pa.Table.from_pylist(rows, schema)
            entry = store.write_table(str(output), f"corpus/{name}.parquet", table)
            results[name] = ItemResult((entry,))
            items.append(WorkItem(len(items), name, subset, 0, name, FileRange(0, 0), 0, 0.0, 0.0))
    job = Job(CONFIG, str(output), quiet=True)
    phase = replace(phase_named("corpus"), upstream=())
    work = PhaseWork(
        lambda job, items: {"files": files}, lambda run: run.manifest(results, findings)
    )
    run_phase(job, phase, items, work)
    return items


def sequence(output: Path, config: Config = CONFIG, corpus=CORPUS, files: int = 2, **job):
    items = write_corpus(output, corpus, files)
    manifest = run_phase(
        Job(config, str(output), quiet=True, **job), phase_named("sequence"), items
    )
    return ShardReader(output / "sequences"), manifest


def with_sequence(**settings) -> Config:
    return replace(CONFIG, sequence=replace(CONFIG.sequence, **settings))
