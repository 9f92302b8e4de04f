"""The words of each language's wiki, from `languages.toml`, as kernels look them up."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

from massivetext.pipeline.extraction.wikitext.names import (
    CATEGORY,
    FILE,
    OPTION,
    THUMB,
    NameTable,
    name_table,
)
from massivetext.pipeline.extraction.wikitext.term_functions import Terms

_SHOWN: Final = 4
"""Code of prefixes of links that are shown though they look like those of languages."""


class WikiWords(NamedTuple):
    """What a wiki calls things.

    Attributes:
        code: of its language, e.g. `en`.
        patterns: values of templates; the code of a template is its place here.
        terms: what values call by codes.
        templates, prefixes, options, sections, words: the names, with their codes.
    """

    code: str
    patterns: tuple[str, ...]
    terms: Terms
    templates: NameTable
    prefixes: NameTable
    options: NameTable
    sections: NameTable
    words: NameTable


@cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    text = (
        resources.files(__name__.rpartition(".")[0])
        .joinpath("languages.toml")
        .read_text(encoding="utf-8")
    )
    return tomllib.loads(text)


def value_patterns(code: str) -> dict[str, str]:
    """Returns the patterns of the templates that have a value, by the templates' names."""
    tables = _tables()
    return {
        **tables["common"]["values"],
        **_own_patterns(tables["en"]),
        **_own_patterns(_table(code)),
    }


def _own_patterns(table: Mapping[str, Any]) -> dict[str, str]:
    of_languages = {
        f"{prefix}{code}": pattern.format(language=name)
        for prefix, pattern in table.get("values_by_language", {}).items()
        for code, name in table["languages"].items()
    }
    return {**of_languages, **table.get("values", {})}


def _table(code: str) -> Mapping[str, Any]:
    """Returns the table of a language, or of the language that it is a variant of."""
    tables = _tables()
    return tables.get(code if code in tables else code.partition("-")[0], {})


def _terms(table: Mapping[str, Any]) -> Terms:
    return Terms(tuple(table["months"]), table["languages"], table["countries"], table["symbols"])


@cache
def words_of_wiki(code: str) -> WikiWords:
    """Returns the words of a language; those of English beside them where it has no table."""
    tables = _tables()
    common, english, own = tables["common"], tables["en"], _table(code)

    def names(key: str) -> list[str]:
        return [*common.get(key, ()), *english.get(key, ()), *own.get(key, ())]

    values = value_patterns(code)
    prefixes = dict.fromkeys(names("shown"), _SHOWN)
    prefixes |= dict.fromkeys(names("category"), CATEGORY) | dict.fromkeys(names("file"), FILE)
    options = dict.fromkeys(names("option"), OPTION) | dict.fromkeys(names("thumb"), THUMB)
    return WikiWords(
        code=code,
        patterns=("", *values.values()),
        terms=_terms({**english, **own}),
        templates=name_table({name: n + 1 for n, name in enumerate(values)}),
        prefixes=name_table(prefixes),
        options=name_table(options),
        sections=name_table(dict.fromkeys(names("sections"), 1)),
        words=name_table(dict.fromkeys(names("word"), 1)),
    )
