"""An output folder as the curate phase leaves it, for the tests of the phases after it."""

import pyarrow as pa

from massivetext.config import Config, Source
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.phase import PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named
from massivetext.pipeline.readers import FileRange
from massivetext.records import DOCUMENT_SCHEMA
from tests.dedup.documents import ids_of

SOURCES = (
    Source(subset="web", kind="web", format="warc", path="x"),
    Source(subset="wikipedia", kind="text", format="jsonl", path="y"),
)


def job_in(folder, config=None, **changes):
    """A quiet job with an output folder."""
    return Job(config or Config(sources=SOURCES), str(folder), quiet=True, **changes)


def documents_table(texts, ids, subset, titles=None):
    """Rows of `documents/` with no measures; the source id is the id backwards."""
    stated = {
        "id": pa.array(ids, pa.string()),
        "source_id": pa.array([name[::-1] for name in ids], pa.string()),
        "subset": pa.array([subset] * len(ids), pa.string()),
        "title": pa.array(titles or [""] * len(ids), pa.string()),
        "row": pa.array(range(len(ids)), pa.int64()),
        "text": pa.array(texts, pa.large_string()),
        "text_bytes": pa.array([len(text.encode()) for text in texts], pa.int64()),
    }
    columns = [
        stated.get(field.name, pa.nulls(len(ids), field.type)).cast(field.type)
        for field in DOCUMENT_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=DOCUMENT_SCHEMA)


def curated(folder, texts, items=3, titles=None, ids=None, subsets=("web",)):
    """Writes the texts as documents of so many work items, subset by subset; returns the items."""
    ids = ids or ids_of(texts)
    titles = titles or [""] * len(texts)
    found, results = [], {}
    for number in range(items):
        part = slice(len(texts) * number // items, len(texts) * (number + 1) // items)
        subset = subsets[number * len(subsets) // items]
        name = f"{subset}/shelf/{number:03d}.txt"
        table = documents_table(texts[part], ids[part], subset, titles[part])
        place = table.schema.get_field_index("item")
        table = table.set_column(place, "item", pa.repeat(name, table.num_rows))
        store.write_table(str(folder), f"documents/{name}.parquet", table)
        source = [s.subset for s in SOURCES].index(subset)
        found.append(WorkItem(number, name, subset, source, "x", FileRange(0, 1), 1, 1.0, 1.0))
        results[name] = ItemResult((), {"kept": table.num_rows})
    findings = {"web": {"text_bytes": sum(len(text.encode()) for text in texts)}}
    curated_before = PhaseWork(lambda job, items: {}, lambda run: run.manifest(results, findings))
    run_phase(job_in(folder), phase_named("curate"), found, curated_before)
    return found


def rows_in(folder, items, phase_folder):
    """All rows that a phase wrote, as (work item, mapping)."""
    return [
        (item, row)
        for item in items
        for row in store.read_table(f"{folder}/{phase_folder}/{item.name}.parquet").to_pylist()
    ]
