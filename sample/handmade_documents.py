"""Handmade documents of the text subsets, the sample's own test sets, and damaged files.

Names follow handmade_pages.py: an id `handmade/<name>` or, in C4, whose documents have no id, the
address https://example.org/handmade/<name>.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from formats import WarcRecord, gzip_member, http_response, json_line, response
from handmade_pages import ADDRESS, page, page_html, paragraphs_html
from prose import Prose, change_word

PNG_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@dataclass(frozen=True)
class CrossCopies:
    """Texts that stand in two subsets, exactly or with one word changed."""

    web_and_c4: list[str]
    c4_and_news: list[str]
    web_and_books: list[str]


def cross_copies(prose: Prose) -> CrossCopies:
    """Fresh paragraphs for each pair of subsets."""
    return CrossCopies(prose.paragraphs(200), prose.paragraphs(320), prose.paragraphs(320))


def one_word_changed(paragraphs: list[str]) -> list[str]:
    """The paragraphs with a word in the middle of the middle one changed."""
    middle = len(paragraphs) // 2
    changed = change_word(paragraphs[middle], 0.5, "elephant")
    return [*paragraphs[:middle], changed, *paragraphs[middle + 1 :]]


# --------------------------------------------------------------------------------------- test sets


@dataclass(frozen=True)
class TestSets:
    """The items of the sample's test sets, in the forms in which the four sets are published."""

    wikitext_articles: list[dict[str, str]]
    lambada_passages: list[str]
    c4_documents: list[dict[str, str]]
    curation_articles: list[dict[str, str]]

    def lambada_lines(self) -> list[bytes]:
        """One JSON object a line: {"text": passage}."""
        return [json_line({"text": passage}) for passage in self.lambada_passages]

    def c4_lines(self) -> list[bytes]:
        """One JSON object a line: url, timestamp, text."""
        return [json_line(document) for document in self.c4_documents]

    def curation_table(self) -> bytes:
        """A CSV of url, summary and article_content, as the corpus' own scraper leaves it."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, ["url", "summary", "article_content"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.curation_articles)
        return text.getvalue().encode()

    def wikitext_tokens(self) -> bytes:
        """The articles in WikiText-103's form: ` = Title = `, `state @-@ of`, ` , `, `<unk>`."""
        return "".join(
            wikitext_article(article["text"]) for article in self.wikitext_articles
        ).encode()


def lambada_passages(prose: Prose) -> list[str]:
    """Passages as long as LAMBADA's, which average 75 words."""
    return [" ".join(prose.sentences(70)) for _ in range(3)]


HEADING = re.compile(r"[A-Z]\w*( \w+){0,4}")


def wikitext_article(text: str) -> str:
    """One article (title, blank line, paragraphs) in WikiText-103's form; one rare word is <unk>.

    A short line without punctuation is taken for the heading of a section.
    """
    title, body = text.split("\n\n", 1)
    lines = [line for line in body.split("\n") if line.strip()]
    prose = [wikitext_line(line) for line in lines]
    rare = max(re.findall(r"(?<= )[A-Za-z]+(?= )", prose[0]), key=len)
    prose[0] = prose[0].replace(f" {rare} ", " <unk> ", 1)
    blocks = [
        f" \n = = {tokens} = = \n \n" if HEADING.fullmatch(line) else f" {tokens} \n"
        for line, tokens in zip(lines, prose, strict=True)
    ]
    return f" \n = {wikitext_line(title)} = \n \n{''.join(blocks)}"


def wikitext_line(line: str) -> str:
    """A line with its punctuation apart, and @-@ , @,@ and @.@ inside words and numbers."""
    line = re.sub(r"(?<=\w)-(?=\w)", " @-@ ", line)
    line = re.sub(r"(?<=\d)([,.])(?=\d)", r" @\1@ ", line)
    line = re.sub(r"(?<=\w)'(?=\w)", " '", line)
    return " ".join(re.sub(r"(?<!@)([,.;:!?()\[\]\"“”])(?!@)", r" \1 ", line).split())


