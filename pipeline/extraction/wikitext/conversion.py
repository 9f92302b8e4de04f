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


class Unit(NamedTuple):
    """A unit: names, and what one of it is in the base unit of its kind."""

    singular: str
    plural: str
    symbol: str
    kind: str
    factor: float
    offset: float = 0.0


def _units() -> dict[str, Unit]:
    rows = """
m|metre|metres|m|length|1
km|kilometre|kilometres|km|length|1000
cm|centimetre|centimetres|cm|length|0.01
mm|millimetre|millimetres|mm|length|0.001
mi|mile|miles|mi|length|1609.344
yd|yard|yards|yd|length|0.9144
ft|foot|feet|ft|length|0.3048
in|inch|inches|in|length|0.0254
nmi|nautical mile|nautical miles|nmi|length|1852
km2|square kilometre|square kilometres|km²|area|1000000
m2|square metre|square metres|m²|area|1
cm2|square centimetre|square centimetres|cm²|area|0.0001
ha|hectare|hectares|ha|area|10000
acre|acre|acres|acres|area|4046.8564224
sqmi|square mile|square miles|sq mi|area|2589988.110336
sqft|square foot|square feet|sq ft|area|0.09290304
sqyd|square yard|square yards|sq yd|area|0.83612736
sqin|square inch|square inches|sq in|area|0.00064516
kg|kilogram|kilograms|kg|mass|1
g|gram|grams|g|mass|0.001
mg|milligram|milligrams|mg|mass|0.000001
t|tonne|tonnes|t|mass|1000
lb|pound|pounds|lb|mass|0.45359237
oz|ounce|ounces|oz|mass|0.028349523125
st|stone|stone|st|mass|6.35029318
ST|short ton|short tons|short tons|mass|907.18474
LT|long ton|long tons|long tons|mass|1016.0469088
L|litre|litres|L|volume|0.001
mL|millilitre|millilitres|mL|volume|0.000001
m3|cubic metre|cubic metres|m³|volume|1
km3|cubic kilometre|cubic kilometres|km³|volume|1000000000
cuft|cubic foot|cubic feet|cu ft|volume|0.028316846592
cuyd|cubic yard|cubic yards|cu yd|volume|0.764554857984
cumi|cubic mile|cubic miles|cu mi|volume|4168181825.440579584
USgal|US gallon|US gallons|US gal|volume|0.003785411784
impgal|imperial gallon|imperial gallons|imp gal|volume|0.00454609
cc|cubic centimetre|cubic centimetres|cc|volume|0.000001
cuin|cubic inch|cubic inches|cu in|volume|0.000016387064
km/h|kilometre per hour|kilometres per hour|km/h|speed|0.2777777777777778
mph|mile per hour|miles per hour|mph|speed|0.44704
kn|knot|knots|kn|speed|0.5144444444444445
m/s|metre per second|metres per second|m/s|speed|1
ft/s|foot per second|feet per second|ft/s|speed|0.3048
kW|kilowatt|kilowatts|kW|power|1000
MW|megawatt|megawatts|MW|power|1000000
W|watt|watts|W|power|1
hp|horsepower|horsepower|hp|power|745.6998715822702
PS|metric horsepower|metric horsepower|PS|power|735.49875
kPa|kilopascal|kilopascals|kPa|pressure|1000
MPa|megapascal|megapascals|MPa|pressure|1000000
psi|pound per square inch|pounds per square inch|psi|pressure|6894.757293168
bar|bar|bar|bar|pressure|100000
atm|standard atmosphere|standard atmospheres|atm|pressure|101325
J|joule|joules|J|energy|1
kJ|kilojoule|kilojoules|kJ|energy|1000
MJ|megajoule|megajoules|MJ|energy|1000000
cal|calorie|calories|cal|energy|4.184
kcal|kilocalorie|kilocalories|kcal|energy|4184
kWh|kilowatt-hour|kilowatt-hours|kWh|energy|3600000
N|newton|newtons|N|force|1
kN|kilonewton|kilonewtons|kN|force|1000
lbf|pound-force|pounds-force|lbf|force|4.4482216152605
Nm|newton metre|newton metres|N⋅m|torque|1
lbft|pound-foot|pound-feet|lb⋅ft|torque|1.3558179483314
/km2|inhabitant per square kilometre|inhabitants per square kilometre|/km²|density|0.000001
/sqmi|inhabitant per square mile|inhabitants per square mile|/sq mi|density|0.00000038610215854
C|degree Celsius|degrees Celsius|°C|temperature|1|-273.15
F|degree Fahrenheit|degrees Fahrenheit|°F|temperature|0.5555555555555556|-459.67
K|kelvin|kelvins|K|temperature|1
"""
    units = {}
    for row in rows.split("\n"):
        if row:
            code, singular, plural, symbol, kind, factor, *offset = row.split("|")
            units[code] = Unit(singular, plural, symbol, kind, float(factor), *map(float, offset))
    return units


