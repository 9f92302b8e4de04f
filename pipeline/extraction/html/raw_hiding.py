"""Which elements of a page's raw bytes a reader does not see, and why (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements, name_words, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.elements import tag as _tag
from massivetext.pipeline.extraction.html.raw_attributes import says

_NOSCRIPT: Final = _tag("noscript")
_TEMPLATE: Final = _tag("template")
_DIALOG: Final = _tag("dialog")
_OBJECT: Final = _tag("object")
_APPLET: Final = _tag("applet")

# Local names, because compiled code takes module constants as they are.
_FLAGS: Final = elements.TAG_FLAGS
_IS_BLOCK: Final = elements.IS_BLOCK
_IS_SKIPPED: Final = elements.IS_SKIPPED
_IS_VEILED: Final = elements.IS_VEILED
_IS_NEVER_HIDDEN: Final = elements.IS_NEVER_HIDDEN
_NEVER_READ: Final = name_words.OUT_OF_SIGHT | name_words.CONTROL
_DRAWING: Final = name_words.FORMULA_DRAWING
_PANEL: Final = name_words.PANEL

_TRUE: Final = elements.as_bytes("true")
_TOOLTIP: Final = elements.as_bytes("tooltip")
_BACK_LINK: Final = elements.as_bytes("doc-backlink")
_UNTIL_FOUND: Final = elements.as_bytes("until-found")


@helper
def raw_places(page: Any, tag: Any, groups: Any, style: Any) -> int:
    """Flags of `page_tree.PLACE_FLAGS` for the element of a start tag, or `pt.NEVER`.

    `groups` are the bits of its names, `style` those of its style.
    """
    attributes, flags = page.attributes, _FLAGS[tag]
    if flags & _IS_SKIPPED or groups & _DRAWING:
        return pt.NEVER
    if tag == _TEMPLATE:
        is_shadow = attributes[st.SHADOW, 0] >= 0 or attributes[st.SHADOW_BEFORE, 0] >= 0
        return pt.IN_SHADOW if is_shadow else pt.NEVER
    if tag == _DIALOG and attributes[st.DIALOG_OPEN, 0] < 0:
        return pt.NEVER  # closed: no reader has asked for it
    places = 0
    if flags & _IS_VEILED:
        places = pt.IN_NOSCRIPT if tag == _NOSCRIPT else pt.IN_MEDIA
    elif tag in (_OBJECT, _APPLET):
        places = pt.IN_OBJECT
    if not attributes[st.ANY, 0]:
        return places
    if attributes[st.POPOVER, 0] >= 0 or (
        not flags & _IS_BLOCK and _is_beside(page, groups, style)
    ):
        return pt.NEVER
    if flags & _IS_NEVER_HIDDEN:
        return places
    return places | _hidden_by(page, groups, style)


@helper
def _is_beside(page: Any, groups: Any, style: Any) -> bool:
    """Whether an inline element stands beside the sentence that it is written in."""
    start, stop = page.attributes[st.ROLE, 0], page.attributes[st.ROLE, 1]
    if groups & _NEVER_READ or style & styles.OFF_SCREEN:
        return True
    if start < 0:
        return False
    return says(page.html, start, stop, _TOOLTIP) or says(page.html, start, stop, _BACK_LINK)


@helper
def _hidden_by(page: Any, groups: Any, style: Any) -> int:
    """What a tag's attributes say of hiding, as flags of `page_tree.PLACE_FLAGS`.

    A hidden panel waits for its tab to be clicked: a reader reaches it.
    """
    html, attributes = page.html, page.attributes
    places = 0
    start, stop = attributes[st.HIDDEN, 0], attributes[st.HIDDEN, 1]
    if start >= 0:
        places = pt.UNTIL_FOUND if says(html, start, stop, _UNTIL_FOUND) else pt.BY_ATTRIBUTE
    start, stop = attributes[st.ARIA_HIDDEN, 0], attributes[st.ARIA_HIDDEN, 1]
    if start >= 0 and says(html, start, stop, _TRUE):
        places |= pt.BY_ARIA
    if style & styles.HIDES:
        places |= pt.BY_STYLE
    return pt.UNTIL_FOUND if places and groups & _PANEL else places
