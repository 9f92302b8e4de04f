"""SafeSearch stand-in (A.1.1, content filter): explicit pages by web signals, not by words.

The paper filters MassiveWeb with Google SafeSearch, which "uses various web signals to identify
explicit content", and prefers it to word lists, because these disproportionately filter out
inoffensive content associated with minority groups. Google's signals are not public. Ours:

- what the site says of itself (`self_labels`): decisive;
- the page's domain or URL on a list that the user brings (`domain_list`): decisive;
- links to listed domains: a hint, and decisive where many of them lead there;
- a fastText model that the user brings, on the text: as decisive as it is sure.

Without lists and model only self-labels decide; reports must say so (`SafeSearchScorer.sources`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from massivetext.config import SafeSearch
from massivetext.filters.domain_list import (
    DomainList,
    host_of,
    load_domain_list,
    public_suffixes,
)
from massivetext.filters.language import SCORE_DECIMALS, LanguageClassifier, first_line, load_model
from massivetext.filters.self_labels import self_labels

LISTED_DOMAIN: Final = "listed_domain"
LISTED_LINKS: Final = "listed_links"
MODEL: Final = "model"
"""Names of signals, beside those of `SelfLabel`."""

LEAST_LISTED_DOMAINS: Final = 2
LEAST_LISTED_SHARE: Final = 0.1
"""Our choice: links decide alone where they lead to two listed domains and a tenth of them does."""

EXPLICIT_LABELS: Final = frozenset(("adult", "explicit", "nsfw", "porn", "unsafe"))
"""Labels of a user's model that mean explicit content; every other label scores 0."""

MODEL_KEY: Final = "safesearch.model"

ADULT_CATEGORY: Final = "adult"
EXCEPTION_CATEGORY: Final = "sexual_education"
"""Folders of UT1 that a list of adult domains, and one of exceptions, is read from."""

_LINK: Final = re.compile(
    rb"<a\s[^>]*?href\s*=\s*[\"']?\s*(?:https?:)?//([^/\"'\s>?#]+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Verdict:
    """What the signals say of a page.

    Attributes:
        score: in [0, 1], rounded to four decimals; `safesearch.max_score` decides.
        signals: names of the signals that were found, sorted.
    """

    score: float
    signals: tuple[str, ...]


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
        if len(self.domains):
            found.append(f"{len(self.domains):,} listed domains and URLs")
        if self.model is not None:
            found.append("a text model")
        return tuple(found)

    def score(self, url: str, page: bytes, headers: Mapping[str, str], text: str = "") -> Verdict:
        """Returns the verdict on a page.

        Args:
            url: where it came from, or "".
            page: its HTML as it was sent.
            headers: HTTP response headers with lower-case names.
            text: its text, for the user's model.
        """
        scores: dict[str, float] = {str(label): 1.0 for label in self_labels(page, headers)}
        if len(self.domains):
            if self._is_listed(url):
                scores[LISTED_DOMAIN] = 1.0
            scores[LISTED_LINKS] = self._score_links(host_of(url), page)
        if self.model is not None and text.strip():
            scores[MODEL] = _score_text(self.model, text)
        signals = tuple(sorted(name for name, score in scores.items() if score > 0))
        return Verdict(round(min(1.0, sum(sorted(scores.values()))), SCORE_DECIMALS), signals)

    def _is_listed(self, url: str) -> bool:
        return self.domains.covers_url(url) and not self.exceptions.covers_url(url)

    def _score_links(self, host: str, page: bytes) -> float:
        """Returns half the share of the links to other sites that lead to listed ones.

        And half a point more where they decide alone: so a hint stays at or below 0.5 and a
        decision lies above.
        """
        suffixes = public_suffixes()
        own_site = suffixes.registered_domain(host)
        outside: Counter[str] = Counter()
        for authority, count in Counter(_LINK.findall(page)).items():
            target = host_of("//" + authority.decode("latin-1"))
            site = suffixes.registered_domain(target)
            if target and site != own_site:
                outside[target] += count
        listed = self.domains.covered(outside)
        listed -= self.exceptions.covered(listed)
        if not listed:
            return 0.0
        share = sum(outside[target] for target in listed) / outside.total()
        sites = {suffixes.registered_domain(target) for target in listed}
        decides = len(sites) >= LEAST_LISTED_DOMAINS and share >= LEAST_LISTED_SHARE
        return share / 2 + (0.5 if decides else 0.0)


def _score_text(model: LanguageClassifier, text: str) -> float:
    label, probability = model.predict(first_line(text))
    return min(1.0, probability) if label.lower() in EXPLICIT_LABELS else 0.0


def load_scorer(settings: SafeSearch) -> SafeSearchScorer:
    """Returns the scorer of a configuration; lists and model are loaded once a process.

    Raises:
        ConfigError: if a list or the model cannot be read.
    """
    return SafeSearchScorer(
        domains=load_domain_list(settings.domains, ADULT_CATEGORY),
        exceptions=load_domain_list(settings.exceptions, EXCEPTION_CATEGORY),
        model=load_model(settings.model, MODEL_KEY) if settings.model else None,
    )
