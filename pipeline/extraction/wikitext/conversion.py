"""`{{convert}}`: a measure in one unit and in others, as Wikipedia's Module:Convert writes it.

Numbers are rounded as that module does by default: to the precision of what was given, less what
the other unit takes away, and to two significant figures at least.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from massivetext.pipeline.extraction.wikitext.units import Unit, units_of_measure

_NUMBER: Final = re.compile(r"[-−+]?(?:[0-9][0-9,]{0,20})?(?:\.[0-9]{1,15})?(?:e[-+]?[0-9]{1,2})?")
_BETWEEN: Final = {
    "-": "–",
    "–": "–",
    "to": " to ",
    "and": " and ",
    "or": " or ",
    "to(-)": " to ",
    "by": " by ",
    "x": " by ",
    "×": " × ",
    "xx": " × ",
    "+/-": " ± ",
    "±": " ± ",
}
"""What may stand between two numbers, and how it is written."""

_AMERICAN: Final = (("metre", "meter"), ("litre", "liter"))
"""`sp=us`."""


class _Measure(NamedTuple):
    """What is converted.

    Attributes:
        numbers: as given; of a measure told in two units the whole in the smaller one.
        between: what stands between them.
        unit: of the numbers.
        code: of that unit.
        larger: the larger unit if the measure is told in two, with its number.
        larger_code: its code.
        smaller_number: of the smaller one then.
    """

    numbers: list[str]
    between: str
    unit: Unit
    code: str
    larger: tuple[str, Unit] | None = None
    larger_code: str = ""
    smaller_number: str = ""


def converted(values: Sequence[str], options: Mapping[str, str]) -> str:
    """Returns a measure and what it is in other units: `3 kilometres (1.9 mi)`.

    Args:
        values: numbers, words between them, the unit, units to convert to, a precision.
        options: `abbr`, `disp`, `sigfig`, `adj`, `sp`, `order`, ... of the template.
    """
    values = [value.replace("−", "-").strip() for value in values]
    numbers, between, rest = _numbers(values)
    if not numbers:
        return " ".join(values[:2])
    table = units_of_measure()
    code = table.code(rest[0]) if rest else ""
    if code not in table.units:
        shown = between.join(_written(number) for number in numbers)
        return f"{shown} {rest[0]}" if rest else shown
    measure = _Measure(numbers, between, table.units[code], code)
    measure, rest = _with_smaller(measure, rest[1:])
    text = _both(measure, rest, options)
    if options.get("sp", "").lower() == "us":
        for british, american in _AMERICAN:
            text = text.replace(british, american)
    return text


def _numbers(values: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """Returns the numbers, what stands between them, and the rest of the values."""
    numbers: list[str] = []
    between = ""
    place = 0
    while place < len(values) and len(numbers) < 4:
        if not values[place] or not _NUMBER.fullmatch(values[place]):
            break
        numbers.append(values[place].replace(",", ""))
        place += 1
        is_more = place + 1 < len(values) and values[place] in _BETWEEN
        if not is_more or not _NUMBER.fullmatch(values[place + 1]):
            break
        between = _BETWEEN[values[place]]
        place += 1
    return [n for n in numbers if re.search("[0-9]", n)], between, list(values[place:])


def _with_smaller(measure: _Measure, rest: list[str]) -> tuple[_Measure, list[str]]:
    """Takes the number of a smaller unit that follows: `5|ft|10|in`."""
    table = units_of_measure()
    pair = table.together.get(measure.code)
    is_told_in_two = pair and len(measure.numbers) == 1 and len(rest) > 1
    if not pair or not is_told_in_two or table.code(rest[1]) != pair.smaller:
        return measure, rest
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", rest[0]):
        return measure, rest
    larger, smaller = measure.numbers[0], rest[0]
    if not re.fullmatch("[0-9]{1,9}", larger):
        return measure, rest
    whole = str(int(larger) * pair.share + Decimal(smaller))
    whole = whole if "." in whole else f"{whole}.{'0' * pair.decimals}"
    told = measure._replace(
        numbers=[whole],
        unit=table.units[pair.smaller],
        code=pair.smaller,
        larger=(larger, measure.unit),
        larger_code=measure.code,
        smaller_number=smaller,
    )
    return told, rest[2:]


def _both(measure: _Measure, rest: Sequence[str], options: Mapping[str, str]) -> str:
    """Returns the measure as given, and in the units that are asked for."""
    targets, precision = _targets(measure, rest)
    precision = precision if precision is not None else _number(options.get("round", ""))
    disp = options.get("disp", "")
    are_symbols = _is_short(options) or (disp != "or" and options.get("order") != "flip")
    results = [_told(measure, target, precision, options, are_symbols) for target in targets]
    other = "; ".join(results)
    if disp in ("output only", "out"):
        return other
    if disp in ("number", "output number only"):
        shown = measure.between.join(_written(number) for number in measure.numbers)
        return re.sub(r"[^0-9.,–−]+$", "", results[0]) if results else shown
    is_flipped = bool(results) and options.get("order") == "flip"
    given = _given(measure, {**options, "abbr": "on"} if is_flipped else options)
    if is_flipped:
        other, given = given, other
    if not results or disp == "unit":
        return given
    return f"{given} or {other}" if disp == "or" else f"{given} ({other})"


def _targets(measure: _Measure, rest: Sequence[str]) -> tuple[list[str], int | None]:
    """Returns the codes of the units to convert to, and the decimals that are asked for."""
    table = units_of_measure()
    precision = None
    targets: list[str] = []
    for value in rest:
        if re.fullmatch(r"-?[0-9]", value):
            precision = int(value)
        elif not targets:
            names = [value] if _kind(table.code(value)) else value.split()
            targets = [table.code(name) for name in names if _kind(table.code(name))]
    targets = [target for target in targets if _kind(target) == measure.unit.kind]
    default = table.defaults.get(measure.larger_code or measure.code)
    return targets or ([default] if default else []), precision


def _kind(code: str) -> str:
    """Returns what a unit, or a pair of units, measures; "" if there is none of this code."""
    table = units_of_measure()
    for larger, pair in table.together.items():
        if pair.code == code:
            return table.units[larger].kind
    return table.units[code].kind if code in table.units else ""


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"-?[0-9]", value) else None


def _is_short(options: Mapping[str, str]) -> bool:
    return options.get("abbr") in ("on", "in", "comma", "y", "yes")


def _given(measure: _Measure, options: Mapping[str, str]) -> str:
    """Returns the measure as given."""
    if measure.larger:
        number, unit = measure.larger
        first = number + _name([number], unit, options)
        second = measure.smaller_number + _name([measure.smaller_number], measure.unit, options)
        return f"{first}-{second}" if options.get("adj") in ("on", "mid") else f"{first} {second}"
    shown = measure.between.join(_written(number) for number in measure.numbers)
    return shown + _name(measure.numbers, measure.unit, options)


def _name(numbers: Sequence[str], unit: Unit, options: Mapping[str, str]) -> str:
    """Returns the unit behind the numbers, with what separates it from them."""
    if _is_short(options) or "temperature" in unit.kind:
        return _gap(unit) + unit.symbol
    if options.get("adj") in ("on", "mid"):
        return "-" + unit.singular.replace(" ", "-")
    is_one = len(numbers) == 1 and float(numbers[0]) in (1, -1)
    return " " + (unit.singular if is_one else unit.plural)


def _gap(unit: Unit) -> str:
    return "" if unit.symbol.startswith("/") else " "


def _told(
    measure: _Measure,
    code: str,
    precision: int | None,
    options: Mapping[str, str],
    are_symbols: bool,
) -> str:
    """Returns the measure in another unit, or in two."""
    table = units_of_measure()
    for larger, pair in table.together.items():
        if pair.code == code:
            inches = table.units[pair.smaller]
            numbers = [_result(n, measure.unit, inches, 0, options) for n in measure.numbers]
            return measure.between.join(_in_two(n, larger) for n in numbers)
    unit = table.units[code]
    numbers = [_result(n, measure.unit, unit, precision, options) for n in measure.numbers]
    shown = measure.between.join(_written(number) for number in numbers)
    return shown + _name(numbers, unit, {"abbr": "on"} if are_symbols else {})


def _in_two(number: str, larger: str) -> str:
    """Returns a number of the smaller unit as one of the larger and the rest: `5 ft 10 in`."""
    table = units_of_measure()
    pair = table.together[larger]
    count, rest = divmod(abs(int(number)), pair.share)
    symbols = table.units[larger].symbol, table.units[pair.smaller].symbol
    return f"{'−' * (int(number) < 0)}{count:,} {symbols[0]} {rest} {symbols[1]}"


def _result(
    number: str, unit: Unit, target: Unit, precision: int | None, options: Mapping[str, str]
) -> str:
    """Returns the number in another unit, rounded."""
    given = float(number)
    base = (given - unit.offset) * unit.factor
    value = base / target.factor + target.offset
    figures = _number(options.get("sigfig", ""))
    if precision is None and figures and value:
        precision = figures - 1 - math.floor(math.log10(abs(value)) + 1e-14)
    if precision is None:
        kelvin = base if unit.kind == "temperature" else None
        precision = _default_precision(number, given, value, kelvin)
    rounded = Decimal(repr(value)).scaleb(precision).to_integral_value(ROUND_HALF_UP)
    return f"{rounded.scaleb(-precision):.{max(precision, 0)}f}"


def _default_precision(number: str, given: float, value: float, kelvin: float | None) -> int:
    """Returns the decimals of the result, after `default_precision` of Module:Convert."""
    mantissa, _, exponent = number.lower().partition("e")
    whole, point, decimals = mantissa.partition(".")
    digits = len(decimals) if point else -len(re.sub(r".*[^0]|^0$", "", whole))
    digits -= int(exponent or 0)
    if kelvin is not None:
        least = 2 if abs(kelvin) < 1e-8 else 2 - math.floor(math.log10(abs(kelvin)) + 1e-14)
        return max(digits, least)
    if not given or not value:
        return 0
    adjust = math.log10(abs(given / value)) + math.log10(2)
    least = 1 - math.floor(math.log10(abs(value)) + 1e-14)
    return max(math.floor(digits + adjust), least)


def _written(number: str) -> str:
    return with_thousands(number.replace("-", "−") if number.startswith("-") else number)


def with_thousands(number: str) -> str:
    """Returns a number with commas between its thousands; other text as it is."""
    match = re.fullmatch(r"([-−+]?)([0-9]{4,30})((?:\.[0-9]*)?)", number)
    return f"{match[1]}{int(match[2]):,}{match[3]}" if match else number
