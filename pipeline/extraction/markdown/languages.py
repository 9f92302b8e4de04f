"""The language of code by the names of its elements.

Our choice: the forms that highlighters write. HTML standard, element `code`: `language-`;
Prism, Prettify, highlight.js: `lang-`, `hljs python`; GitHub: `highlight-source-`; Sphinx:
`highlight-`; MediaWiki: `mw-highlight-lang-`; SyntaxHighlighter: `brush:`; Pandoc: `sourceCode`.
"""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(
    r"(?:^|\s)(?:language-|lang-|mw-highlight-lang-|highlight-source-|highlight-text-|"
    r"brush:\s*)([\w+#.-]{1,32})",
    re.IGNORECASE,
)
_SPHINX: Final = re.compile(r"(?:^|\s)highlight-([\w+#]{1,32})")
_BESIDE: Final = re.compile(r"(?:^|\s)(?:hljs|sourceCode)(?=\s|$)", re.IGNORECASE)

_NO_LANGUAGE: Final = frozenset(
    "none plain plaintext text txt default nohighlight no-highlight auto undefined unknown".split()
)

_KNOWN: Final = frozenset(
    "ada apache asm assembly awk bash batch bibtex c c++ clojure cmake cobol coffeescript console"
    " cpp cs csharp css cuda d dart delphi diff dockerfile elixir elm erlang fortran fsharp go"
    " gradle graphql groovy haskell html http ini ipython3 java javascript js json jsx julia"
    " kotlin latex less lisp lua makefile markdown matlab nginx nim objectivec ocaml pascal perl"
    " php powershell prolog properties protobuf pycon python python3 r ruby rust sas scala scheme"
    " scss sh shell sql swift tcl terraform tex toml ts tsx typescript vb verilog vhdl vim xml"
    " yaml zig".split()
)
"""Names that count beside `hljs` or `sourceCode`, where all kinds of names stand."""

_SHORT: Final = {"html-basic": "html", "html-erb": "erb", "xml-svg": "svg"}
"""GitHub's scopes of markup."""


def language_of(names: str) -> str | None:
    """The language that the `class` of a `pre` or `code` names; `""` if that says there is none."""
    named = _NAMED.search(names)
    if named:
        return _stated(named[1])
    return language_around(names)


def language_around(names: str) -> str | None:
    """The same for an element around the code, whose names may mean something else."""
    for named in (_NAMED.search(names), _SPHINX.search(names)):
        language = _stated(named[1]) if named else None
        if language in _KNOWN or language == "":
            return language
    if _BESIDE.search(names):
        return next((name for name in names.lower().split() if name in _KNOWN), None)
    return None


def _stated(name: str) -> str:
    language = name.lower().rstrip(".-")
    return "" if language in _NO_LANGUAGE else _SHORT.get(language, language)
