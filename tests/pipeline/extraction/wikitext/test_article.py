"""Wikitext to text: each construct against what a reader sees on the rendered page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import mwparserfromhell
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.wikitext import article_text
from massivetext.pipeline.extraction.wikitext.languages import value_patterns

ROOT = Path(__file__).parents[4]


def text_of(wikitext: str, language: str = "en") -> str:
    return article_text(wikitext.encode(), language=language)


CONSTRUCTS = [
    ("'''Bold''' and ''italic'' and '''''both'''''.", "Bold and italic and both."),
    ("L''''amour'''", "L'amour"),
    ("''Foo'''s bar", "Foo's bar"),
    ("[[Paris]]ian [[Lyon|the city]] [[:Category:X|shown]] [[:Category:Y]]", None),
    ("a [[Category:X]] b [[de:Foo]] c", "a b c"),
    ("[[File:a.jpg|thumb|left|200px|A [[b|cap]].|alt=z]]Text\ngoes on.", "Text goes on.\n\nA cap."),
    ("An [[File:icon.png|16px|tooltip]] icon", "An icon"),
    ("One<ref>no</ref>, two<ref name=a/>.", "One, two."),
    ("Area <math>a_b^2</math> is", "Area a_b^2 is"),
    ("<nowiki>''[[x]]''</nowiki>", "''[[x]]''"),
    ("x<!-- no -->y\n<!-- a line -->\nz", "xy\nz"),
    ("10<sup>6</sup> H<sub>2</sub>O m<sup>-2</sup> 3<sup>rd</sup>", "10⁶ H₂O m⁻² 3rd"),
    ("a<br>b<br/>c", "a\nb\nc"),
    ("* a\n** b\n* c\n\n# x\n# y", "- a\n  - b\n- c\n\n1. x\n2. y"),
    ("; term\n: meaning", "term\nmeaning"),
    ("== A ==\nText\n=== B ===\nmore", "A\n\nText\n\nB\n\nmore"),
    ("Text\n== See also ==\n* x\n=== y ===\nz\n== C ==\nd", "Text\n\nC\n\nd"),
    ("[https://a.b label] [https://a.b] https://c.d", "label https://c.d"),
    ("&nbsp;a &ndash; &lt;b&gt;", "a – <b>"),
    ("__TOC__\nText __NOTOC__ __other__", "Text __other__"),
    ("<pre>\n  x ''y''\n</pre>", "x ''y''"),
    ("<gallery>\nFile:a.jpg|One [[b]]\nFile:c.jpg\n</gallery>\nText", "One b\n\nText"),
    ("{{Infobox|a={{lang|fr|b}}\n|c=[[d]]}}Text {{unknown|x}} goes.", "Text goes."),
    ("{{{1|given}}} and {{{2}}}.", "given and."),
    (
        "{| class=wikitable\n|+ Cap\n! A !! B\n|-\n| style=x | 1 || 2\n|-\n| [[a|b]]\n| 4\n|}\nEnd",
        "Cap\nA | B\n1 | 2\nb | 4\n\nEnd",
    ),
    ('{| class="infobox"\n| a\n|}\nText', "Text"),
    ("a (b {{x}}) c ({{x}}; d) e ({{x}})", "a (b) c (d) e"),
]


@pytest.mark.parametrize(("wikitext", "expected"), CONSTRUCTS)
def test_a_construct_reads_as_rendered(wikitext: str, expected: str | None) -> None:
    if expected is None:
        assert text_of(wikitext) == "Parisian the city shown Category:Y"
    else:
        assert text_of(wikitext) == expected


VALUES = [
    ("{{convert|3|km|mi}}", "3 kilometres (1.9 mi)"),
    ("{{convert|1|mi|km}}", "1 mile (1.6 km)"),
    ("{{convert|100|m|ft|abbr=on}}", "100 m (330 ft)"),
    ("{{convert|5|-|10|km|mi}}", "5–10 kilometres (3.1–6.2 mi)"),
    ("a {{convert|12|ft|m|adj=on}} wall", "a 12-foot (3.7 m) wall"),
    ("{{convert|20|C|F}}", "20 °C (68 °F)"),
    ("{{convert|1234|km2|sqmi|0}}", "1,234 square kilometres (476 sq mi)"),
    ("{{lang|fr|mot}} {{lang-fr|mot}}", "mot French: mot"),
    ("{{nobr|a b}} {{nowrap|[[c|d]]}}", "a b d"),
    ("{{IPA|/a/}}, {{IPAc-en|ˈ|æ|p|əl}}", "/a/, /ˈæpəl/"),
    ("{{birth date|1950|1|2}}, {{start date|1950|1|2|df=y}}", "January 2, 1950, 2 January 1950"),
    ("{{circa|1500}} {{c.|1500}}", "c. 1500 c. 1500"),
    ("{{as of|2010|lc=y}}", "as of 2010"),
    ("{{nihongo|Tokyo|東京|Tōkyō}}", "Tokyo (東京, Tōkyō)"),
    ("{{frac|1|2}} {{frac|3|1|2}}", "1⁄2 3 1⁄2"),
    ("{{formatnum:12345}} {{val|12345|u=km}}", "12,345 12,345 km"),
    ("{{ill|Name|fr}} {{abbr|kg|kilogram}}", "Name kg"),
    ("{{HMS|Victory}} {{USS|Enterprise|CV-6}}", "HMS Victory USS Enterprise (CV-6)"),
    ("{{sic}} {{CO2}} {{chem|H|2|O}}", "[sic] CO₂ H₂O"),
    ("a{{snd}}b{{ndash}}c {{US$|5}}", "a – b–c US$5"),
    ("{{lang|fr|{{nobr|a {{lang|de|b}}}}}}", "a b"),
]


@pytest.mark.parametrize(("wikitext", "expected"), VALUES)
def test_a_template_with_a_value_leaves_no_hole(wikitext: str, expected: str) -> None:
    assert text_of(f"It is {wikitext} there.") == f"It is {expected} there."


SENTENCES = [
    line.split("\t")
    for line in (Path(__file__).parent / "sentences.tsv").read_text(encoding="utf-8").splitlines()
]
"""Sentences with the templates that English articles have most, and what their pages show."""


@pytest.mark.parametrize(("wikitext", "expected"), SENTENCES)
def test_a_sentence_has_no_hole(wikitext: str, expected: str) -> None:
    assert text_of(wikitext) == expected


def test_the_sentences_are_those_of_the_commonest_templates() -> None:
    names = {
        name.lower() for wikitext, _ in SENTENCES for name in re.findall(r"{{([^|}:]+)", wikitext)
    }
    assert len(SENTENCES) >= 100
    assert len(names) >= 30


@given(st.text(max_size=40), st.sampled_from(sorted(value_patterns("en"))))
def test_any_argument_of_any_template_is_read(argument: str, name: str) -> None:
    assert text_of(f"a {{{{{name}|{argument}|{argument}|1}}}}\n\n== H ==\nz").endswith("z")


@given(
    st.lists(st.sampled_from("1 5 1e9 -3 0 , ft in - to mi km C kg m stlb ftin 0 x 2.5".split())),
    st.dictionaries(
        st.sampled_from(("abbr", "disp", "order", "sigfig", "adj", "sp", "round")),
        st.sampled_from(("on", "or", "flip", "2", "us", "out", "number", "-5", "")),
    ),
)
def test_any_measure_is_converted(values: list[str], options: dict[str, str]) -> None:
    named = [f"{key}={value}" for key, value in options.items()]
    assert text_of(f"{{{{convert|{'|'.join([*values, *named])}}}}} z").endswith("z")


def test_names_are_those_of_the_language() -> None:
    page = "[[Datei:a.jpg|mini|Ein [[B]].]]Text\n== Weblinks ==\n* x\n[[Kategorie:Y]]"
    assert text_of(page, "de") == "Text\n\nEin B."
    page = "[[Файл:a.jpg|мини|Кот.]]Текст\n== Външни препратки ==\nx"
    assert text_of(page, "bg") == "Текст\n\nКот."


WIKIS = [
    ("cs", "Text.\n== Externí odkazy ==\n* x\n[[Kategorie:Y]]", "Text."),
    ("ar", "نص.[[ملف:a.jpg|تصغير|يسار|صورة.]]\n== مراجع ==\nx", "نص.\n\nصورة."),
    ("ko", "글.[[파일:a.jpg|섬네일|그림.]]\n== 각주 ==\nx", "글.\n\n그림."),
    ("hr", "Tekst.[[Datoteka:a|mini|desno|Opis.]]\n== Vanjske poveznice ==\nx", "Tekst.\n\nOpis."),
    (
        "fr",
        "Au {{s|XX|e}}.[[Fichier:a|vignette|Un.]]\n== Liens externes ==\nx",
        "Au XXe siècle.\n\nUn.",
    ),
    ("ja", "文。\n== 脚注 ==\nx\n[[カテゴリ:Y]]", "文。"),
]


@pytest.mark.parametrize(("language", "wikitext", "expected"), WIKIS)
def test_each_wiki_has_its_own_names(language: str, wikitext: str, expected: str) -> None:
    assert text_of(wikitext, language) == expected


WORD = st.text("abcdefghij", min_size=1, max_size=6)
MARKED = st.one_of(
    WORD,
    st.builds("'''{}'''".format, WORD),
    st.builds("''{}''".format, WORD),
    st.builds("[[{}]]".format, WORD),
    st.builds("[[{}|{} {}]]".format, WORD, WORD, WORD),
    st.builds("[http://a.b {}]".format, WORD),
    st.builds("{{{{gone|{}|a={}}}}}".format, WORD, WORD),
    st.builds("<b>{}</b>".format, WORD),
    st.builds("<!-- {} -->{}".format, WORD, WORD),
)
PARAGRAPH = st.lists(MARKED, min_size=1, max_size=8).map(" ".join)


@given(st.lists(st.one_of(PARAGRAPH, st.builds("== {} ==".format, PARAGRAPH)), max_size=6))
def test_the_words_are_those_that_mwparserfromhell_keeps(blocks: list[str]) -> None:
    page = "\n\n".join(["Begin.", *blocks])
    theirs = str(mwparserfromhell.parse(page).strip_code())
    assert re.findall(r"\w+", text_of(page)) == re.findall(r"\w+", theirs)


@pytest.mark.parametrize(
    "unit", ["{{", "[[", "[[File:", "{|\n", "<ref>", "<!--", "<math>", "{{lang|fr|", "[http://a "]
)
def test_what_never_ends_swallows_nothing_and_takes_linear_time(unit: str) -> None:
    page = unit * (2**20 // len(unit)) + "\n\n== H ==\nLast words."
    begin = time.process_time()
    assert text_of(page).endswith("H\n\nLast words.")
    assert time.process_time() - begin < 10  # 0.5 s on a busy core; squares take minutes


def test_nesting_of_any_depth() -> None:
    for opened, closed in (("{{lang|fr|", "}}"), ("{{x|", "}}"), ("[[File:a|thumb|", "]]")):
        assert text_of(opened * 100_000 + "x" + closed * 100_000 + "\nLast").endswith("Last")


@pytest.mark.parametrize("fill", [" ", "'"])
def test_a_long_run_behind_what_grows_stays_within_the_output(fill: str) -> None:
    items = 10_000  # each takes three bytes more in the text than in the source
    page = "#a\n" * items + "\n" + fill * 100_000 + "x"
    text = text_of(page)
    written = "\n".join(f"{number}. a" for number in range(1, items + 1)) + "\n\n"
    assert text.startswith(written)
    assert text[len(written) :].lstrip(fill) == "x"


PIECES = st.sampled_from(
    (
        *("{{", "}}", "{{{", "}}}", "[[", "]]", "|", "\n", "{|", "|}", "|-", "!!", "<ref>"),
        *("</ref>", "<br>", "''", "'''", "=", "==", "* ", "# ", "lang|fr|", "convert|3|km"),
        *("File:a.jpg|thumb|", "<math>", "</math>", "<!--", "-->", "[http://a b", "]", "word "),
        *("ö", "&amp;", "<gallery>"),
    )
)


CHECKED = """
import random
from massivetext.pipeline.extraction.wikitext import article_text
from tests.fuzz.seeds import TOKENS, WIKITEXTS
numbers = random.Random(7)
pieces = [*TOKENS, *WIKITEXTS, b" ", b"'", b"\\n#a", b"\\n"]
for _ in range(3_000):
    chosen = numbers.choices(pieces, k=numbers.randrange(60))
    page = b"".join(piece * numbers.choice([1] * 9 + [3_000]) for piece in chosen)
    article_text(page[:200_000].decode(errors="ignore").encode())
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_any_page_with_bounds_checks(tmp_path: Path) -> None:
    """A plain run hides a write past the end; this one compiles the kernels anew with checks."""
    checks = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", CHECKED]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **checks})


@given(st.lists(PIECES, max_size=60))
def test_any_sequence_of_marks_is_read(pieces: list[str]) -> None:
    page = "".join(pieces) + "\n\n== H ==\nLast words."
    text = text_of(page)
    assert text == text_of(page)
    if "<!--" not in pieces:
        assert text.endswith("Last words.")