_UNITS: Final = _units()
"""Units by the codes of Module:Convert; factors are exact by the SI and by the international yard
and pound of 1959."""

_ALIASES: Final = {
    "metre": "m",
    "meter": "m",
    "metres": "m",
    "meters": "m",
    "kilometre": "km",
    "mile": "mi",
    "kilometres": "km",
    "kilometers": "km",
    "kilometer": "km",
    "miles": "mi",
    "feet": "ft",
    "foot": "ft",
    "inch": "in",
    "inches": "in",
    "yards": "yd",
    "yard": "yd",
    "acres": "acre",
    "sqkm": "km2",
    "sqm": "m2",
    "km²": "km2",
    "m²": "m2",
    "m³": "m3",
    "sq mi": "sqmi",
    "kg/m3": "",
    "lbs": "lb",
    "pounds": "lb",
    "pound": "lb",
    "tonnes": "t",
    "tonne": "t",
    "°C": "C",
    "°F": "F",
    "degC": "C",
    "degF": "F",
    "l": "L",
    "kph": "km/h",
    "knot": "kn",
    "knots": "kn",
    "hectare": "ha",
    "hectares": "ha",
    "shortton": "ST",
    "longton": "LT",
    "short ton": "ST",
    "long ton": "LT",
    "kilogram": "kg",
    "kilograms": "kg",
    "gram": "g",
    "grams": "g",
    "litre": "L",
    "liter": "L",
    "litres": "L",
    "liters": "L",
    "U.S.gal": "USgal",
    "sq ft": "sqft",
    "cu ft": "cuft",
    "bhp": "hp",
    "PD/km2": "/km2",
    "PD/sqmi": "/sqmi",
}

_DEFAULTS: Final = {
    "m": "ft",
    "km": "mi",
    "cm": "in",
    "mm": "in",
    "mi": "km",
    "yd": "m",
    "ft": "m",
    "in": "mm",
    "km2": "sqmi",
    "m2": "sqft",
    "ha": "acre",
    "acre": "ha",
    "sqmi": "km2",
    "sqft": "m2",
    "kg": "lb",
    "g": "oz",
    "lb": "kg",
    "oz": "g",
    "t": "LT",
    "ST": "t",
    "LT": "t",
    "st": "kg",
    "L": "USgal",
    "m3": "cuft",
    "cuft": "m3",
    "km3": "cumi",
    "cumi": "km3",
    "USgal": "L",
    "km/h": "mph",
    "mph": "km/h",
    "kn": "km/h",
    "m/s": "ft/s",
    "ft/s": "m/s",
    "kW": "hp",
    "hp": "kW",
    "PS": "kW",
    "kPa": "psi",
    "psi": "kPa",
    "C": "F",
    "F": "C",
    "K": "F",
    "/km2": "/sqmi",
    "/sqmi": "/km2",
    "nmi": "km",
    "cc": "cuin",
    "cuin": "cc",
    "Nm": "lbft",
    "lbft": "Nm",
    "kWh": "MJ",
    "kcal": "kJ",
    "kN": "lbf",
    "lbf": "kN",
    "mL": "cuin",
}
"""The unit that a measure is converted to if none is named."""


