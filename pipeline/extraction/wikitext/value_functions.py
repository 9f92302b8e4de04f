"""Functions that patterns of templates' values may name: numbers, formulas, words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from massivetext.pipeline.extraction.wikitext.conversion import converted, with_thousands

TemplateArguments = Mapping[str, str]
"""Arguments of a template by name; those without one are "1", "2", ..."""


def positional(arguments: TemplateArguments) -> list[str]:
    """Returns the arguments without a name, in their order."""
    values: list[str] = []
    while str(len(values) + 1) in arguments:
        values.append(arguments[str(len(values) + 1)])
    return values


_RAISED: Final = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LOWERED: Final = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")

_SOUND_LABELS: Final = frozenset(
    {"uk", "us", "also", "lang", "pron", "local", "localpron", "pronunciation", "audio", ""}
)


def _convert(arguments: TemplateArguments) -> str:
    return converted(positional(arguments), arguments)


def _abbreviated(arguments: TemplateArguments) -> str:
    return converted(positional(arguments), {**arguments, "abbr": "on"})


def _ship(arguments: TemplateArguments) -> str:
    """A ship: its navy, its name, and its number; by its fourth argument less of that."""
    navy, name, number, form = [*positional(arguments), "", "", "", ""][:4]
    shown = f" ({number})" if number and form != "6" else ""
    return name if form == "2" else f"{navy} {name}{shown}".strip()


def _nihongo(arguments: TemplateArguments) -> str:
    """A word, and in brackets how it is written and said in Japanese."""
    word, written, said, more = [*positional(arguments), "", "", "", ""][:4]
    inner = ", ".join(value for value in (written, said) if value)
    inner += f"; {more}" if inner and more else more
    return f"{word} ({inner})" if word and inner else word or said or written


def _chinese(arguments: TemplateArguments) -> str:
    labels = {"c": "Chinese", "s": "simplified Chinese", "t": "traditional Chinese"}
    labels |= {"p": "pinyin", "w": "Wade–Giles", "j": "Jyutping", "l": "lit."}
    is_bare = arguments.get("labels") == "no"
    shown = ("" if is_bare else f"{label}: " for label in labels.values())
    return "; ".join(t + arguments[k] for t, k in zip(shown, labels, strict=True) if k in arguments)


def _sic(arguments: TemplateArguments) -> str:
    words = "".join(positional(arguments))
    is_hidden = arguments.get("hide", "")[:1] in ("y", "Y")
    return words if is_hidden else f"{words} [sic]".strip()


def _percentage(arguments: TemplateArguments) -> str:
    """A part of a whole, to so many decimals (none)."""
    values = positional(arguments)
    try:
        share = 100 * Decimal(values[0]) / Decimal(values[1])
        return f"{share:.{int(values[2]) % 10 if len(values) > 2 else 0}f}%"
    except (IndexError, ValueError, ArithmeticError):
        return ""


_COMPASS: Final = ("N", "S", "E", "W")


def _coordinates(arguments: TemplateArguments) -> str:
    """A place on earth where it is shown in the text: `52°31′N 13°24′E`."""
    if "inline" not in arguments.get("display", "inline"):
        return ""
    values = positional(arguments)
    if not any(value in _COMPASS for value in values):
        return _decimal_coordinates(values)
    text, signs = "", iter("°′″")
    for value in values:
        if value in _COMPASS[2:]:
            return text + value
        text += f"{value} " if value in _COMPASS else value + next(signs, "")
        signs = iter("°′″") if value in _COMPASS else signs
    return text


def _decimal_coordinates(values: Sequence[str]) -> str:
    numbers = [value for value in values[:2] if re.fullmatch(r"[-+−]?[0-9]{1,3}(\.[0-9]*)?", value)]
    if len(numbers) < 2:
        return ""
    sides = [_COMPASS[2 * n + (number[0] in "-−")] for n, number in enumerate(numbers)]
    return " ".join(f"{n.lstrip('-+−')}°{side}" for n, side in zip(numbers, sides, strict=True))


def _height(arguments: TemplateArguments) -> str:
    """Of a person, in metres and in feet."""
    options = {"abbr": "on"}
    if arguments.get("ft"):
        return converted([arguments["ft"], "ft", arguments.get("in") or "0", "in", "cm"], options)
    for unit in ("m", "cm"):
        if arguments.get(unit):
            return converted([arguments[unit], unit, "ftin"], options)
    return ""


def _fraction(arguments: TemplateArguments) -> str:
    values = positional(arguments)
    if len(values) == 1:
        return f"1⁄{values[0]}"
    if len(values) == 3:
        return f"{values[0]}{_mixed(values[0])}{values[1]}⁄{values[2]}"
    return "⁄".join(values)


def _mixed(whole: str) -> str:
    return " " if whole else ""


def _quantity(arguments: TemplateArguments) -> str:
    """A number with its uncertainty, power of ten and unit (`{{val}}`)."""
    values = positional(arguments)
    text = with_thousands(values[0]) if values else ""
    if len(values) > 1:
        text += f"±{values[1]}"
    if arguments.get("e"):
        text += "×10" + arguments["e"].translate(_RAISED)
    unit = arguments.get("u") or arguments.get("ul") or ""
    return f"{arguments.get('p', '')}{text}{arguments.get('s', '')}{' ' + unit if unit else ''}"


def _english_sounds(arguments: TemplateArguments) -> str:
    sounds = [value for value in positional(arguments) if value.lower() not in _SOUND_LABELS]
    return f"/{''.join(sounds)}/".replace("_", " ")


def _ordinal(arguments: TemplateArguments) -> str:
    number = arguments.get("1", "")
    endings = {"1": "st", "2": "nd", "3": "rd"}
    ending = "th" if number[-2:-1] == "1" else endings.get(number[-1:], "th")
    return number + ending


def _chemical(arguments: TemplateArguments) -> str:
    """Elements and their counts in turns; a charge is raised."""
    parts = positional(arguments)
    forms = [_RAISED if part.endswith(("+", "-", "−")) else _LOWERED for part in parts]
    return "".join(p.translate(forms[n]) if n % 2 else p for n, p in enumerate(parts))


def _formula(arguments: TemplateArguments) -> str:
    return re.sub(
        r"(?<=[A-Za-z)\]])[0-9]+", lambda m: m[0].translate(_LOWERED), arguments.get("1", "")
    )


def _century_fr(arguments: TemplateArguments) -> str:
    number, suffix = arguments.get("1", ""), arguments.get("2", "e") or "e"
    return f"{number}{suffix} siècle"


def _last(arguments: TemplateArguments) -> str:
    values = positional(arguments)
    return arguments.get("texte") or (values[-1] if values else "")


FUNCTIONS: Final[Mapping[str, Callable[[TemplateArguments], str]]] = {
    "convert": _convert,
    "abbreviated": _abbreviated,
    "nihongo": _nihongo,
    "chinese": _chinese,
    "fraction": _fraction,
    "quantity": _quantity,
    "english_sounds": _english_sounds,
    "ordinal": _ordinal,
    "ship": _ship,
    "chemical": _chemical,
    "formula": _formula,
    "century_fr": _century_fr,
    "sic": _sic,
    "percentage": _percentage,
    "coordinates": _coordinates,
    "height": _height,
    "keys": lambda arguments: "+".join(positional(arguments)),
    "section": lambda arguments: " § ".join(filter(None, positional(arguments))),
    "last": _last,
    "joined": lambda arguments: "".join(positional(arguments)),
    "respelled": lambda arguments: "-".join(positional(arguments)),
    "shown_or_first": lambda arguments: arguments.get("lt") or arguments.get("1", ""),
    "raised": lambda arguments: arguments.get("1", "").translate(_RAISED),
    "lowered": lambda arguments: arguments.get("1", "").translate(_LOWERED),
    "exponent": lambda arguments: arguments.get("1", "").translate(_RAISED),
    "thousands": lambda arguments: with_thousands(arguments.get("1", "")),
    "lower": lambda arguments: arguments.get("1", "").lower(),
    "upper": lambda arguments: arguments.get("1", "").upper(),
}
"""Functions that patterns may name."""
