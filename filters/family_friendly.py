"""schema.org's isFamilyFriendly, where a page says it of itself.

Stated in JSON-LD, microdata or RDFa. Only the page's own items count: those that are no property of
another item, but for `mainEntity`. Our choices beyond that:

- A video, an image or another media object is the page's own only where the page states no other
  item of its own: else it is embedded. (A recipe whose video a plugin had marked was dropped.)
- Where the page's own item is a product, nothing counts: shops mark wine and knives so, which are
  not for children and not explicit. (A wine shop was dropped.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from massivetext.filters.markup import text_of

_PROPERTY: Final = "isfamilyfriendly"
_FALSE: Final = frozenset(("false", "no", "0"))
_MEDIA: Final = frozenset(
    ("videoobject", "imageobject", "audioobject", "mediaobject", "clip", "photograph", "image")
)
_PRODUCTS: Final = frozenset(("product", "individualproduct", "productgroup", "productmodel"))
_FRAME: Final = frozenset(
    (
        *("", "website", "organization", "person", "breadcrumblist", "listitem", "wpheader"),
        *("wpfooter", "wpsidebar", "sitenavigationelement", "searchaction", "localbusiness"),
    )
)
"""Items that stand around what a page is about."""

_MOST_JSON_BYTES: Final = 1 << 17
"""Our choice: more JSON-LD of a page is not looked at; articles with their whole text have less."""


@dataclass(frozen=True)
class _Item:
    """An item of the page's own: its types in lower case, and what it says of itself."""

    types: frozenset[str]
    is_unfriendly: bool


def is_not_family_friendly(page: bytes) -> bool:
    """Whether a page says of itself that it is not family friendly."""
    items = [*_items_in_tags(page), *_items_in_json(page)]
    if not any(item.is_unfriendly for item in items):
        return False
    types = frozenset().union(*(item.types for item in items))
    if types & _PRODUCTS:
        return False
    has_other = bool(types - _MEDIA - _FRAME)
    return any(item.is_unfriendly and not (has_other and item.types & _MEDIA) for item in items)


def _items_in_tags(page: bytes) -> Iterator[_Item]:
    from massivetext.filters.item_kernel import find_items

    tops, statements = find_items(np.frombuffer(page, np.uint8))
    for start, stop in tops.tolist():
        yield _Item(_types(text_of(page[start:stop]).split()), False)
    for value, value_stop, start, stop in statements.tolist():
        types = _types(text_of(page[start:stop]).split() if start >= 0 else ())
        yield _Item(types, _is_false(text_of(page[value:value_stop])))


def _types(names: Iterable[object]) -> frozenset[str]:
    return frozenset(_last_part(str(name)) for name in names)


def _last_part(name: str) -> str:
    """Returns what stands behind a vocabulary's name, in lower case: schema:A, https://schema.org/A."""
    return name.rstrip("/").rpartition("/")[2].rpartition(":")[2].lower()


def _is_false(value: object) -> bool:
    return value is False or value == 0 or _last_part(str(value).strip()) in _FALSE


def _items_in_json(page: bytes) -> Iterator[_Item]:
    from massivetext.filters.markup_kernel import find_json_ld

    left = _MOST_JSON_BYTES
    for start, stop in find_json_ld(np.frombuffer(page, np.uint8)).tolist():
        left -= stop - start
        if left >= 0:
            yield from _own_items(_parsed(page[start:stop]))


def _parsed(script: bytes) -> object:
    """Returns the value of a script; None if it is not JSON. Comments around it do not matter."""
    text = script.decode(errors="replace")
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    stop = max(text.rfind("}"), text.rfind("]")) + 1
    try:
        return json.loads(text[min(starts, default=0) : stop], strict=False)
    except (ValueError, RecursionError):
        return None


def _own_items(value: object, is_graph: bool = False) -> Iterator[_Item]:
    """Yields the items of a JSON-LD value that are no property of another one."""
    for node in _nodes(value):
        if "@graph" in node and not is_graph:
            yield from _own_items(node["@graph"], is_graph=True)
        yield _item_of(node)
        yield from map(_item_of, _nodes(node.get("mainEntity")))


def _nodes(value: object) -> list[Mapping[str, Any]]:
    return [node for node in _as_list(value) if isinstance(node, Mapping)]


def _item_of(node: Mapping[str, Any]) -> _Item:
    stated = [v for key, v in node.items() if _last_part(key) == _PROPERTY]
    return _Item(_types(_as_list(node.get("@type"))), any(map(_says_false, stated)))


def _says_false(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = value.get("@value", value.get("@id"))
    return any(map(_is_false, _as_list(value)))


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
