"""The text that a page carries as data for machines (JSON-LD of schema.org).

Pages that build themselves by scripts have no other text: the body of an article, a recipe's
ingredients and steps, questions and their answers.
"""

from __future__ import annotations

import html as character_references
import json
import re
from collections.abc import Iterator
from typing import Any, Final

# Bounded, so that time is linear: `<script` may stand a million times without an end.
_SCRIPT: Final = re.compile(rb"<script\b([^<>]{0,1000})>", re.IGNORECASE)
_SCRIPT_END: Final = re.compile(rb"</script", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{1,400}>")
_BLOCK_END: Final = re.compile(r"<(?:br|/p|/h[1-6]|/li|/div)\b[^<>]{0,400}>", re.IGNORECASE)

MOST_BYTES: Final = 1 << 20
"""Our choice: longer data is no article."""

DEEPEST: Final = 16
"""Our choice: levels of objects and lists that are looked into."""


def data_text(html_utf8: bytes) -> str:
    """The longest text in the data of a page, its paragraphs set apart; empty if there is none."""
    longest = ""
    for content in _scripts(html_utf8) if b"ld+json" in html_utf8 else ():
        if len(content) > MOST_BYTES:
            continue
        try:
            data = json.loads(content.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            continue
        for item in _items(data, DEEPEST):
            longest = max(longest, _text_of(item), key=len)
    return longest


def _scripts(html_utf8: bytes) -> Iterator[bytes]:
    """The contents of all scripts that are JSON-LD."""
    place = 0
    while (begin := _SCRIPT.search(html_utf8, place)) is not None:
        end = _SCRIPT_END.search(html_utf8, begin.end())
        if end is None:
            return
        if b"application/ld+json" in begin[1].lower():
            yield html_utf8[begin.end() : end.start()]
        place = end.end()


def _items(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    """All objects in the data, the outer ones first."""
    if depth and isinstance(data, dict):
        yield data
        for value in data.values():
            yield from _items(value, depth - 1)
    elif depth and isinstance(data, list):
        for value in data:
            yield from _items(value, depth - 1)


def _text_of(item: dict[str, Any]) -> str:
    """What a reader gets of one object of schema.org."""
    if "articleBody" in item or "reviewBody" in item:
        return _plain(item.get("articleBody") or item.get("reviewBody"))
    if "recipeIngredient" in item or "recipeInstructions" in item:
        parts = [_plain(item.get("name")), _plain(item.get("description"))]
        parts.append(_list(item.get("recipeIngredient"), "- "))
        parts.append(_list(item.get("recipeInstructions"), ""))
        return _joined(parts)
    if "mainEntity" in item and isinstance(item["mainEntity"], list):
        return _joined([_question(entity) for entity in item["mainEntity"]])
    kind = item.get("@type")
    if isinstance(kind, str) and kind.endswith(("Posting", "Article")) and "text" in item:
        return _plain(item["text"])
    if kind == "JobPosting":
        return _joined([_plain(item.get("title")), _plain(item.get("description"))])
    return ""


def _question(entity: Any) -> str:
    if not isinstance(entity, dict) or not isinstance(entity.get("acceptedAnswer"), dict):
        return ""
    answer = _plain(entity["acceptedAnswer"].get("text"))
    return _joined([_plain(entity.get("name")), answer]) if answer else ""


def _list(value: Any, mark: str) -> str:
    """The steps or ingredients of a recipe: texts, or objects with a text, or sections of such."""
    if isinstance(value, dict):
        value = value.get("itemListElement") or [value.get("text") or value.get("name")]
    if isinstance(value, str):
        return _plain(value)
    lines = []
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("itemListElement"), list):
            lines += [_plain(entry.get("name")), _list(entry["itemListElement"], mark)]
        else:
            text = _plain(
                entry.get("text") or entry.get("name") if isinstance(entry, dict) else entry
            )
            lines.append(mark + text if text else "")
    return ("\n" if mark else "\n\n").join(filter(None, lines))


def _plain(value: Any) -> str:
    """A text of the data without markup: its lines are paragraphs."""
    if not isinstance(value, str):
        return ""
    text = value
    if "<" in text or "&" in text:
        text = _TAG.sub("", _BLOCK_END.sub("\n", character_references.unescape(text)))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n\n".join(filter(None, lines))


def _joined(parts: list[str]) -> str:
    return "\n\n".join(filter(None, parts))
