"""Functions of templates' values that need a language's terms: dates, languages, countries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from massivetext.pipeline.extraction.wikitext.value_functions import TemplateArguments, positional


class Terms(NamedTuple):
    """What a language calls things that templates name by codes.

    Attributes:
        months: their names, from January; () if dates are told by patterns.
        languages: names by ISO 639 code.
        countries: names by the codes of the IOC, FIFA and ISO 3166.
        symbols: signs by their names, of currencies by ISO 4217.
    """

    months: tuple[str, ...]
    languages: Mapping[str, str]
    countries: Mapping[str, str]
    symbols: Mapping[str, str]


def _date(arguments: TemplateArguments, terms: Terms) -> str:
    """A year, or year, month and day; days come first if `df` says so."""
    numbers = [number for number in positional(arguments)[:3] if number]
    if not numbers or not all(re.fullmatch(r"-?[0-9]{1,4}", number) for number in numbers):
        return numbers[0] if numbers else ""
    if len(numbers) < 2 or not 1 <= int(numbers[1]) <= len(terms.months):
        return numbers[0]
    month = terms.months[int(numbers[1]) - 1]
    if len(numbers) < 3:
        return f"{month} {numbers[0]}"
    day = int(numbers[2])
    is_day_first = arguments.get("df", "")[:1] in ("y", "Y")
    return f"{day} {month} {numbers[0]}" if is_day_first else f"{month} {day}, {numbers[0]}"


def _death(arguments: TemplateArguments, terms: Terms) -> str:
    """The day of a death, then that of the birth: the age is told."""
    numbers = positional(arguments)[:6]
    date = _date(arguments, terms)
    if len(numbers) < 6 or not all(re.fullmatch("[0-9]{1,4}", number) for number in numbers):
        return date
    died, born = [int(n) for n in numbers[:3]], [int(n) for n in numbers[3:]]
    return f"{date} (aged {died[0] - born[0] - (died[1:] < born[1:])})"


def _as_of(arguments: TemplateArguments, terms: Terms) -> str:
    if arguments.get("alt"):
        return arguments["alt"]
    words = "Since" if "since" in arguments else "As of"
    words = words.lower()[0] + words[1:] if arguments.get("lc", "") else words
    return f"{words} {_date({**arguments, 'df': arguments.get('df', 'y')}, terms)}"


def _language(arguments: TemplateArguments, terms: Terms) -> str:
    """A word of another language behind that language's name, and how it is romanized."""
    code, word, romanized = [*positional(arguments), "", "", ""][:3]
    label = arguments.get("label") or terms.languages.get(code.partition("-")[0], "")
    if not label or label == "none":
        return f"{word}, {romanized}" if romanized else word
    return f"{label}: {word}{', romanized: ' + romanized if romanized else ''}"


def _sounds(arguments: TemplateArguments, terms: Terms) -> str:
    """Sounds as they are given, or those of a language behind its name."""
    values = positional(arguments)
    if len(values) < 2:
        return "".join(values)
    sounds = values[1] if values[1][:1] in ("[", "/") else f"[{values[1]}]"
    label = arguments.get("label") or terms.languages.get(values[0].partition("-")[0], "")
    if not label or label == "none":
        return sounds
    is_verb = len(values) > 2 and values[2].startswith("pron")
    return f"{label} pronunciation: {sounds}" if is_verb else f"{label}: {sounds}"


def _country(arguments: TemplateArguments, terms: Terms) -> str:
    name = arguments.get("1", "")
    return arguments.get("name") or terms.countries.get(name, name)


def _sign(arguments: TemplateArguments, terms: Terms) -> str:
    name = arguments.get("1", "")
    return terms.symbols.get(name, name)


def _money(arguments: TemplateArguments, terms: Terms) -> str:
    currency = arguments.get("2") or "USD"
    sign = terms.symbols.get(currency.upper(), f"{currency} ")
    return sign + arguments.get("1", "")


TERM_FUNCTIONS: Final[Mapping[str, Callable[[TemplateArguments, Terms], str]]] = {
    "date": _date,
    "death": _death,
    "as_of": _as_of,
    "language": _language,
    "sounds": _sounds,
    "country": _country,
    "sign": _sign,
    "money": _money,
}
"""Functions that patterns may name, which need the language's terms."""
