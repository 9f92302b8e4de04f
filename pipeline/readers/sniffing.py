"""What a web resource is by its first bytes, whatever the server says.

After the WHATWG's MIME sniffing standard, section 7, and the magic numbers of the formats that
archives were seen to hold as text. Every step is linear in the bytes that it looks at.
"""

from __future__ import annotations

import re
from typing import Final

from massivetext.pipeline.readers.media_types import is_document, skipped_kind

SNIFFED_BYTES: Final = 1445
"""Bytes that tell text from data (MIME sniffing, 5.2)."""

BINARY: Final = "application/octet-stream"

_CONTROL: Final = bytes((*range(9), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)))
"""The binary data bytes of the standard, section 3."""

_BINARY_SHARE: Final = 0.06
"""Our choice: 27 of 256 byte values are binary data bytes, so that compressed data have a share of
0.105; pages with stray ones stay far below."""

_WIDE_SHARE: Final = 0.2
"""Our choice: of the bytes at even or at odd places that are zero in text of two bytes a character;
English has 1.0, Chinese with its markup more than this."""

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_BLANKS: Final = b"\t\n\x0c\r "

_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"\0\0\2\0", "image/x-icon"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"8BPS\0", "image/vnd.adobe.photoshop"),
    (b"\0\0\0\x0cjP  \r\n", "image/jp2"),
    (b"\0\0\0\x0cJXL \r\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"OggS\0", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"MThd\0\0\0\6", "audio/midi"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"FLV\1", "video/x-flv"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"\0\0\1\xb3", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"BZh91AY&SY", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x04\x22\x4d\x18", "application/x-lz4"),
    (b"Rar!\x1a\7", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (b"!<arch>\n", "application/x-archive"),
    (b"\xed\xab\xee\xdb", "application/x-rpm"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO\0", "font/otf"),
    (b"ttcf\0", "font/collection"),
    (b"\0\1\0\0\0", "font/ttf"),
    (b"\0asm", "application/wasm"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
)
"""Magic numbers and the types that they tell: MIME sniffing, 6, and each format's own
specification."""

_WITH_CONTROL: Final = (
    (b"BM", "image/bmp"),
    (b"MZ", "application/x-msdownload"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"ZWS", "application/x-shockwave-flash"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
)
"""Shorter ones, which a text may begin with: they count if a binary data byte follows."""

_DOCUMENT_MARKS: Final = (b"%PDF-", b"%!PS-Adobe-", b"{\\rtf")
"""Of documents that may be all ASCII."""

_RIFF: Final = {
    b"WEBP": "image/webp",
    b"WAVE": "audio/wav",
    b"AVI ": "video/avi",
    b"AIFF": "audio/aiff",
    b"AIFC": "audio/aiff",
}
"""Types by bytes 8 to 11 of RIFF and IFF files (MIME sniffing, 6.1 and 6.2)."""

_FTYP_IMAGES: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
"""Brands of pictures in the container of MP4 (registered brands of ISO/IEC 14496-12)."""

_ZIP_TYPES: Final = (
    (b"mimetypeapplication/epub+zip", "application/epub+zip"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "application/vnd.oasis.opendocument"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml"),
    (b"[Content_Types].xml", "application/vnd.openxmlformats-officedocument"),
    (b"META-INF/", "application/java-archive"),
)
"""What the first names in a zip file tell, the first that is there (OPC, ODF 1.2, OCF)."""

BOOK_TYPES: Final = frozenset(
    ("application/pdf", _ZIP_TYPES[0][1], *(kind for _, kind in _ZIP_TYPES[1:6]))
)
"""PDF, EPUB and office documents: what a reader for them would bring is counted by these kinds."""

_ELEMENTS: Final = frozenset(
    b"""a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big
    blink blockquote body br button canvas caption center cite code col colgroup data datalist dd
    del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form frame
    frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins isindex kbd label
    legend li link listing main map mark marquee menu meta meter nav nobr noframes noscript object
    ol optgroup option output p param picture plaintext pre progress q ruby s samp script search
    section select slot small source span strike strong style sub summary sup table tbody td
    template textarea tfoot th thead time title tr track tt u ul var video wbr xmp""".split()
)
"""The elements of the HTML standard (its index, and 16.2 for the obsolete ones)."""

_TAG = re.compile(rb"<(?:!doctype[\t\n\f\r ]+)?([a-z][a-z0-9:-]*)(?=[\t\n\f\r />])", re.IGNORECASE)
_JSON = re.compile(rb'\{[\t\n\r ]*"|\[[\t\n\r ]*\{')
_BLANK_RUN = re.compile(rb"[\t\n\f\r ]*")


def document_type(declared: str, body: bytes) -> str:
    """Returns the media type of a resource.

    Args:
        declared: the type that the server or archive states, if it is a document's; else "".
        body: freed of its codings.

    Returns:
        What the bytes are for certain, though something else is declared; else the declared type,
        or, without one, what the bytes look like: HTML, XHTML, XML, JSON, plain text, or "".
    """
    head = body[:SNIFFED_BYTES]
    if not head.lstrip(_BLANKS).startswith(b"<"):
        magic = _magic_type(head)
        if magic:
            return magic
        if not head.startswith(_UTF_16_MARKS) and is_binary(head):
            return BINARY if declared else ""
    return declared if is_document(declared) else _text_type(body)


def file_type(head: bytes) -> str:
    """Returns what the first bytes of a file are if they are no text, else "".

    Args:
        head: SNIFFED_BYTES of it. Of magic numbers made of letters only those count that no text
            begins with, or that a binary data byte follows.
    """
    is_marked = head.startswith(_DOCUMENT_MARKS) or len(head) > len(head.translate(None, _CONTROL))
    return skipped_kind(kind) if is_marked and (kind := _magic_type(head)) else ""


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of a resource are data: many binary data bytes, and no UTF-16."""
    binary = len(head) - len(head.translate(None, _CONTROL))
    return binary > _BINARY_SHARE * len(head) and not _is_wide(head)


def _is_wide(head: bytes) -> bool:
    """Whether these bytes are UTF-16 without a mark: zero bytes at even or at odd places only."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    less, more = sorted((even, odd))
    return more > max(3, _WIDE_SHARE * len(head) / 2) and less * 20 < more


def _magic_type(head: bytes) -> str:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] in (b"RIFF", b"FORM") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return "image/heif" if head[8:12] in _FTYP_IMAGES else "video/mp4"
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        return next((kind for name, kind in _ZIP_TYPES if name in head), "application/zip")
    if head[257:262] == b"ustar":
        return "application/x-tar"
    for magic, kind in _WITH_CONTROL:
        if head.startswith(magic) and len(head) > len(head.translate(None, _CONTROL)):
            return kind
    return ""


def _text_type(body: bytes) -> str:
    """Returns the type of a text that comes without one."""
    begin = body
    if body.startswith(_UTF_16_MARKS) or _is_wide(body[:SNIFFED_BYTES]):
        begin = body[:SNIFFED_BYTES].translate(None, b"\0\xff\xfe")
    name, is_xml = _first_element(begin)
    if name in _ELEMENTS or b"-" in name:
        return "application/xhtml+xml" if is_xml else "text/html"
    if name or is_xml:
        return "text/xml"
    return "application/json" if _JSON.match(begin.lstrip(_BLANKS)[:99]) else "text/plain"


def _first_element(body: bytes) -> tuple[bytes, bool]:
    """Returns the first tag's name, b"" if text comes first, and whether an XML declaration does.

    Goes through comments and processing instructions, once. A comment without an end is HTML, as
    in the standard.
    """
    at = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    is_xml = False
    while True:
        at = _end(_BLANK_RUN, body, at)
        if body.startswith(b"<!--", at):
            end = body.find(b"-->", at + 4)
            if end < 0:
                return b"html", is_xml
        elif body.startswith(b"<?", at):
            is_xml |= body.startswith(b"<?xml", at)
            end = body.find(b">", at)
            if end < 0:
                return b"", is_xml
        else:
            tag = _TAG.match(body, at)
            return tag[1].lower() if tag else b"", is_xml
        at = body.find(b">", end) + 1


def _end(pattern: re.Pattern[bytes], body: bytes, at: int) -> int:
    found = pattern.match(body, at)
    return found.end() if found else at
