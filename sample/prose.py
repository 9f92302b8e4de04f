"""Running English text for the handmade documents: sentences of a novel that is in no subset."""

import random
import re

# Novels keep emphasis as _word_ and letters in odd shapes; such sentences are left out.
UNWANTED = re.compile(r"[_\[\]]|--|CHAPTER|Chapter")
SENTENCE_WORDS = range(9, 41)


class Prose:
    """Hands out the sentences of a text once each, in order, so that no two documents share any."""

    def __init__(self, text: str) -> None:
        paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
        sentences = [
            sentence
            for paragraph in paragraphs
            for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", paragraph)
        ]
        self._sentences = [
            sentence
            for sentence in dict.fromkeys(sentences)
            if len(sentence.split()) in SENTENCE_WORDS
            and sentence[0].isupper()
            and sentence[-1] in ".!?"
            and '"' not in sentence
            and not UNWANTED.search(sentence)
        ]
        self._next = 0

    def sentences(self, words: int) -> list[str]:
        """The next sentences, of at least `words` words together."""
        taken: list[str] = []
        while sum(len(sentence.split()) for sentence in taken) < words:
            taken.append(self._sentences[self._next])
            self._next += 1
        return taken

    def words(self, count: int) -> list[str]:
        """Exactly `count` words from the next sentences."""
        return " ".join(self.sentences(count)).split()[:count]

    def paragraphs(self, words: int, sentences_each: int = 4) -> list[str]:
        """The next sentences as paragraphs, of at least `words` words together."""
        taken = self.sentences(words)
        return [
            " ".join(taken[start : start + sentences_each])
            for start in range(0, len(taken), sentences_each)
        ]


def characters(words: list[str]) -> int:
    """Characters of words without the white space between them (the filters' denominator)."""
    return sum(map(len, words))


def change_word(text: str, position: float, replacement: str) -> str:
    """The text with one word replaced, at `position` (0 first, 1 last) of its words."""
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    start, stop = spans[int(position * (len(spans) - 1))]
    return text[:start] + replacement + text[stop:]


def word_salad(words: list[str], count: int, seed: int) -> str:
    """`count` words drawn from a small vocabulary, in sentences of 12 and paragraphs of 10."""
    draw = random.Random(seed)
    chosen = [draw.choice(words) for _ in range(count)]
    sentences = [
        " ".join(chosen[start : start + 12]).capitalize() + "." for start in range(0, count, 12)
    ]
    return "\n\n".join(
        " ".join(sentences[start : start + 10]) for start in range(0, len(sentences), 10)
    )
