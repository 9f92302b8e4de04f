"""Which elements of lxml's tree a reader does not see, and why; as in `raw_hiding`."""

from __future__ import annotations

from typing import Final, Protocol

from massivetext.pipeline.extraction.html import elements, name_words, styles
from massivetext.pipeline.extraction.html import page_tree as pt

UNREAD: Final = elements.SKIPPED | (elements.RAW_TEXT - {"title"})
_BESIDE: Final = name_words.OUT_OF_SIGHT | name_words.CONTROL


class Element(Protocol):
    """What is used of an lxml element; lxml comes without types."""

    tag: str
    text: str | None
    tail: str | None

    def get(self, key: str) -> str | None:
        """Value of an attribute."""
        ...


def groups_of(element: Element) -> int:
    """Bit set of the groups of words in an element's names."""
    names = [element.get(key) for key in ("class", "id", "role")]
    return name_words.words_of(" ".join(filter(None, names)))


def style_of(element: Element) -> int:
    """The bits of an element's style."""
    style = element.get("style")
    return styles.style_bits(style) if style else 0


def lxml_places(element: Element) -> int:
    """Flags of `page_tree.PLACE_FLAGS` for an element, or `pt.NEVER`."""
    name, get = element.tag, element.get
    groups = groups_of(element)
    if name in UNREAD or groups & name_words.FORMULA_DRAWING:
        return pt.NEVER
    if name == "template":
        is_shadow = get("shadowrootmode") is not None or get("shadowroot") is not None
        return pt.IN_SHADOW if is_shadow else pt.NEVER
    if name == "dialog" and get("open") is None:
        return pt.NEVER
    places = 0
    if name in elements.VEILED:
        places = pt.IN_NOSCRIPT if name == "noscript" else pt.IN_MEDIA
    elif name in ("object", "applet"):
        places = pt.IN_OBJECT
    if get("popover") is not None or (name not in elements.BLOCK_TAGS and _is_beside(element)):
        return pt.NEVER
    return places if name in elements.NEVER_HIDDEN else places | _hidden_by(element)


def _is_beside(element: Element) -> bool:
    """Whether an inline element stands beside the sentence that it is written in."""
    role = "".join((element.get("role") or "").split()).lower()
    is_out = groups_of(element) & _BESIDE != 0 or style_of(element) & styles.OFF_SCREEN != 0
    return is_out or role.startswith(("tooltip", "doc-backlink"))


def _hidden_by(element: Element) -> int:
    places = 0
    hidden = element.get("hidden")
    if hidden is not None:
        is_found = "".join(hidden.split()).lower().startswith("until-found")
        places = pt.UNTIL_FOUND if is_found else pt.BY_ATTRIBUTE
    if "".join((element.get("aria-hidden") or "").split()).lower().startswith("true"):
        places |= pt.BY_ARIA
    if style_of(element) & styles.HIDES:
        places |= pt.BY_STYLE
    is_panel = groups_of(element) & name_words.PANEL != 0
    return pt.UNTIL_FOUND if places and is_panel else places
