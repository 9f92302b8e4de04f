"""Reads a TOML file into a `Config` and refuses, in one clear line, what cannot be run."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from massivetext.config import (
    Config,
    ConfigError,
    Dedup,
    Sequencing,
    Slice,
    Source,
    stated_fields,
)
from massivetext.formats import SHARD_FORMATS, SOURCE_FORMATS
from massivetext.included_files import read_config_table
from massivetext.own_steps import is_own
from massivetext.paths import PathError, PathKind, Paths, absolute_path, each_path, map_paths
from massivetext.step_code import find_modules

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WEIGHT_NAMES = ("gopher", "chinchilla", "retro")
"""Published mixtures that `sequence.weights` may name; the figures are in `sequencing.mixture`."""

SOURCE_FIELDS = ("text", "html", "id", "url", "title", "license", "safesearch")
"""What the columns of a JSONL or Parquet source can be mapped to."""

SLICE_NAMES = ("domain", "tld", "language", "length", "safesearch")
"""What the report slices documents by in any case."""

_TOML_NAMES = {
    "sources": "source",
    "test_sets": "test_set",
    "measures": "measure",
    "rules": "rule",
    "edits": "edit",
}
"""The lists of tables: the plural that the code uses, and TOML's name of one table."""

_NUMBERED = ("language", "safesearch", "quality", "repetition", "decontamination", "limits")
"""Sections whose numbers are thresholds."""

_T = TypeVar("_T")


def load_config(path: str | Path) -> Config:
    """Returns the configuration in a TOML file.

    Raises:
        ConfigError: if the file is missing, is not TOML, or asks for the impossible.
    """
    read = read_config_table(_local_file(str(path)))
    if "step_modules" in read.table:
        raise ConfigError(_unknown_key("step_modules", [], ""))
    config = parse_config(read.table, folder=_local_file(str(path)).parent)
    return dataclasses.replace(config, step_modules=find_modules(read.calls))


def _local_file(path: str) -> Path:
    try:
        return Path(absolute_path(path) if path.lower().startswith("file:") else path)
    except PathError as error:
        raise ConfigError(f"config file {error}") from None


def parse_config(table: Mapping[str, object], folder: str | Path = ".") -> Config:
    """Returns the configuration in a parsed TOML table; relative paths start at `folder`."""
    config = _decode(Config, table, where="")
    _validate(config)
    return _anchored(config, Path(folder))


def decode_settings(settings: Mapping[str, object]) -> Config:
    """Returns the configuration that a phase recorded; its sources have no paths."""
    names = [f.name for f in dataclasses.fields(Config)]
    known = {key: value for key, value in settings.items() if _field_name(key) in names}
    return _decode(Config, known, where="")


def with_values(config: Config, values: Mapping[str, object]) -> Config:
    """Returns a configuration with other values of some keys, checked as those of a file are.

    Args:
        config: to start with.
        values: by key, `section.key`, as TOML has them.

    Raises:
        ConfigError: if a key does not exist, or a value does not fit or makes no sense.
    """
    own = {key: value for key, value in values.items() if is_own(key)}
    ours = {key: value for key, value in values.items() if not is_own(key)}
    table = {**to_table(config), **_sections_of(config, ours)}
    if own:
        from massivetext.own_bounds import set_bounds

        set_bounds(table.get("rule", []), config, own)
    changed = _decode(Config, table, where="")
    for name in _NUMBERED:
        _validate_numbers(name, getattr(changed, name))
    _validate_dedup(changed.dedup, changed.subsets)
    _validate_steps(changed)
    return changed


