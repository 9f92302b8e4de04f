"""Groups of words in the `class`, `id` and `role` of an element, as bits.

`GROUPS` are what the choice learns from. `MARKUP_GROUPS` say what the parsers do with the element's
text; they are no features.

Our choice: the words are those that readability, trafilatura and boilerplate studies look for,
put in groups of one meaning; the weights of the groups are learned (see `training`).
A word counts wherever it stands in a name, whatever its case; a word written with a leading or
trailing `-` counts at the start or end of a name part only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

GROUPS: Final[tuple[str, ...]] = (
    "content -main-",
    "article entry hentry",
    "post -text- -txt- -body-",
    "story prose markdown richtext rich-text wysiwyg editor",
    "description summary detail spec feature",
    "-nav- navbar navig menu -tabs-",
    "breadcrumb crumb -path-",
    "footer footnote copyright legal colophon",
    "header masthead -head- topbar banner",
    "sidebar side-bar aside -side- rail column-right right-col",
    "widget module plugin -block-",
    "comment disqus -reply- replies respond",
    "related recommend more-like also-like similar upsell cross-sell suggest -next- -prev-",
    "share sharing social facebook twitter pinterest whatsapp follow-us",
    "-ad- -ads- advert sponsor promo adsense banner-ad outbrain taboola",
    "cookie consent gdpr privacy",
    "newsletter subscri signup sign-up -login- register paywall",
    "-meta- byline author dateline timestamp pubdate posted -date- -time-",
    "-tag- -tags- taglist categor topic label keyword",
    "title headline heading subtitle",
    "caption credit figure image photo gallery carousel slider slideshow",
    "message thread forum topic-body postbody post-body cooked -msg- quote",
    "-list- listing -items- results -grid- archive feed",
    "-item- card tile teaser excerpt -row-",
    "product price -buy- -cart- checkout shop -sku-",
    "review rating testimonial",
    "-lead- intro abstract standfirst -deck-",
    "modal popup overlay lightbox dialog -toast-",
    "search filter -sort- toolbar pagination pager -pages-",
    "hidden hide sr-only visually-hidden screen-reader offscreen noprint print-only",
    "faq accordion question answer -step- instruction recipe ingredient",
    "-code- highlight -doc- documentation -docs- reference api-",
    "-toc- table-of-contents contents-table outline jump",
    "profile -user- signature avatar member -stats- -bio-",
    "contact address -map- -hours- location phone",
    "hero cta call-to-action -btn- button",
)

GROUP_COUNT: Final = len(GROUPS)

MARKUP_GROUPS: Final[tuple[str, ...]] = (
    # Inline text that the page's style sheet moves out of sight, or out of the sentence. Sources:
    # the names of Bootstrap, WordPress, Tailwind, GOV.UK, Drupal, W3Schools, LaTeXML, Tufte CSS.
    "sr-only sronly visually-hidden visuallyhidden hidden-visually hiddenvisually screen-reader"
    " screenreader a11y-hidden assistive-text element-invisible accessibly-hidden"
    " accessible-hidden -vh- -off-screen- tooltiptext tooltip-text tooltip--text tooltip-content"
    " tooltip--content tooltip-inner tooltip-body tooltip-box tooltip-popup tooltip-bubble"
    " tooltip-message ltx-note-outer -sidenote- -marginnote- -margin-note-",
    # Inline controls beside the text: Sphinx, MediaWiki, Markdown footnotes, icon fonts by words.
    "-headerlink- editsection edit-section viewcode-link footnote-back reversefootnote"
    " cite-backlink copybtn copy-button material-icons material-symbols",
    # Where the numbers of a listing's lines stand: Pygments, highlight.js, GitHub, Chroma, Rouge,
    # CodeMirror, SyntaxHighlighter. Only text of digits is left out there.
    "linenos lineno linenumber line-number linenr linenums blob-num -gutter- hljs-ln-n -ln- -lnt-"
    " -line-num-",
    # A line of a listing that is laid out by the style sheet: GitHub, highlight.js.
    "blob-code-inner hljs-ln-code -code-line- -line-code- -line-content- file-line react-code-line",
    # Images that stand for characters: WordPress, phpBB, Twitter.
    "emoji smiley smilie emoticon",
    # Images of formulas: WordPress, MediaWiki, mimeTeX, Moodle.
    "-tex- latex -math- mathtex texrender mimetex math-fallback -katex- equation formula",
    # What a script has drawn beside the source of a formula: KaTeX, MathJax 2.
    "katex-html mathjax-preview mathjax-display mathjax-svg mathjax-chtml mathjax-element"
    " mjx-chtml",
    # Panels of tabs and accordions, of which one is shown at a time: ARIA, Bootstrap, Foundation.
    "tabpanel tab-panel tab-pane tabs-panel -tabcontent- tabs-content accordion-body"
    " accordion-content accordion-panel accordion-collapse panel-collapse",
)

_FIRST: Final = 1 << GROUP_COUNT
LEARNED: Final = _FIRST - 1
"""All bits of `GROUPS`."""
OUT_OF_SIGHT: Final = _FIRST
CONTROL: Final = _FIRST << 1
GUTTER: Final = _FIRST << 2
CODE_LINE: Final = _FIRST << 3
EMOJI: Final = _FIRST << 4
FORMULA_IMAGE: Final = _FIRST << 5
FORMULA_DRAWING: Final = _FIRST << 6
PANEL: Final = _FIRST << 7


def _patterns() -> list[tuple[str, int]]:
    groups = GROUPS + MARKUP_GROUPS
    return [(word, bit) for bit, words in enumerate(groups) for word in words.split()]


PATTERNS: Final[list[tuple[str, int]]] = _patterns()
"""`(word, bit)`; in a word, `-` stands for one or more characters other than letters and digits, or
for the start or end of the names."""


def words_of(names: str) -> int:
    """Bit set of all groups that the names (`class`, `id` and `role`, joined by spaces) hold."""
    folded = "-" + "".join(_FOLDED.get(ord(c), "x") for c in names) + "-"
    return _words_of_folded(folded)


_FOLDED: Final[dict[int, str]] = {
    **{code: chr(code).lower() if chr(code).isalnum() else "-" for code in range(128)}
}


@lru_cache(maxsize=1 << 16)
def _words_of_folded(folded: str) -> int:
    bits = 0
    for word, bit in PATTERNS:
        if word in folded:
            bits |= 1 << bit
    return bits
