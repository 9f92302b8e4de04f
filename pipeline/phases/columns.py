"""The columns that `[[source]] fields` names: a run over inputs that have none of them is refused.

A column counts as there if any file of the source has it: Parquet says so in its schema, JSON lines
in their first rows. Most sources are settled by the first file, so that is all that is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from massivetext.config import Config, ConfigError, Source
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.readers import READERS, ReadContext
from massivetext.pipeline.readers.contract import Examples
from massivetext.pipeline.readers.fields import place_of, shown_columns


def require_columns(config: Config, items: Sequence[WorkItem]) -> None:
    """Checks that each column which the configuration names is in a file of its source.

    A file that cannot be opened or understood says nothing here: the run itself tells of it.

    Args:
        config: of the run.
        items: of all its sources.

    Raises:
        ConfigError: naming a column that no file has, and the columns that were found.
    """
    for number, source in enumerate(config.sources):
        files = dict.fromkeys(item.file for item in items if item.source == number)
        _require_columns(source, files, config.limits.record_bytes)


def _require_columns(source: Source, files: Iterable[str], record_bytes: int) -> None:
    examples = READERS[source.format].examples
    if examples is None:
        return
    missing = dict(source.fields)
    found: dict[str, object] = {}
    read = ""
    for file in files:
        if not missing:
            return
        for row in _rows(examples, ReadContext(file, None, source.fields, record_bytes)):
            read = read or file
            found |= row
            missing = {key: name for key, name in missing.items() if not place_of(row, name)}
    if missing and read:
        key, name = next(iter(missing.items()))
        raise ConfigError(
            f"source '{source.subset}': fields.{key} is \"{name}\", but no file has that column; "
            f"found in {read}: {shown_columns(found)}"
        )


def _rows(examples: Examples, context: ReadContext) -> Iterable[Mapping[str, object]]:
    """Returns examples of a file's rows; none of a file that cannot be opened."""
    try:
        with store.open_input(context.file) as stream:
            return list(examples(stream, context))
    except OSError:
        return ()
