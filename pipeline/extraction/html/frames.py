"""Documents that stand in an attribute of a page: `iframe srcdoc`, put where the frame shows them.

HTML standard, 4.8.5: `srcdoc` is the document of the frame; it is rendered with the page.
"""

from __future__ import annotations

import html as character_references
import re
from typing import Final

_SRCDOC: Final = re.compile(
    rb"""<iframe\s(?:[^>"']|"[^"]*"|'[^']*')*?\ssrcdoc\s*=\s*(?:"([^"]*)"|'([^']*)')""",
    re.IGNORECASE,
)

MOST_FRAMES: Final = 100
"""Our choice: pages have a few; a search from each of very many tags would take too long."""


def with_frames(html_utf8: bytes) -> bytes:
    """The page with its frames' documents in front of them; most pages come back as they are.

    A document in a document of a frame stays unread.
    """
    if b"srcdoc" not in html_utf8 or html_utf8.count(b"<iframe") > MOST_FRAMES:
        return html_utf8

    def shown(match: re.Match[bytes]) -> bytes:
        source = (match[1] or match[2] or b"").decode("utf-8", "replace")
        return b"<div>" + character_references.unescape(source).encode() + b"</div>" + match[0]

    return _SRCDOC.sub(shown, html_utf8)
