"""Sound inputs of every kind, made in memory, and the pieces that hostile ones are made of."""

from __future__ import annotations

from typing import Final

from tests.pipeline.readers.archives import COMPRESS, PAGE, http_message, lz4, pages, warc_record
from tests.pipeline.readers.dumps import multistream
from tests.pipeline.readers.dumps import page as wiki_page
from tests.pipeline.readers.test_http import CODINGS as CODERS
from tests.pipeline.readers.test_http import chunked
from tests.pipeline.readers.test_readers import FILES as SMALL_FILES
from tests.pipeline.readers.test_zstd import bomb, seekable

_WORDS = "Größe, naïve café; 中文; Все люди; "

_LONG_PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="rating" content="general">'
    '<meta property="og:title" content="x"><script type="application/ld+json">'
    '{"@type": "Article", "isFamilyFriendly": true}</script><title>T</title></head><body>'
    "<!-- a comment --><div itemscope><meta itemprop=isFamilyFriendly content=true>"
    f"<article>{f'<p>{_WORDS}<a href=http://a.b/c?d>link</a></p>' * 20}</article>"
    "<table><tr><td>1<td>2</table><pre>code</pre></div></body></html>"
)

PAGES: Final = (
    PAGE,
    _LONG_PAGE.encode(),
    _LONG_PAGE.encode("utf-16"),
    _LONG_PAGE.replace("utf-8", "gb18030").encode("gb18030"),
    _LONG_PAGE.replace("utf-8", "windows-1252").encode("cp1252", "replace"),
    _LONG_PAGE.replace('<meta charset="utf-8">', "").encode("iso2022_jp", "replace"),
    '<?xml version="1.0" encoding="koi8-r"?><html><p>Все люди</p>'.encode("koi8-r"),
    "<p>Все люди рождаются свободными и равными".encode("koi8-r"),
)
"""Pages in several encodings, with all that SafeSearch looks at."""

WIKITEXTS: Final = (
    b"'''Bold''' [[Paris|city]]<ref name=a>no</ref>\n== A ==\n* a\n## b\n\n== See also ==\nx",
    b"{{lang|fr|a {{convert|3|km|mi}}}} [[File:a.jpg|thumb|200px|A [[b|cap]].]] [http://a.b c]",
    b"{| class=wikitable\n|+ Cap\n! A !! B\n|-\n| style=x | 1 || 2\n|}\n<gallery>\nF:a\n</gallery>",
    b"<pre>\n x\n</pre>10<sup>6</sup> <math>a_b</math><!-- c -->__TOC__ {{{1|a}}}\n  preformatted",
)
"""Pages of a wiki, with all that the walk has a branch for."""

_DIGESTS = {
    "WARC_Block_Digest": "sha1:MBJOVYSELATV4HULEOPH5QLG4B5QST5V",
    "WARC_Payload_Digest": "sha-256:" + "0" * 64,
}
_ARCHIVE = b"".join(
    [
        SMALL_FILES["warc"],
        warc_record(http_message(_LONG_PAGE.encode()), 7, **_DIGESTS),
        warc_record(http_message(CODERS["gzip"](PAGE), {"Content-Encoding": "gzip"}), 8),
        warc_record(http_message(b"%PDF-1.4 " + bytes(range(256))), 9),
        warc_record(http_message(PAGE, {}), 10),
    ]
)

FILES: Final = {
    **{f"{name}-{name}": (stored,) for name, stored in SMALL_FILES.items()},
    "warc-warc": (_ARCHIVE, *pages(3)),
    "warc-gz": (b"".join(map(COMPRESS[".gz"], pages(4))), COMPRESS[".gz"](_ARCHIVE)),
    "warc-zst": (b"".join(map(COMPRESS[".zst"], pages(4))), b"\x5d\x2a\x4d\x18\x04\0\0\0abcd"),
    "warc-lz4": (b"".join(map(lz4, pages(4))),),
    "arc-gz": (COMPRESS[".gz"](SMALL_FILES["arc"]),),
    "jsonl-zst": (seekable([SMALL_FILES["jsonl"]] * 3), bomb(8)),
    "jsonl-bz2": (COMPRESS[".bz2"](SMALL_FILES["jsonl"]),),
    "jsonl-xz": (COMPRESS[".xz"](SMALL_FILES["jsonl"]),),
    "html-gz": (COMPRESS[".gz"](PAGE),),
    "wikipedia-bz2": (multistream([wiki_page(f"T{n}", _WORDS, n) for n in range(1, 7)], 2),),
}
"""Files by format and suffix."""

CODINGS: Final = {
    **{coding: (make(PAGE), make(bytes(100_000))) for coding, make in CODERS.items()},
    "chunked": (chunked(_LONG_PAGE.encode(), 100),),
}
"""Bodies by coding."""

_WORDS_OF_PARSERS: Final = b"""
    WARC/1.0 Content-Length: Content-Length:-1 Content-Length:99999999999 HTTP/1.1 200
    http: http://a/ 1.2.3.4 20080430204825 Transfer-Encoding:chunked Content-Encoding:zstd <!-- -->
    <!--x--> <a <meta <meta/rating= <script <script/type=application/ld+json> </script </head
    <![CDATA[ <?xml <div> </div> <table> <svg> <plaintext> <textarea> <title> &amp; &#0; a-
    &#x110000; [ { " ' < isFamilyFriendly charset=utf-16 charset=x-user-defined <br <p itemscope>"""

_WORDS_OF_WIKITEXT: Final = b"""
    {{ }} {{{ }}} [[ ]] {| |} |- || !! == '' ''' <ref> </ref> <gallery> <sup> </sup> [[File:a|thumb|
    {{lang|fr| {{convert|3|km {{formatnum:1234 __TOC__ * # : ; ----"""

TOKENS: Final = (
    *_WORDS_OF_PARSERS.split(),
    *_WORDS_OF_WIKITEXT.split(),
    b"\r\n\r\n",
    b"\n",
    b" ",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\x1b$B",
    b"\x1f\x8b\x08\0",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18\xff\xff\xff\x7f",
    b"BZh91AY&SY",
    b"\xfd7zXZ\0",
    b"\xff" * 8,
)
"""What parsers look for."""
