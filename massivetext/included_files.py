"""Files that a configuration includes: presets of rules, the program's own or anybody's.

    include = ["gopher.toml", "ours/letters.toml"]

A name is looked for beside the file that includes it, then among the presets that come with the
program. Of two files that set the same key the later one counts, and the including file counts
most; measures and edits of all files stand one behind another. A file's [[rule]]s on a measure
replace those that earlier files have on it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from massivetext.config import ConfigError
from massivetext.step_code import NamedCall

MAY_SET: Final = ("measure", "rule", "edit", "language", "quality", "repetition", "dedup")
"""Sections of an included file: what to keep, and nothing of places."""

_STEPS: Final = ("measure", "edit")


class ConfigTable(NamedTuple):
    """What files say together.

    Attributes:
        table: as TOML has it.
        calls: the functions that it names.
    """

    table: dict[str, Any]
    calls: tuple[NamedCall, ...]


def read_config_table(path: Path) -> ConfigTable:
    """Returns a configuration file, with all that it includes.

    Raises:
        ConfigError: if a file is missing, is no TOML, includes itself, or sets what an included
            file may not set.
    """
    return _read(path, "", ())


def _read(path: Path, included_from: str, above: tuple[Path, ...]) -> ConfigTable:
    table = _toml(path, included_from)
    names = table.pop("include", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"include in {path} is {names!r}; expected a list of files")
    if included_from:
        _require_allowed(path, table)
    merged: dict[str, Any] = {}
    calls: list[NamedCall] = []
    for name in names:
        file = _included_file(path, name)
        if file in (*above, path.resolve()):
            raise ConfigError(f"{path} includes {name}, which includes it in turn; take one out")
        part = _read(file, name, (*above, path.resolve()))
        merged = _merged(merged, part.table)
        calls += part.calls
    calls += _calls(table, path.parent, included_from)
    return ConfigTable(_merged(merged, table), tuple(dict.fromkeys(calls)))


def _toml(path: Path, included_from: str) -> dict[str, Any]:
    kind = "included file" if included_from else "config file"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{kind} {path} does not exist; give the path of a TOML file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{kind} {path} cannot be read as TOML: {error}") from None


def _included_file(path: Path, name: str) -> Path:
    beside = (path.parent / name).resolve()
    if beside.is_file():
        return beside
    preset = Path(str(resources.files("massivetext.filters.presets") / name))
    if preset.is_file() and "/" not in name:
        return preset.resolve()
    presets = ", ".join(sorted(file.name for file in preset.parent.glob("*.toml")))
    raise ConfigError(
        f"{path} includes {name}, which is not beside it and no preset of the program; "
        f"presets: {presets}"
    )


def _require_allowed(path: Path, table: Mapping[str, Any]) -> None:
    for key in table:
        if key not in MAY_SET:
            raise ConfigError(
                f"included file {path} has '{key}'; it may have {', '.join(MAY_SET)} and include: "
                "write all else into the configuration itself"
            )
    language = table.get("language")
    if isinstance(language, Mapping) and "model" in language:
        raise ConfigError(
            f"included file {path} has 'language.model'; write paths into the configuration itself"
        )


def _calls(table: Mapping[str, Any], folder: Path, included_from: str) -> list[NamedCall]:
    """Returns the functions that a file names; what is wrong there is for the checks to say."""
    found = []
    for kind in _STEPS:
        steps = table.get(kind)
        for step in steps if isinstance(steps, list) else ():
            call = step.get("call") if isinstance(step, Mapping) else None
            if isinstance(call, str) and call:
                where = f"{kind} '{step.get('name')}'"
                found.append(NamedCall(where, call, folder, included_from))
    return found


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Returns two tables as one; of a key that both have the other's value counts."""
    merged = dict(one)
    for key, value in other.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = {**known, **value}
        elif isinstance(known, list) and isinstance(value, list) and key in MAY_SET:
            replaced = {_measure_of(rule) for rule in value} if key == "rule" else set()
            kept = [row for row in known if _measure_of(row) not in replaced or key != "rule"]
            merged[key] = [*kept, *(row for row in value if row not in kept)]
        else:
            merged[key] = value
    return merged


def _measure_of(rule: Any) -> Any:
    """Returns the measure that a rule judges; a rule that is none is for the checks to refuse."""
    measure = rule.get("measure") if isinstance(rule, Mapping) else None
    return measure if isinstance(measure, str) else None