# ---------------------------------------------------------------------------------- text documents


def c4_lines(copies: CrossCopies, sets: TestSets) -> Iterator[bytes]:
    """Copies, a test-set passage, a French page, and three lines that cannot be read."""

    def document(name: str, text: str) -> bytes:
        return json_line({"url": ADDRESS + name, "timestamp": "2026-11-22T00:00:00Z", "text": text})

    yield document("dedup/same-words-web-c4", "\n".join(copies.web_and_c4))
    yield document("dedup/near-c4-news", "\n".join(copies.c4_and_news))
    yield document("test-set/lambada", sets.lambada_passages[0])
    # Copies of each other AND of a test item: duplicates go first, then test sets take the rest.
    yield document("test-set/lambada-twice-1", sets.lambada_passages[1])
    yield document("test-set/lambada-twice-2", sets.lambada_passages[1])
    yield document("language/french", FRENCH)
    yield b'{"url": "https://example.org/handmade/failed/invalid-json", "text": "Cut in the mid\n'
    yield b'{"url": "https://example.org/handmade/failed/invalid-utf-8", "text": "caf\xe9"}\n'
    yield json_line({"url": ADDRESS + "failed/no-text", "timestamp": "2026-11-22T00:00:00Z"})


FRENCH = (
    "Le train de Bordeaux arrive toujours avec un peu de retard, et personne ne s'en étonne plus. "
    "Sur le quai, une vieille dame attend son petit-fils qui revient de l'armée. Elle a préparé un "
    "gâteau aux pommes, comme autrefois, et elle espère qu'il aura encore de l'appétit après un si "
    "long voyage. Quand les portes s'ouvrent enfin, elle le cherche longtemps parmi les voyageurs."
)


def news_documents(copies: CrossCopies, sets: TestSets) -> Iterator[dict[str, str]]:
    """The near copy of a C4 document, and an article of the Curation Corpus test set."""
    near_copy = "\n\n".join(one_word_changed(copies.c4_and_news))
    for name, title, text in (
        ("dedup/near-c4-news", "A near copy", near_copy),
        ("test-set/curation-corpus", "A test item", sets.curation_articles[0]["article_content"]),
    ):
        yield {
            "id": f"handmade/{name}",
            "title": title,
            "text": text,
            "url": ADDRESS + name,
            "license": "public domain",
        }


def book_documents(copies: CrossCopies) -> Iterator[dict[str, str]]:
    """A "book" that is nearly the same as a web page."""
    yield {
        "id": "handmade/dedup/near-web-books",
        "title": "A near copy",
        "author": "Jane Austen",
        "text": "\n\n".join(one_word_changed(copies.web_and_books)),
        "license": "public domain",
    }


def code_documents() -> Iterator[dict[str, str]]:
    """A file under a licence that config.toml does not allow, and one with foreign comments."""
    yield {"path": "handmade/license/gpl-3.0.py", "text": GPL_FILE, "license": "gpl-3.0"}
    yield {"path": "handmade/kept/german-comments.py", "text": GERMAN_FILE, "license": "mit"}


GPL_FILE = '''"""Shows a licence that config.toml does not allow; the text is the project's own."""


def greatest_common_divisor(first: int, second: int) -> int:
    """Euclid's algorithm."""
    while second:
        first, second = second, first % second
    return first
'''
GERMAN_FILE = '''"""Berechnet das Osterdatum nach der Gaußschen Formel."""


def ostersonntag(jahr: int) -> tuple[int, int]:
    """Liefert Monat und Tag des Ostersonntags; die Rechnung gilt für die Jahre ab 1583."""
    goldene_zahl = jahr % 19
    jahrhundert = jahr // 100
    # Die Sonnen- und die Mondgleichung berichtigen den julianischen Kalender.
    gleichung = jahrhundert - jahrhundert // 4 - (8 * jahrhundert + 13) // 25
    mond = (gleichung + 19 * goldene_zahl + 15) % 30
    mond -= (mond // 28) * (1 - (mond // 28) * (29 // (mond + 1)) * ((21 - goldene_zahl) // 11))
    wochentag = (jahr + jahr // 4 + mond + 2 - jahrhundert + jahrhundert // 4) % 7
    tage = mond - wochentag
    monat = 3 + (tage + 40) // 44
    return monat, tage + 28 - 31 * (monat // 4)
'''

