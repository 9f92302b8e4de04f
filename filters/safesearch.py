"""SafeSearch stand-in (A.1.1, content filter): explicit pages by web signals, not by words.

The paper filters MassiveWeb with Google SafeSearch, which "uses various web signals to identify
explicit content", and prefers it to word lists, because these disproportionately filter out
inoffensive content associated with minority groups. Google's signals are not public. Ours:

- what the site says of itself (`self_labels`): decisive;
- the page's domain or URL on a list that the user brings (`domain_list`): decisive;
- links to listed domains: a hint, and decisive where many of them lead there;
- a fastText model that the user brings, on the text: as decisive as it is sure;
- a verdict that the input states in a column (`fields.safesearch`): as high as it says.

Without lists and model only self-labels and stated verdicts decide; reports say so
(`SafeSearchScorer.sources`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from massivetext.config import ConfigError, SafeSearch
from massivetext.filters.domain_list import DomainList, load_domain_list
from massivetext.filters.hosts import ascii_name, split_url
from massivetext.filters.language import (
    SCORE_DECIMALS,
    LanguageClassifier,
    first_labels,
    first_line,
    load_model,
)
from massivetext.filters.markup import Markup, links_of, read_markup, text_of
from massivetext.filters.public_suffixes import public_suffixes
from massivetext.filters.self_labels import labels_of
from massivetext.filters.stated_verdict import EXPLICIT_WORDS

LISTED_DOMAIN: Final = "listed_domain"
LISTED_LINKS: Final = "listed_links"
MODEL: Final = "model"
STATED: Final = "stated"
"""Names of signals, beside those of `SelfLabel`."""

LEAST_LISTED_DOMAINS: Final = 2
LEAST_LISTED_SHARE: Final = 0.1
"""Our choice: links decide alone where they lead to two listed domains and a tenth of them does."""

MODEL_KEY: Final = "safesearch.model"

ADULT_CATEGORY: Final = "adult"
EXCEPTION_CATEGORY: Final = "sexual_education"
"""Folders of UT1 that a list of adult domains, and one of exceptions, is read from."""


@dataclass(frozen=True)
class Verdict:
    """What the signals say of a page.

    Attributes:
        score: in [0, 1], rounded to four decimals; `safesearch.max_score` decides.
        signals: names of the signals that were found, sorted.
    """

    score: float
    signals: tuple[str, ...]


_LISTED: Final = "listed domains and URLs"
_EXCEPTED: Final = "exceptions from lists"
_NOTHING: Final = Verdict(0.0, ())


@dataclass(frozen=True)
class SafeSearchScorer:
    """Scores pages by the sources that a configuration names.

    Attributes:
        domains: listed domains and URLs.
        exceptions: what is never counted as listed.
        model: the user's model, or None.
    """

    domains: DomainList
    exceptions: DomainList
    model: LanguageClassifier | None

    @property
    def sources(self) -> tuple[str, ...]:
        """What the score is made of, for reports."""
        found = ["self-labels"]
        for entries, name in ((self.domains, _LISTED), (self.exceptions, _EXCEPTED)):
            if len(entries) or entries.left_out:
                left_out = f" ({'; '.join(entries.left_out)})" if entries.left_out else ""
                found.append(f"{len(entries):,} {name}{left_out}")
        if self.model is not None:
            found.append("a text model")
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the lists does not count, a line for each."""
        lists = ((self.domains, "safesearch.domains"), (self.exceptions, "safesearch.exceptions"))
        return tuple(f"{key}: {line}" for entries, key in lists for line in entries.left_out)

    def score(
        self,
        url: str,
        page: bytes,
        headers: Mapping[str, str],
        text: str = "",
        stated: float | None = None,
    ) -> Verdict:
        """Returns the verdict on a page.

        Args:
            url: where it came from, or "".
            page: its HTML, in any encoding that holds ASCII as ASCII, or in UTF-16.
            headers: HTTP response headers with lower-case names.
            text: its text, for the user's model.
            stated: what the input says of it, in [0, 1].
        """
        markup = read_markup(page, self.domains.table)
        return self.score_markup(url, markup, headers, text, stated)

    def score_markup(
        self,
        url: str,
        markup: Markup,
        headers: Mapping[str, str],
        text: str = "",
        stated: float | None = None,
    ) -> Verdict:
        """Returns the verdict on a page whose markup was read, with links to `domains`."""
        scores: dict[str, float] = {str(label): 1.0 for label in labels_of(markup, headers)}
        if len(self.domains):
            host, path = split_url(url)
            if self._is_listed(host, path):
                scores[LISTED_DOMAIN] = 1.0
            if markup.may_lead_to_listed:
                scores[LISTED_LINKS] = self._score_links(host, markup)
        if self.model is not None and text.strip():
            scores[MODEL] = _score_text(self.model, text)
        if stated is not None:
            scores[STATED] = stated
        if not scores:
            return _NOTHING
        signals = tuple(sorted(name for name, score in scores.items() if score > 0))
        return Verdict(round(min(1.0, sum(sorted(scores.values()))), SCORE_DECIMALS), signals)

    def _is_listed(self, host: str, path: str = "") -> bool:
        return self.domains.covers_path(host, path) and not self.exceptions.covers_path(host, path)

    def _score_links(self, host: str, markup: Markup) -> float:
        """Returns half the share of the links to other sites that lead to listed ones.

        And half a point more where they decide alone: so a hint stays at or below 0.5 and a
        decision lies above.
        """
        if markup.encoded[1] and not self._targets(host, markup, np.array([markup.encoded])).listed:
            return 0.0  # in some microseconds, where reading all links takes hundreds
        targets = self._targets(host, markup, links_of(markup))
        if not targets.listed:
            return 0.0
        share = targets.listed / targets.outside
        sites = {public_suffixes().registered_domain(target) for target in targets.hosts}
        decides = len(sites) >= LEAST_LISTED_DOMAINS and share >= LEAST_LISTED_SHARE
        return share / 2 + (0.5 if decides else 0.0)

    def _targets(self, host: str, markup: Markup, links: NDArray[np.int64]) -> _Targets:
        """Returns where a page's links lead; hosts in Unicode are looked up one by one."""
        suffixes = public_suffixes()
        site, name, is_alone = _site_of(host)
        outside, listed, shown = _count_listed()(
            np.frombuffer(markup.page, np.uint8),
            links,
            name,
            is_alone,
            *(self.domains.table.hashes, self.domains.table.starts),
            *(self.exceptions.table.hashes, self.exceptions.table.starts),
        )
        hosts: set[str] = set()
        for start, stop, is_listed in shown.tolist():
            target = ascii_name(unquote(text_of(markup.page[start:stop])))
            if is_listed:
                hosts.add(target)
            elif suffixes.registered_domain(target) == site:
                outside -= 1
            elif self._is_listed(target):
                listed += 1
                hosts.add(target)
        return _Targets(outside, listed, frozenset(hosts))


