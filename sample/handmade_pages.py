"""Handmade web pages: for every rule of the filters one page that fails that rule and no other.

A page's address says what it is for: https://example.org/handmade/<name>. The names under
`quality/` and `repetition/` are the rules' names. The text around the fault is prose of Jane
Austen (public domain) where a page needs some; the rest is written for this sample.
"""

from collections.abc import Iterator
from html import escape

from formats import WarcRecord, response
from prose import Prose, change_word, characters, word_salad

ADDRESS = "https://example.org/handmade/"
SALAD_VOCABULARY = (
    "the of and that with river winter garden letter morning carriage window harvest village "
    "silver captain sister evening answer mountain candle shadow journey market orchard harbour "
    "kitchen meadow summer teacher bridge history"
)


def paragraphs_html(paragraphs: list[str]) -> str:
    """One <p> a paragraph; a line end inside a paragraph becomes <br>."""
    return "\n".join(
        f"<p>{escape(text).replace(chr(10), '<br>' + chr(10))}</p>" for text in paragraphs
    )


def page_html(title: str, body: str, head: str = "", language: str = "en") -> str:
    """A page with one article and nothing else, whose text survives any extractor."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n{head}'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n<article>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</article>\n</body>\n</html>\n"
    )


def page(name: str, title: str, paragraphs: list[str], head: str = "") -> WarcRecord:
    """The WARC record of a handmade page made of paragraphs."""
    return response(ADDRESS + name, page_html(title, paragraphs_html(paragraphs), head).encode())


# ----------------------------------------------------------------------------------------- quality


def quality_pages(prose: Prose) -> Iterator[WarcRecord]:
    """One page for each of the ten bounds of the eight quality rules."""
    yield page("quality/min_words", "A short note", [" ".join(prose.words(30)) + "."])
    salad = word_salad(SALAD_VOCABULARY.split(), 100_500, seed=1).split("\n\n")
    yield page("quality/max_words", "A very long page", salad)
    yield page("quality/min_mean_word_length", "To go up", SHORT_WORDS)
    yield page("quality/max_mean_word_length", "Institutional responsibilities", LONG_WORDS)
    yield page("quality/max_hash_to_word_ratio", "A day in hashtags", HASHTAGS)
    yield page("quality/max_ellipsis_to_word_ratio", "A hesitant speech", HESITATION)
    items = "".join(f"<li>{escape(sentence)}</li>\n" for sentence in prose.sentences(350))
    body = f"<ul>\n{items}</ul>"
    html = page_html("A list", body)
    yield response(ADDRESS + "quality/max_bullet_line_fraction", html.encode())
    teasers = [
        sentence.rstrip(".!?") + ("..." if number % 2 else ".")
        for number, sentence in enumerate(prose.sentences(260))
    ]
    yield page("quality/max_ellipsis_line_fraction", "Teasers of the week", teasers)
    yield page("quality/min_alphabetic_word_fraction", "Rainfall by station", RAINFALL)
    yield page("quality/min_stop_words", "Garden furniture offers", KEYWORDS)


SHORT_WORDS = [
    "I am to go up to it as he is to be in on it if we do so. So he is at it, or up to no good, "
    "as I am to be. Do we go on or do we go by? If it is up to me, we go as we do it: in an ox "
    "cart, by us.",
    "He is in bed. It is in an oak box. We do as we do. I am at sea on a big tug. Is it of use to "
    "us? My ma is as shy as an elk, and my pa is at an inn by the bay. To do or to be: go by it, "
    "or go at it.",
]
LONG_WORDS = [
    "Internationalization considerations notwithstanding, administrative responsibilities "
    "concerning environmental sustainability necessitate comprehensive interdepartmental "
    "communication and straightforward accountability. Representatives of participating "
    "organizations, acknowledging technological advancements, recommended establishing "
    "specialized infrastructure committees.",
    "Notwithstanding considerable disagreements, the intergovernmental conference demonstrated "
    "unprecedented determination: professionalization, standardization and decentralization "
    "characterized recommendations that subsequently revolutionized telecommunications "
    "manufacturing. Counterproductive misunderstandings disproportionately disadvantaged "
    "inexperienced entrepreneurs, particularly throughout underdeveloped neighbourhoods.",
]
HASHTAGS = [
    "We walked along the river this morning and had breakfast with old friends. #morning #river "
    "#friends #breakfast In the afternoon we read in the garden until the rain came. #garden "
    "#reading #rain It was good to be home again and to hear that the whole family had arrived "
    "safely. #home #family #arrived Tomorrow we leave for the coast. #coast #holiday",
]
HESITATION = [
    "Well ... I do not know ... that is to say ... the captain asked me to wait ... and I waited "
    "with the others ... until the lamps were lit ... and nobody came ... so we went home along "
    "the shore ... and then my brother said ... that he had seen a light ... far out beyond the "
    "harbour ... but none of us believed him until the next day.",
]
RAINFALL = [
    "The table below gives the rainfall of the year in millimetres, month by month, that was "
    "measured by the three stations of the valley, and the mean of the last thirty years.",
    "Upper bridge: 112.4 98.7 104.1 76.3 64.8 59.2 47.5 51.9 73.6 95.4 121.7 130.2",
    "Old mill: 101.3 88.2 93.6 70.4 58.9 55.1 42.7 48.3 69.5 90.8 110.6 118.4",
    "Harbour: 84.6 73.9 79.7 61.2 50.3 46.8 38.1 41.4 60.7 80.5 97.2 104.9",
    "The driest month of all three stations was July; none of them had more than five days "
    "of rain in that month, and the river fell to the lowest level since the great drought.",
]
KEYWORDS = [
    "Cheap garden furniture, teak garden tables, folding garden chairs, outdoor cushions, wooden "
    "benches, patio umbrellas, free delivery, best prices, discount codes, summer sale.",
    "Buy garden sheds online, plastic sheds, metal sheds, bicycle storage, log stores, tool "
    "cabinets, greenhouse kits, raised planters, compost bins, water butts, hose reels.",
    "Shop now: barbecue grills, pizza ovens, fire pits, patio heaters, solar lamps, string lights, "
    "bird feeders, hammocks, swing seats, sun loungers, parasol bases, picnic blankets.",
]

# -------------------------------------------------------------------------------------- repetition


def repetition_pages(prose: Prose) -> Iterator[WarcRecord]:
    """One page for each of the 13 repetition rules."""
    yield page("repetition/max_duplicate_line_fraction", "A song", song(prose))
    yield page("repetition/max_duplicate_paragraph_fraction", "Five scenes", scenes(prose))
    yield page(
        "repetition/max_duplicate_line_character_fraction", "Two registers", registers(prose)
    )
    yield page(
        "repetition/max_duplicate_paragraph_character_fraction", "Printed twice", reprint(prose)
    )
    for n, (phrase, share) in TOP_PHRASES.items():
        name = f"repetition/max_top_{n}_gram_character_fraction"
        yield page(name, f"A phrase of {n} words", chorus(prose, phrase, share))
    for n, share in REPEATED_SHARES.items():
        name = f"repetition/max_duplicate_{n}_gram_character_fraction"
        yield page(name, f"Sayings of {n} words", sayings(prose, n, share))


REFRAINS = "Heigh ho|Alas|Farewell|Hurrah|Alack|Ahoy|Huzza|Amen|Hark|Well"


def song(prose: Prose) -> list[str]:
    """24 stanzas, all different, of two long lines and two refrains out of ten.

    38 of 96 lines are copies, but the refrains are short: few of the characters.
    """
    stanzas, refrains = [], REFRAINS.split("|")
    for number in range(24):
        lines = [" ".join(prose.words(8)) for _ in range(2)]
        first, second = refrains[number % 10], refrains[(number * 3 + 1) % 10]
        stanzas.append("\n".join([lines[0], first, lines[1], second]))
    return stanzas


def scenes(prose: Prose) -> list[str]:
    """Eight scenes of six lines, each followed by "Curtain.".

    7 of 16 paragraphs are copies, but only 7 of 56 lines.
    """
    result = []
    for _ in range(8):
        result += ["\n".join(" ".join(prose.words(9)) for _ in range(6)), "Curtain."]
    return result


def registers(prose: Prose) -> list[str]:
    """Lines of four long words, each printed in two different paragraphs, between short lines.

    11 of 41 lines (27 %) are copies, with 36 % of the characters; no five words in a row repeat.
    """
    return ["\n".join(lines) for lines in register_lines(prose)]


def reprint(prose: Prose) -> list[str]:
    """The same with every line a paragraph of its own.

    A copied paragraph is made of copied lines, so this page fails the line-character rule too: no
    page can fail the paragraph-character rule alone.
    """
    return [line for lines in register_lines(prose) for line in lines]


def register_lines(prose: Prose) -> Iterator[list[str]]:
    """Groups of lines: an entry, one or two short lines, and the entry five places further on."""
    for number, entry in enumerate(REGISTER_ENTRIES):
        other = REGISTER_ENTRIES[(number + 5) % len(REGISTER_ENTRIES)]
        asides = [" ".join(prose.words(4)) for _ in range(2 if number % 5 else 1)]
        yield [entry, asides[0], other, *asides[1:]]


REGISTER_ENTRIES = (
    "Northampton magistrates: unclaimed inheritances",
    "Canterbury cathedral restoration subscriptions",
    "Shipwrights' apprentices awaiting examination",
    "Lighthouse keepers' quarterly provisions",
    "Agricultural implements exhibited yesterday",
    "Bankruptcies reported throughout Lancashire",
    "Steamboats departing Wednesday afternoons",
    "Schoolmasters recommended without reservation",
    "Gentlemen travelling towards Constantinople",
    "Watchmakers offering specialised instruments",
    "Newspapers published regularly elsewhere",
)


TOP_PHRASES = {
    2: ("Northumberland Agriculturalists", 0.26),
    3: ("Northumberland Agricultural Correspondence", 0.19),
    4: ("Worshipful Gloucestershire Clockmakers Company", 0.17),
}


def chorus(prose: Prose, phrase: str, share: float) -> list[str]:
    """Prose in which one phrase, standing alone as a sentence, has `share` of all characters.

    No two of its occurrences have the same word before or after them, so no longer n-gram repeats.
    """
    copies = 12
    filler_characters = characters(phrase.split()) * copies * (1 - share) / share
    per_copy, result = filler_characters / copies, []
    used: set[str] = set()
    for _ in range(copies):
        words = fresh_words(prose, per_copy, used)
        result.append(f"{' '.join(words)}. {phrase}.")
    return result


def fresh_words(prose: Prose, character_count: float, used: set[str]) -> list[str]:
    """Prose of about so many characters that begins and ends with words no earlier piece did."""
    words = prose.words(max(4, round(character_count / 3)))
    while words[0].lower() in used:
        words = words[1:]
    used.add(words[0].lower())
    stop = next(
        stop
        for stop in range(4, len(words))
        if characters(words[:stop]) >= character_count and words[stop - 1].lower() not in used
    )
    used.add(words[stop - 1].lower())
    return words[:stop]


# A repeated n-gram contains repeated shorter ones, so a page that fails rule n alone has a share
# between rule n's bound and rule n-1's: 0.15 | 0.14 | 0.13 | 0.12 | 0.11 | 0.10.
REPEATED_SHARES = {5: 0.18, 6: 0.145, 7: 0.135, 8: 0.125, 9: 0.115, 10: 0.105}


def sayings(prose: Prose, n: int, share: float) -> list[str]:
    """Prose in which several phrases of n words stand twice and have `share` of all characters."""
    phrases = [prose.words(n) for _ in range(8)]
    repeated = 2 * sum(map(characters, phrases))
    per_phrase, pieces = repeated * (1 - share) / share / 16, []
    used: set[str] = set()
    for phrase in [*phrases, *reversed(phrases)]:
        filler = " ".join(fresh_words(prose, per_phrase, used)).rstrip(",;:.")
        pieces.append(f"{filler} {' '.join(phrase)}")
    return [". ".join(pieces[start : start + 4]) + "." for start in range(0, len(pieces), 4)]


# ------------------------------------------------------------------- content, copies, and controls


def content_pages(prose: Prose) -> Iterator[WarcRecord]:
    """Self-labelled adult pages in three spellings, a page labelled harmless, foreign languages.

    The German page quotes a title with three of the stop words, so that only its language is wrong;
    the Spanish page fails the stop-word rule too.
    """
    labels = {
        "safesearch/rta-label": '<meta name="rating" content="RTA-5042-1996-1400-1577-RTA">\n',
        "safesearch/rating-mature": "<META CONTENT='Mature' NAME='Rating'>\n",
        "kept/rating-general": '<meta name="rating" content="general">\n',
    }
    for name, head in labels.items():
        yield page(name, "A labelled page", prose.paragraphs(120), head)
    html = page_html("A page labelled by its server", paragraphs_html(prose.paragraphs(120)))
    yield response(
        ADDRESS + "safesearch/rating-header",
        html.encode(),
        Rating="RTA-5042-1996-1400-1577-RTA",
    )
    yield page("language/german", "Am Fluss", GERMAN)
    yield page("language/spanish", "El mercado", SPANISH)


GERMAN = [
    "Am frühen Morgen lag der Nebel noch über dem Fluss, und die Fischer machten ihre Boote los. "
    "Niemand sprach viel, denn es war kalt, und alle dachten an den langen Winter, der vor ihnen "
    "lag. Erst als die Sonne über die Hügel kam, wurde es am Ufer lebendig.",
    "Die Kinder liefen zur Schule, der Bäcker öffnete seinen Laden, und auf der Brücke blieben "
    "die ersten Wagen stehen. So begann jeder Tag in der kleinen Stadt, in der sich seit vielen "
    "Jahren kaum etwas verändert hatte. Nur im Gasthaus spielte jemand das englische Lied „The "
    "Wind and the Sea“, das niemand verstand.",
]
SPANISH = [
    "El mercado abre antes de que salga el sol. Los campesinos llegan con sus carros llenos de "
    "verduras, y las mujeres del pueblo discuten los precios mientras el café se calienta en las "
    "cocinas. A las nueve ya no queda sitio en la plaza, y los niños corren entre los puestos.",
    "Mi abuela compraba siempre en el mismo lugar, porque decía que allí las naranjas eran más "
    "dulces. Después volvíamos a casa por el camino del río y me contaba historias de su juventud.",
]


def copy_pages(prose: Prose) -> Iterator[WarcRecord]:
    """Copies inside the web subset, and pairs that only look like copies."""
    twins = paragraphs_html(prose.paragraphs(150))
    for name in ("dedup/exact-1", "dedup/exact-2"):
        yield response(ADDRESS + name, page_html("Printed in two places", twins).encode())
    near = prose.paragraphs(300)
    changed = [*near[:-2], change_word(near[-2], 0.5, "elephant"), near[-1]]
    yield page("dedup/near-1", "Almost the same", near)
    yield page("dedup/near-2", "Almost the same", changed)
    short = prose.paragraphs(90)
    changed = [*short[:-2], change_word(short[-2], 0.5, "elephant"), short[-1]]
    yield page("kept/one-word-of-hundred-1", "Not the same", short)
    yield page("kept/one-word-of-hundred-2", "Not the same", changed)


def form_pages(prose: Prose) -> Iterator[WarcRecord]:
    """Pages of unusual form that must be kept with their text whole."""
    paragraphs = ["“Voilà,” she said: “a naïve résumé – £5.”", *prose.paragraphs(90)]
    western = page_html("Café “Métropole”", paragraphs_html(paragraphs))
    western = western.replace('charset="utf-8"', 'charset="windows-1252"')
    yield response(ADDRESS + "kept/windows-1252", western.encode("cp1252"))
    blocks = "\n".join(f"<div>{escape(text)}</div>" for text in prose.paragraphs(120))
    html = page_html("No paragraph tags", f"<div>\n{blocks}\n</div>")
    yield response(ADDRESS + "kept/no-paragraph-tags", html.encode())