# ------------------------------------------------------------- web pages that are copies of others


def copied_pages(prose: Prose, copies: CrossCopies, sets: TestSets) -> Iterator[WarcRecord]:
    """The web halves of the cross-subset pairs, and pages with test items in them."""
    # No heading: the page's words must be exactly those of the other document.
    for name, paragraphs in (
        ("dedup/same-words-web-c4", copies.web_and_c4),
        ("dedup/near-web-books", copies.web_and_books),
        ("test-set/c4", one_word_changed(sets.c4_documents[0]["text"].split("\n"))),
    ):
        html = page_html("", paragraphs_html(paragraphs)).replace("<h1></h1>\n", "")
        yield response(ADDRESS + name, html.encode())
    # The published rule (Jaccard > 0.8) keeps a page that merely contains a test item.
    around = prose.paragraphs(400)
    yield page(
        "kept/contains-lambada",
        "A passage and more",
        [*around[:3], sets.lambada_passages[2], *around[3:]],
    )


def skipped_records() -> Iterator[WarcRecord]:
    """WARC records that hold no document."""
    url = ADDRESS + "skipped/"
    request = b"GET /handmade/skipped/request HTTP/1.1\r\nHost: example.org\r\n\r\n"
    yield WarcRecord("request", url + "request", request, "application/http; msgtype=request")
    yield WarcRecord("metadata", url + "metadata", b"via: seed\r\n", "application/warc-fields")
    lookup = b"20261122000000\nexample.org.\t3600\tIN\tA\t192.0.2.1\n"
    yield WarcRecord("response", "dns:example.org", lookup, "text/dns")
    yield WarcRecord(
        "revisit",
        url + "revisit",
        http_response(b"", status="304 Not Modified"),
        "application/http; msgtype=response",
        {"WARC-Profile": "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"},
    )
    yield response(url + "image.png", PNG_PIXEL, "image/png")
    yield WarcRecord(
        "response",
        url + "not-found",
        http_response(b"<html><body><p>Nothing here.</p></body></html>", status="404 Not Found"),
        "application/http; msgtype=response",
    )
    yield response("https://example.org/robots.txt", b"User-agent: *\nDisallow:\n", "text/plain")


def damaged_warc(prose: Prose) -> bytes:
    """Three gzip members, of which the second is damaged: the pages around it must be kept."""
    pages = [
        page(name, "A page beside a damaged one", prose.paragraphs(120)).to_bytes()
        for name in ("kept/before-damage", "failed/damaged-member", "kept/after-damage")
    ]
    before, damaged, after = map(gzip_member, pages)
    middle = len(damaged) // 2
    damaged = (
        damaged[:middle]
        + bytes(byte ^ 0x55 for byte in damaged[middle : middle + 40])
        + damaged[middle + 40 :]
    )
    return before + damaged + after


def truncated_warc(prose: Prose) -> bytes:
    """A file whose last member ends early, as after a broken download."""
    whole = page(
        "kept/before-truncation", "A page before the cut", prose.paragraphs(120)
    ).to_bytes()
    cut = page("failed/truncated", "A page that was cut", prose.paragraphs(400)).to_bytes()
    member = gzip_member(cut)
    return gzip_member(whole) + member[: len(member) * 2 // 3]
