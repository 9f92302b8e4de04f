"""The lists, models and test sets that a configuration names, known by name and content.

Where they lie is no part of what a run computes: a checkout, or a folder with its lists, may move
between two runs.
"""

from __future__ import annotations

from massivetext.paths import file_name, paths_of
from massivetext.pipeline.engine import store


def checksums_of(sections: object) -> dict[str, list[str]]:
    """Returns the XXH3 of the files that configuration sections name.

    Args:
        sections: config dataclasses, or tuples or mappings of such.

    Returns:
        The checksums by the name of the file, below the folder where one is named; of several
        files with one name, in the order in which they are named.

    Raises:
        OSError: if one cannot be read.
    """
    found: dict[str, list[str]] = {}
    for named in paths_of(sections):
        root = named.path.rstrip("/")
        for file in store.match_below(named.path):
            name = file_name(root) + file.path.removeprefix(root)
            found.setdefault(name, []).append(store.digest_file(file.path)[1])
    return found