def converted(values: Sequence[str], options: Mapping[str, str]) -> str:
    """Returns a measure and what it is in other units: `3 kilometres (1.9 mi)`.

    Args:
        values: numbers, words between them, the unit, units to convert to, a precision.
        options: `abbr`, `disp`, `sigfig`, `adj`, `lk`, ... of the template.
    """
    values = [value.replace("−", "-").strip() for value in values]
    numbers, between, rest = _numbers(values)
    if not numbers:
        return " ".join(values[:2])
    code = _code(rest[0]) if rest else ""
    shown = between.join(_written(number) for number in numbers)
    if code not in _UNITS:
        return f"{shown} {rest[0]}" if rest else shown
    unit = _UNITS[code]
    targets, precision = _targets(code, rest[1:])
    precision = precision if precision is not None else _number(options.get("round", ""))
    results = [
        between.join(_result(number, unit, target, precision, options) for number in numbers)
        + _gap(target)
        + target.symbol
        for target in targets
    ]
    other = "; ".join(results)
    disp = options.get("disp", "")
    if disp in ("output only", "out"):
        return other
    if disp in ("number", "output number only"):
        return results[0].rsplit(" ", 1)[0] if results else shown
    given = shown + _given_unit(numbers, unit, options)
    if not results or disp == "unit":
        return given
    return f"{given} or {other}" if disp == "or" else f"{given} ({other})"


def _code(name: str) -> str:
    return name if name in _UNITS else _ALIASES.get(name, name)


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


def _targets(code: str, rest: Sequence[str]) -> tuple[list[Unit], int | None]:
    """Returns the units to convert to, and the decimals that are asked for."""
    precision = None
    targets: list[Unit] = []
    for value in rest:
        if re.fullmatch(r"-?[0-9]", value):
            precision = int(value)
        elif not targets:
            names = [value] if _code(value) in _UNITS else value.split()
            targets = [_UNITS[_code(name)] for name in names if _code(name) in _UNITS]
    kind = _UNITS[code].kind
    targets = [target for target in targets if target.kind == kind]
    if not targets and code in _DEFAULTS:
        targets = [_UNITS[_DEFAULTS[code]]]
    return targets, precision


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"-?[0-9]", value) else None


def _given_unit(numbers: Sequence[str], unit: Unit, options: Mapping[str, str]) -> str:
    """Returns the unit of the measure as given, with what separates it from the number."""
    if options.get("abbr") in ("on", "in", "comma", "y", "yes") or unit.kind == "temperature":
        return _gap(unit) + unit.symbol
    if options.get("adj") in ("on", "mid"):
        return "-" + unit.singular.replace(" ", "-")
    is_one = len(numbers) == 1 and float(numbers[0]) in (1, -1)
    return " " + (unit.singular if is_one else unit.plural)


def _gap(unit: Unit) -> str:
    return "" if unit.symbol.startswith("/") else " "


def _result(
    number: str, unit: Unit, target: Unit, precision: int | None, options: Mapping[str, str]
) -> str:
    given = float(number)
    base = (given - unit.offset) * unit.factor
    value = base / target.factor + target.offset
    figures = _number(options.get("sigfig", ""))
    if precision is None and figures and value:
        precision = figures - 1 - math.floor(math.log10(abs(value)) + 1e-14)
    if precision is None:
        is_warmth = unit.kind == "temperature"
        precision = _default_precision(number, given, value, base if is_warmth else None)
    rounded = Decimal(repr(value)).scaleb(precision).quantize(Decimal(1), ROUND_HALF_UP)
    rounded = rounded.scaleb(-precision)
    return _written(f"{rounded:.{max(precision, 0)}f}")


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
