"""Values of templates that are part of a sentence: patterns, and a few functions.

A pattern is text with arguments: `$2`, `$name`; `[...]` stands only if an argument in it does; a
bracket that is to be seen is doubled. `!name` is a function below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from massivetext.pipeline.extraction.wikitext.conversion import converted, with_thousands

TemplateArguments = Mapping[str, str]
"""Arguments of a template by name; those without one are "1", "2", ..."""

_NAMED: Final = re.compile(r"\s*([A-Za-z0-9_\- ]{1,40}?)\s*=(.*)", re.DOTALL)
_PIECE: Final = re.compile(
    r"\[\[|\]\]|\[|\]|\$(?:[0-9]|[a-z]{2,})|![a-z_]+|[^\[\]$!]+|.", re.DOTALL
)

_MOST_ARGUMENTS: Final = 50
"""Our choice: templates whose value is part of a sentence have fewer."""


def value_of(pattern: str, parts: Sequence[str]) -> str:
    """Returns what a reader sees where a template stands.

    Args:
        pattern: of the template.
        parts: what stands between its bars, as text.
    """
    arguments = _arguments(parts[:_MOST_ARGUMENTS])
    text, _, _ = _filled(_pieces(pattern), 0, arguments)
    return text


def _arguments(parts: Sequence[str]) -> dict[str, str]:
    arguments: dict[str, str] = {}
    number = 0
    for part in parts:
        named = _NAMED.fullmatch(part) if "=" in part[:60] else None
        if named:
            arguments[named[1]] = named[2].strip()
        else:
            number += 1
            arguments.setdefault(str(number), part.strip())
    return arguments


@cache
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(pattern))


def _filled(
    pieces: Sequence[str], place: int, arguments: TemplateArguments
) -> tuple[str, int, bool]:
    """Returns the text up to the closing bracket, the place behind it, and whether it stands."""
    text, is_given, has_argument = [], False, False
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece == "]":
            break
        if piece == "[":
            inner, place, stands = _filled(pieces, place, arguments)
            text.append(inner if stands else "")
        elif piece[0] == "$" and len(piece) > 1:
            value = arguments.get(piece[1:], "")
            has_argument, is_given = True, is_given or bool(value)
            text.append(value)
        elif piece[0] == "!" and piece[1:] in FUNCTIONS:
            text.append(FUNCTIONS[piece[1:]](arguments))
        else:
            text.append(piece[:1] if piece in ("[[", "]]") else piece)
    return "".join(text), place, is_given or not has_argument


def _positional(arguments: TemplateArguments) -> list[str]:
    """Returns the arguments without a name, in their order."""
    values: list[str] = []
    while str(len(values) + 1) in arguments:
        values.append(arguments[str(len(values) + 1)])
    return values


_RAISED: Final = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LOWERED: Final = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)

_LANGUAGES: Final = {
    "fr": "French",
    "de": "German",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "ru": "Russian",
    "uk": "Ukrainian",
    "el": "Greek",
    "grc": "Ancient Greek",
    "la": "Latin",
    "ar": "Arabic",
    "he": "Hebrew",
    "fa": "Persian",
    "tr": "Turkish",
    "nl": "Dutch",
    "pl": "Polish",
    "sv": "Swedish",
    "da": "Danish",
    "no": "Norwegian",
    "cs": "Czech",
    "hu": "Hungarian",
    "ga": "Irish",
    "cy": "Welsh",
    "ja": "Japanese",
    "zh": "Chinese",
    "ko": "Korean",
    "hi": "Hindi",
    "sr": "Serbian",
    "bg": "Bulgarian",
    "ro": "Romanian",
    "fi": "Finnish",
    "ca": "Catalan",
    "hr": "Croatian",
    "sk": "Slovak",
    "eu": "Basque",
}
"""Names of languages by their ISO 639 code, as `{{langx}}` writes them."""

_SOUND_LABELS: Final = frozenset(
    {"uk", "us", "also", "lang", "pron", "local", "localpron", "pronunciation", "audio", ""}
)


def _convert(arguments: TemplateArguments) -> str:
    return converted(_positional(arguments), arguments)


def _abbreviated(arguments: TemplateArguments) -> str:
    return converted(_positional(arguments), {**arguments, "abbr": "on"})


def _date(arguments: TemplateArguments) -> str:
    """A year, or year, month and day; days come first if `df` says so."""
    numbers = _positional(arguments)[:3]
    if not numbers or not all(
        re.fullmatch(r"-?[0-9]{1,4}", number) for number in numbers if number
    ):
        return numbers[0] if numbers else ""
    numbers = [number for number in numbers if number]
    if len(numbers) < 2 or not 1 <= int(numbers[1]) <= 12:
        return numbers[0] if numbers else ""
    month = _MONTHS[int(numbers[1]) - 1]
    if len(numbers) < 3:
        return f"{month} {numbers[0]}"
    day = int(numbers[2])
    is_day_first = arguments.get("df", "")[:1] in ("y", "Y")
    return f"{day} {month} {numbers[0]}" if is_day_first else f"{month} {day}, {numbers[0]}"


def _as_of(arguments: TemplateArguments) -> str:
    since = "since" in arguments
    words = arguments.get("alt") or ("Since" if since else "As of")
    if arguments.get("alt"):
        return words
    words = words.lower()[0] + words[1:] if arguments.get("lc", "") else words
    return f"{words} {_date({**arguments, 'df': arguments.get('df', 'y')})}"


def _nihongo(arguments: TemplateArguments) -> str:
    values = [*_positional(arguments), "", "", ""]
    first, inner = values[0], ", ".join(value for value in values[1:3] if value)
    more = ", " + values[3] if values[3] else ""
    if not first:
        return f"{values[2] or values[1]}"
    return f"{first} ({inner}{more})" if inner else first


def _chinese(arguments: TemplateArguments) -> str:
    labels = {"c": "Chinese", "s": "simplified Chinese", "t": "traditional Chinese"}
    labels |= {"p": "pinyin", "w": "Wade–Giles", "j": "Jyutping", "l": "lit."}
    return "; ".join(f"{label}: {arguments[k]}" for k, label in labels.items() if arguments.get(k))


def _fraction(arguments: TemplateArguments) -> str:
    values = _positional(arguments)
    if len(values) == 1:
        return f"1⁄{values[0]}"
    if len(values) == 3:
        return f"{values[0]}{_mixed(values[0])}{values[1]}⁄{values[2]}"
    return "⁄".join(values)


def _mixed(whole: str) -> str:
    return " " if whole else ""


def _quantity(arguments: TemplateArguments) -> str:
    """A number with its uncertainty, power of ten and unit (`{{val}}`)."""
    values = _positional(arguments)
    text = with_thousands(values[0]) if values else ""
    if len(values) > 1:
        text += f"±{values[1]}"
    if arguments.get("e"):
        text += "×10" + arguments["e"].translate(_RAISED)
    unit = arguments.get("u") or arguments.get("ul") or ""
    return f"{arguments.get('p', '')}{text}{arguments.get('s', '')}{' ' + unit if unit else ''}"


def _english_sounds(arguments: TemplateArguments) -> str:
    sounds = [value for value in _positional(arguments) if value.lower() not in _SOUND_LABELS]
    return f"/{''.join(sounds)}/".replace("_", " ")


def _ordinal(arguments: TemplateArguments) -> str:
    number = arguments.get("1", "")
    endings = {"1": "st", "2": "nd", "3": "rd"}
    ending = "th" if number[-2:-1] == "1" else endings.get(number[-1:], "th")
    return number + ending


def _ship(arguments: TemplateArguments) -> str:
    """A ship: its navy, its name, and its number unless the form leaves it out."""
    values = [*_positional(arguments), "", "", "", ""]
    shown = values[3] or arguments.get("up", "")
    number = f" ({values[2]})" if values[2] and shown in ("", "1") else ""
    return f"{values[0]} {values[1]}{number}".strip()


def _language(arguments: TemplateArguments) -> str:
    values = [*_positional(arguments), "", ""]
    label = arguments.get("label") or _LANGUAGES.get(values[0].partition("-")[0], "")
    return f"{label}: {values[1]}" if label and label != "none" else values[1]


def _chemical(arguments: TemplateArguments) -> str:
    parts = _positional(arguments)
    return "".join(p.translate(_LOWERED) if n % 2 else p for n, p in enumerate(parts))


def _formula(arguments: TemplateArguments) -> str:
    return re.sub(
        r"(?<=[A-Za-z)\]])[0-9]+", lambda m: m[0].translate(_LOWERED), arguments.get("1", "")
    )


def _century_fr(arguments: TemplateArguments) -> str:
    number, suffix = arguments.get("1", ""), arguments.get("2", "e") or "e"
    return f"{number}{suffix} siècle"


def _last(arguments: TemplateArguments) -> str:
    values = _positional(arguments)
    return arguments.get("texte") or (values[-1] if values else "")


FUNCTIONS: Final[Mapping[str, Callable[[TemplateArguments], str]]] = {
    "convert": _convert,
    "abbreviated": _abbreviated,
    "date": _date,
    "as_of": _as_of,
    "nihongo": _nihongo,
    "chinese": _chinese,
    "fraction": _fraction,
    "quantity": _quantity,
    "english_sounds": _english_sounds,
    "ordinal": _ordinal,
    "ship": _ship,
    "language": _language,
    "chemical": _chemical,
    "formula": _formula,
    "century_fr": _century_fr,
    "last": _last,
    "joined": lambda arguments: "".join(_positional(arguments)),
    "respelled": lambda arguments: "-".join(_positional(arguments)),
    "shown_or_first": lambda arguments: arguments.get("lt") or arguments.get("1", ""),
    "raised": lambda arguments: arguments.get("1", "").translate(_RAISED),
    "lowered": lambda arguments: arguments.get("1", "").translate(_LOWERED),
    "exponent": lambda arguments: arguments.get("1", "").translate(_RAISED),
    "thousands": lambda arguments: with_thousands(arguments.get("1", "")),
    "lower": lambda arguments: arguments.get("1", "").lower(),
    "upper": lambda arguments: arguments.get("1", "").upper(),
}
"""Functions that patterns may name."""
