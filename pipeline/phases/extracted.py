"""A record becomes text: what is done of it before anything is measured. No Beam."""

from __future__ import annotations

from typing import NamedTuple

from massivetext.config import Extraction, Source
from massivetext.records import RawRecord


class ExtractedText(NamedTuple):
    """The text of one record.

    Attributes:
        record: what it was made of.
        text: its lines end with LF only.
        title: that of the record, or of its page.
        encoding: of the page, as it was detected; "" for text.
        html: the page's markup in UTF-8, which says of itself what SafeSearch and opt-outs read;
            empty for text.
        markdown: the other form of the text, if it was asked for and the record is a page.
    """

    record: RawRecord
    text: str
    title: str = ""
    encoding: str = ""
    html: bytes = b""
    markdown: str | None = None


def extract_record(record: RawRecord, source: Source, extraction: Extraction) -> ExtractedText:
    """Returns the text of a record: extracted from a web page or from wikitext, or decoded.

    Raises:
        UnicodeDecodeError: if a text is not UTF-8.
    """
    if source.format == "wikipedia":
        from massivetext.pipeline.extraction.wikitext import article_text

        language = str(record.metadata.get("language", ""))
        wikitext = _unix_lines(record.raw.decode()).encode()
        text = article_text(wikitext, record.title, language)
        return ExtractedText(record, _unix_lines(text), record.title)
    if source.kind == "text":
        return ExtractedText(record, _unix_lines(record.raw.decode()), record.title)
    return _extract_web_record(record, extraction)


def _extract_web_record(record: RawRecord, extraction: Extraction) -> ExtractedText:
    from massivetext.pipeline.extraction import extract_page
    from massivetext.pipeline.extraction.encoding import decode_page

    stated = record.metadata.get("charset")
    charset = stated if isinstance(stated, str) else None
    if str(record.metadata.get("content_type", "")).startswith("text/plain"):
        codec, text_utf8 = decode_page(record.raw, charset)
        return ExtractedText(record, _unix_lines(text_utf8.decode()), record.title, codec)
    page = extract_page(
        record.raw,
        encoding=charset,
        extractor=extraction.extractor,
        format=extraction.format,
        markdown_links=extraction.markdown_links,
    )
    return ExtractedText(
        record,
        _unix_lines(page.text),
        record.title or page.title,
        page.encoding,
        page.html,
        None if page.markdown is None else _unix_lines(page.markdown),
    )


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
