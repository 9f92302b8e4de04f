"""`Judge` over documents of one's own, and of sources; `Extract` over what holds no document."""

from pathlib import Path

import apache_beam as beam
import pytest

from massivetext.config import Config, ConfigError, Language, Quality, Source
from massivetext.filters import measure
from massivetext.pipeline.transforms.documents import Document, Origin, SourceRecord
from massivetext.pipeline.transforms.judging import Judge
from massivetext.pipeline.transforms.reading import Extract, document_of
from massivetext.records import MEASURES, FailedRecord, RawRecord, SkippedRecord
from tests.pipeline.phases.test_curate import PROSE
from tests.pipeline.transforms.collecting import collect

BOOKS = Source("books", "text", "jsonl")


def judged(folder: Path, *documents: Document, config: Config | None = None) -> dict[str, Document]:
    create = beam.Create(documents, reshuffle=False)
    return {document.id: document for document in collect(folder, create, Judge(config))}


def test_documents_of_ones_own_are_judged_by_every_rule(tmp_path: Path) -> None:
    french = "Le train de Bordeaux arrive toujours avec un peu de retard, et personne ne dit rien."
    book = Document("b", "Three words only", origin=Origin(BOOKS, RawRecord("b", b"")))
    found = judged(tmp_path, Document("p", PROSE), Document("f", french), book)
    assert found["p"].is_kept
    assert set(found["p"].measures) == set(MEASURES)
    assert found["p"].measures["words"] == measure([PROSE]).column("words")[0].as_py()
    assert found["f"].stage == "content"
    assert {"language.keep", "quality.min_words"} <= set(found["f"].reasons)
    assert found["b"].reasons == ()  # of texts that are no web pages only the language is asked
    assert found["b"].origin is None


def test_a_text_that_was_changed_is_judged_as_it_is_now(tmp_path: Path) -> None:
    """The markup of its page still counts."""
    html = b'<meta name="rating" content="adult"><p>' + PROSE.encode()
    web = Source("web", "web", "html")
    origin = Origin(web, RawRecord("w", html), "utf-8", html)
    page = Document("w", PROSE, markdown="*The river*", origin=origin)
    config = Config(quality=Quality(min_words=5))
    found = judged(tmp_path, page, config=config)["w"]
    assert found.reasons == ("safesearch.max_score",)
    assert (found.text, found.markdown) == (PROSE, "*The river*")


def test_labels_that_the_model_does_not_know_are_refused() -> None:
    documents = beam.Pipeline("FnApiRunner") | beam.Create([Document("a", "b")])
    with pytest.raises(ConfigError, match="eng"):
        documents | Judge(Config(language=Language(keep=("eng",))))


def test_what_holds_no_document_is_left_out(tmp_path: Path) -> None:
    records = [
        RawRecord("1", "Größe\r\nzwei".encode(), metadata={"license": "mit"}),
        RawRecord("2", b"\xff"),
        FailedRecord("f", 0, "cut"),
        SkippedRecord("request"),
    ]
    elements = beam.Create([SourceRecord(BOOKS, record) for record in records], reshuffle=False)
    (document,) = collect(tmp_path, elements, Extract())
    assert (document.text, document.source_id, document.subset) == ("Größe\nzwei", "1", "books")
    assert document.metadata == {"license": "mit"}
    made = document_of(SourceRecord(BOOKS, records[1]))
    assert isinstance(made, FailedRecord)
    assert "not UTF-8" in made.error
    with pytest.raises(TypeError, match="expected a RawRecord, found SkippedRecord"):
        document_of(SourceRecord(BOOKS, records[3]))