def _sections_of(config: Config, values: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Returns the sections that have other values, as tables."""
    sections: dict[str, dict[str, object]] = {}
    for place, value in values.items():
        name, _, key = place.partition(".")
        section = getattr(config, name, None)
        if not dataclasses.is_dataclass(section) or not key:
            raise ConfigError(f"unknown key '{place}'; expected section.key")
        sections.setdefault(name, to_table(section))[key] = value
    return sections


def to_table(section: object) -> Any:  # as `plain`
    """Returns a configuration as the table that `parse_config` takes; what is None is left out."""
    if dataclasses.is_dataclass(section) and not isinstance(section, type):
        fields = stated_fields(section, dataclasses.fields(section))
        values = {f.name: getattr(section, f.name) for f in fields}
        return {
            _TOML_NAMES.get(name, name): to_table(value)
            for name, value in values.items()
            if value is not None
        }
    if isinstance(section, Mapping):
        return {key: to_table(value) for key, value in section.items()}
    if isinstance(section, (list, tuple)):
        return [to_table(value) for value in section]
    return section


def _field_name(key: str) -> str:
    return {toml: name for name, toml in _TOML_NAMES.items()}.get(key, key)


def _decode(kind: type[_T], table: object, where: str) -> _T:
    """Returns a dataclass from a TOML table; `where` is the table's name for messages."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"[{where}] is {_show(table)}; expected a table of keys")
    hints = typing.get_type_hints(kind)
    fields = {_TOML_NAMES.get(f.name, f.name): f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            known = [name for name in fields if name != "step_modules"]
            raise ConfigError(_unknown_key(key, known, where))
    values = {}
    for key, f in fields.items():
        if key in table:
            place = f"{where}.{key}" if where else key
            values[f.name] = _value(hints[f.name], table[key], place)
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ConfigError(f"[[{where}]] lacks the key '{key}'; add it")
    return kind(**values)


def _value(hint: object, value: object, where: str) -> object:
    """Returns `value` if it fits the type hint of a config field, converted where TOML differs."""
    origin = get_origin(hint)
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return _decode(typing.cast(type, hint), value, where)
    if origin is Literal:
        return _choice(value, get_args(hint), where)
    if origin is tuple:
        return _list(get_args(hint)[0], value, where)
    if origin in (types.UnionType, typing.Union):
        return _union(get_args(hint), value, where)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(hint)[1], value, where)
    return _scalar(hint, value, where)


def _scalar(hint: object, value: object, where: str) -> object:
    assert isinstance(hint, type)  # config fields have no other hints
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and isinstance(value, bool) == (hint is bool):
        return value
    wanted = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    raise ConfigError(f"{where} is {_show(value)}; expected {wanted[hint]}")


def _choice(value: object, choices: Collection[str], where: str) -> object:
    if value not in choices:
        raise ConfigError(f"{where} is {_show(value)}; expected one of {', '.join(choices)}")
    return value


def _list(hint: object, value: object, where: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} is {_show(value)}; expected a list")
    return tuple(_value(hint, part, where) for part in value)


def _union(hints: tuple[object, ...], value: object, where: str) -> object:
    """Strings stand for themselves; a list or table goes to the member that takes one."""
    if type(None) in hints:
        (kind,) = (hint for hint in hints if hint is not type(None))
        return None if value is None else _value(kind, value, where)
    if isinstance(value, str):
        return value
    for hint in hints:
        takes = list if get_origin(hint) is tuple else Mapping
        if hint is not str and isinstance(value, takes):
            return _value(hint, value, where)
    raise ConfigError(f"{where} is {_show(value)}; expected a string, a list or a table")


def _mapping(hint: object, value: object, where: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} is {_show(value)}; expected a table")
    return {key: _value(hint, part, f"{where}.{key}") for key, part in value.items()}


def _unknown_key(key: str, names: list[str], where: str) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(names)}"
    place = f"in [{where}]" if where else "at the top level"
    return f"unknown key '{key}' {place}; {hint}"


def _show(value: object) -> str:
    return repr(value) if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"


