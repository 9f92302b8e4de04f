"""Which pages only list the articles that a title may mean, by the templates that say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

_COMMON: Final = ("disambig", "disambiguation", "dab")

_BY_LANGUAGE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": (
            *("disamb", "hndis", "geodis", "numberdis", "letter-numberdis", "mathdab"),
            *("airport disambiguation", "school disambiguation", "hospital disambiguation"),
            *("place name disambiguation", "human name disambiguation", "disambiguation page"),
            *("callsigndis", "roaddis", "shipindex", "mil-unit-dis", "biology disambiguation"),
            *("species latin name disambiguation", "music disambiguation", "disambig-cleanup"),
        ),
        "de": ("begriffsklärung",),
        "fr": ("homonymie", "patronyme", "prénom", "toponyme", "internationalisation"),
        "es": ("desambiguación", "desambiguacion", "des"),
        "it": ("disambigua",),
        "pt": ("desambiguação", "desambig"),
        "nl": ("dp", "doorverwijspagina"),
        "pl": ("ujednoznacznienie",),
        "sv": ("förgrening", "gren", "grensida"),
        "da": ("flertydig",),
        "no": ("peker",),
        "fi": ("täsmennyssivu",),
        "cs": ("rozcestník",),
        "hu": ("egyért", "egyértelműsítő lap"),
        "ro": ("dezambiguizare",),
        "tr": ("anlam ayrımı",),
        "ru": ("неоднозначность", "неоднозначность тип", "фамилия"),
        "uk": ("неоднозначність",),
        "bg": ("пояснение", "пояснителна страница"),
        "sr": ("вишезначна одредница",),
        "ja": ("aimai", "曖昧さ回避", "人名の曖昧さ回避", "地名の曖昧さ回避"),
        "zh": ("消歧义", "消歧義", "消歧义页"),
        "ko": ("동음이의",),
        "ar": ("توضيح",),
        "he": ("פירושונים",),
    }
)
"""The commonest templates of disambiguation pages in lower case, by language; after the lists that
each wiki keeps on its page `MediaWiki:Disambiguationspage`."""

_MAGIC_WORD: Final = "__DISAMBIG__"
"""Of MediaWiki's extension Disambiguator."""


@cache
def _pattern(language: str) -> re.Pattern[str]:
    names = (*_COMMON, *_BY_LANGUAGE.get(language, ()))
    either = "|".join(re.escape(name).replace(r"\ ", "[ _]") for name in names)
    return re.compile(r"\{\{ ?(?:" + either + r") ?[|}\n]", re.IGNORECASE)


def is_disambiguation(wikitext: str, language: str) -> bool:
    """Returns whether a page says that it is one, in the words of its language's wiki."""
    return _MAGIC_WORD in wikitext or _pattern(language).search(wikitext) is not None