@lru_cache(maxsize=1024)  # pages of a site follow each other in archives
def _site_of(host: str) -> tuple[str, NDArray[np.uint8], bool]:
    """Returns a host's site, its bytes, and whether others own what lies below it."""
    site = public_suffixes().registered_domain(host)
    name = np.frombuffer(site.encode(errors="replace"), np.uint8)
    return site, name, public_suffixes().is_suffix(site)


@lru_cache(maxsize=1)
def _count_listed() -> Callable[..., tuple[int, int, NDArray[np.int64]]]:
    """Returns the kernel; an import statement for each page would take as long as it does."""
    from massivetext.filters.target_kernel import count_listed

    compiled: Callable[..., tuple[int, int, NDArray[np.int64]]] = count_listed
    return compiled


class _Targets(NamedTuple):
    """Where the links of a page lead.

    Attributes:
        outside: links to other sites.
        listed: those of them that lead to listed hosts.
        hosts: some of these hosts.
    """

    outside: int
    listed: int
    hosts: frozenset[str]


def _score_text(model: LanguageClassifier, text: str) -> float:
    """Returns how sure the user's model is; a label that means nothing explicit scores 0."""
    label, probability = model.predict(first_line(text))
    return min(1.0, probability) if label.lower() in EXPLICIT_WORDS else 0.0


def load_scorer(settings: SafeSearch) -> SafeSearchScorer:
    """Returns the scorer of a configuration; lists and model are loaded once a process.

    Raises:
        ConfigError: if a list or the model cannot be read, or no label of the model is explicit.
    """
    model = load_model(settings.model, MODEL_KEY) if settings.model else None
    if model is not None:
        _require_explicit_label(model)
    return SafeSearchScorer(
        domains=load_domain_list(settings.domains, ADULT_CATEGORY),
        exceptions=load_domain_list(settings.exceptions, EXCEPTION_CATEGORY),
        model=model,
    )


def _require_explicit_label(model: LanguageClassifier) -> None:
    """Checks that the model can call a text explicit: another one would score every page 0."""
    if not any(label.lower() in EXPLICIT_WORDS for label in model.labels):
        raise ConfigError(
            f"{MODEL_KEY}: none of the model's {len(model.labels)} labels means explicit content; "
            f"expected one of {', '.join(sorted(EXPLICIT_WORDS))}; "
            f"the first are {first_labels(model)}"
        )