def _validate(config: Config) -> None:
    """Raises ConfigError for values that fit their types but make no sense."""
    if not config.sources:
        raise ConfigError("the config names no [[source]]; add at least one")
    for source in config.sources:
        _validate_source(source)
    for name in _NUMBERED:
        _validate_numbers(name, getattr(config, name))
    _validate_dedup(config.dedup, config.subsets)
    _require(config.tokenizer.vocab_size, "tokenizer.vocab_size", 300, 65_536)
    _validate_sequencing(config.sequence, config.subsets)
    _validate_slices(config.report.slices)
    _validate_steps(config)
    names = [test_set.name for test_set in config.decontamination.test_sets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two test sets are named '{name}'; give each its own name")


def _validate_steps(config: Config) -> None:
    if config.measures or config.rules or config.edits:
        from massivetext.step_validation import validate_steps  # which knows the tables' columns

        validate_steps(config)


def _validate_source(source: Source) -> None:
    where = f"source '{source.subset}'"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", source.subset):
        raise ConfigError(f"{where}: a subset names a folder; use letters, digits, _ and -")
    _validate_places(source, where)
    _choice(source.format, SOURCE_FORMATS, f"{where}: format")
    if source.kind not in SOURCE_FORMATS[source.format]:
        fitting = [name for name, kinds in SOURCE_FORMATS.items() if source.kind in kinds]
        raise ConfigError(f"{where}: kind '{source.kind}' needs format {', '.join(fitting)}")
    if source.skip_disambiguation and source.format != "wikipedia":
        raise ConfigError(f"{where}: skip_disambiguation needs format wikipedia")
    for key in source.fields:
        if key not in SOURCE_FIELDS:
            raise ConfigError(_unknown_key(key, list(SOURCE_FIELDS), f"{where} fields"))
    if source.licenses and "license" not in source.fields:
        raise ConfigError(f"{where}: licenses are given but fields.license names no column; add it")


def _validate_places(source: Source, where: str) -> None:
    patterns, lists = source.patterns, source.path_lists
    if lists and patterns:
        raise ConfigError(f"{where}: both path and path_list are given; give one of them")
    if not all((*patterns, *lists)) or not (patterns or lists):
        raise ConfigError(f"{where}: path is empty; give a file or a pattern, or a path_list")
    if not lists and (source.path_prefix or source.missing != "fail"):
        raise ConfigError(f"{where}: path_prefix and missing are for a path_list; add one")


def _validate_numbers(section_name: str, section: DataclassInstance) -> None:
    """Thresholds are never negative; fractions and scores lie in [0, 1]; min <= max."""
    for f in dataclasses.fields(section):
        value = getattr(section, f.name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        bounded = re.search(r"fraction|share|score|threshold", f.name)
        _require(value, f"{section_name}.{f.name}", 0, 1 if bounded else math.inf)
        other = f.name.replace("min_", "max_", 1)
        if value > (maximum := getattr(section, other, value)):
            raise ConfigError(
                f"{section_name}.{f.name} is {value}, above {section_name}.{other}, "
                f"which is {maximum}"
            )


def _validate_dedup(dedup: Dedup, subsets: Iterable[str]) -> None:
    _require(dedup.threshold, "dedup.threshold", 0, 1)
    for name in ("ngram", "bands", "rows"):
        _require(getattr(dedup, name), f"dedup.{name}", 1, 10_000)
    for subset in dedup.prefer:
        if subset not in subsets:
            raise ConfigError(f"dedup.prefer names '{subset}', but no [[source]] has that subset")


def _validate_sequencing(sequence: Sequencing, subsets: tuple[str, ...]) -> None:
    _require(sequence.length, "sequence.length", 2, 2**20)
    _require(sequence.crops_per_group, "sequence.crops_per_group", 1, 2**20)
    _require(sequence.max_visits, "sequence.max_visits", 1, 10_000)
    _require(sequence.tokens, "sequence.tokens", 0, math.inf)
    if 0 < sequence.tokens < sequence.length:
        raise ConfigError(
            f"sequence.tokens = {sequence.tokens:,} is less than a sequence of sequence.length = "
            f"{sequence.length:,}; expected at least that, or 0 to take all that one visit gives"
        )
    _require(sequence.held_out, "sequence.held_out", 0, 0.5)
    _require(sequence.shards, "sequence.shards", 0, 1_000_000)
    _choice(sequence.format, SHARD_FORMATS, "sequence.format")
    weights = sequence.weights
    if isinstance(weights, str):
        _choice(weights, WEIGHT_NAMES, "sequence.weights")
        return
    for subset, weight in weights.items():
        _require(weight, f"sequence.weights.{subset}", 0, math.inf)
        if subset not in subsets:
            raise ConfigError(
                f"sequence.weights names '{subset}', but no [[source]] has that subset; "
                f"subsets of the sources: {', '.join(subsets)}"
            )
    if sum(weights.values()) <= 0:
        raise ConfigError("sequence.weights are all zero; give at least one subset a share")


def _validate_slices(slices: Sequence[Slice]) -> None:
    for number, found in enumerate(slices):
        where = f"report.slices: '{found.name}'"
        if not found.name.strip() or not found.name.isprintable():
            raise ConfigError(
                f"report.slices: a slice is named {found.name!r}; give it a visible name"
            )
        if found.name in SLICE_NAMES or found.name in (one.name for one in slices[:number]):
            raise ConfigError(f"{where} is the name of another slice; give each its own")
        if bool(found.column) == bool(found.pattern):
            raise ConfigError(f"{where}: expected either a column or a pattern")
        if found.pattern:
            _require_pattern(found.pattern, where)


def _require_pattern(pattern: str, where: str) -> None:
    import pyarrow as pa  # here: most configurations have no pattern
    import pyarrow.compute as pc

    try:
        pc.call_function(
            "match_substring_regex", [pa.array([""])], pc.MatchSubstringOptions(pattern)
        )
    except pa.ArrowInvalid as error:
        fault = str(error).removeprefix("Invalid regular expression: ")
        raise ConfigError(
            f"{where}: pattern {pattern!r} is not a regular expression that RE2 accepts: {fault}"
        ) from None


def _require(value: float, where: str, low: float, high: float) -> None:
    if not (low <= value <= high) or math.isnan(value):
        limit = f"from {low:,} to {high:,}" if high < math.inf else f"at least {low:,}"
        raise ConfigError(f"{where} is {value}; expected {limit}")


def _anchored(config: Config, folder: Path) -> Config:
    """Returns the config with every relative path joined to the config file's folder."""

    def anchor(paths: Paths, kind: PathKind) -> Paths:
        is_pattern = kind is PathKind.PATTERN
        return each_path(paths, lambda p: p and absolute_path(p, folder, is_pattern=is_pattern))

    try:
        return map_paths(config, anchor)
    except PathError as error:
        raise ConfigError(str(error)) from None
