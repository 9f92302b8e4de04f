"""Where the code of own steps lies: beside the configuration, or installed.

A module beside the configuration is carried as text in the `Config`, with the modules beside it
that it imports, so that it reaches every worker on every runner. An installed one, on PYTHONPATH or
behind an entry point, must be installed wherever there are workers. The digest of either is part of
what the documents depend on. Nothing is run here.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

from massivetext.config import Config, ConfigError
from massivetext.content_cache import digest_bytes
from massivetext.own_steps import ENTRY_POINTS, StepModule


class NamedCall(NamedTuple):
    """A function that a configuration names.

    Attributes:
        where: the step, for messages.
        call: `module:function`, or the name of an entry point.
        folder: of the file that names it.
        included_from: that file, if it is an included one; else "".
    """

    where: str
    call: str
    folder: Path
    included_from: str


def place_of_call(call: str, where: str) -> tuple[str, str]:
    """Returns module and function of a call; an entry point is looked up among what is installed.

    Raises:
        ConfigError: if no installed package, or more than one, has an entry point of this name.
    """
    module, colon, function = call.partition(":")
    if colon:
        return module, function
    found = {(e.module, e.attr) for e in entry_points(group=ENTRY_POINTS, name=call)}
    if len(found) != 1:
        several = f"{len(found)} installed packages have" if found else "no installed package has"
        raise ConfigError(
            f"{where}: {several} an entry point '{call}' of the group {ENTRY_POINTS}; write "
            "'module:function', or install the package"
        )
    return found.pop()


def find_modules(calls: Iterable[NamedCall]) -> tuple[StepModule, ...]:
    """Returns the code of all functions that a configuration names, by the names of modules.

    Raises:
        ConfigError: if a module is nowhere, cannot be read, or has the name of another one.
    """
    found: dict[str, StepModule] = {}
    for call in calls:
        name, _ = place_of_call(call.call, call.where)
        beside = list(_carried(call, name)) if ":" in call.call else []
        for module in beside or [_installed(call, name)]:
            known = found.setdefault(module.name, module)
            if known.digest != module.digest:
                raise ConfigError(
                    f"{call.where}: two files with different code are called '{module.name}'; "
                    "rename one of them"
                )
    return tuple(found[name] for name in sorted(found))


def module_digest(name: str) -> str | None:
    """Returns a checksum of the code of an installed module; of a package, of all files in it.

    None if there is no such module.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # no such parent, or it is no package
        return None
    if spec is None:
        return None
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    if not folders and spec.origin is not None and Path(spec.origin).is_file():
        files = [Path(spec.origin)]
    return digest_bytes(*(file.read_bytes() for file in files))


def _installed(call: NamedCall, name: str) -> StepModule:
    digest = module_digest(name)
    if digest is None:
        raise ConfigError(
            f"{call.where}: there is no module '{name}', neither as {name.replace('.', '/')}.py in "
            f"{call.folder} nor installed; write the module, or fix call = {call.call!r}"
        )
    return StepModule(name, digest, included_from=call.included_from)


def _carried(call: NamedCall, name: str) -> Iterator[StepModule]:
    """Yields a module beside the configuration, and those that it imports from there."""
    left, seen = [name.partition(".")[0]], set[str]()
    while left:
        top = left.pop()
        if top in seen:
            continue
        seen.add(top)
        for module_name, file in _files_of(call.folder, top):
            if top in sys.stdlib_module_names:
                raise ConfigError(
                    f"{call.where}: {file} has the name of a module of Python; rename it"
                )
            text = _text_of(call, file)
            left += [imported.partition(".")[0] for imported in _imports(call, file, text)]
            yield StepModule(
                module_name,
                digest_bytes(text.encode()),
                text,
                file.name == "__init__.py",
                call.included_from,
            )


def _files_of(folder: Path, top: str) -> Iterator[tuple[str, Path]]:
    """Yields the modules of a name in a folder, and their files: one, or those of a package."""
    package = folder / top
    if (package / "__init__.py").is_file():
        for file in sorted(package.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file
    elif (folder / f"{top}.py").is_file():
        yield top, folder / f"{top}.py"


def _text_of(call: NamedCall, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{call.where}: {file} cannot be read: {error}") from None


def _imports(call: NamedCall, file: Path, text: str) -> Iterator[str]:
    """Yields the names of the modules that a module imports, of any kind."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        lineno = error.lineno if isinstance(error, SyntaxError) else None
        line = f" line {lineno}" if lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ConfigError(f"{call.where}: {file}{line} is not valid Python: {said}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def stated_steps(config: Config) -> dict[str, Any]:
    """Returns the own steps of a configuration and the digests of their code; {} without any."""
    own = {"measure": config.measures, "rule": config.rules, "edit": config.edits}
    digests = {module.name: module.digest for module in config.step_modules}
    stated_steps = {name: steps for name, steps in own.items() if steps}
    return stated_steps | ({"code of own steps": digests} if digests else {})


def code_told(config: Config) -> str:
    """Returns a line that names the code of others which a run executes; "" if there is none."""
    told = [_told(module) for module in config.step_modules if not _is_ours(module)]
    return f"runs code of {', '.join(told)}" if told else ""


def _is_ours(module: StepModule) -> bool:
    return module.name.partition(".")[0] == "massivetext"


def _told(module: StepModule) -> str:
    where = "installed" if module.text is None else "beside the configuration"
    if module.included_from:
        where = f"{'installed, ' * (module.text is None)}named by {module.included_from}"
    return f"{module.name} ({where})"
