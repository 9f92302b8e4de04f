"""The measures of a text in the plainest Python, written from the specification.

This is the oracle that the kernel in `massivetext.filters` is tested against. It imports nothing of
the product, knows no speed, and says for every measure what is counted. The rules are those of
arXiv 2112.11446, A.1.1 and Table A1; where the paper is silent the choice is named.

Terms:
    character   a Unicode code point.
    word        a maximal run of characters that are not white space (`str.isspace`).
    line        what lies between line feeds, stripped of white space at both ends, if not empty.
    paragraph   lines that follow each other without an empty line between them.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
BULLETS = "•‣⁃●○▪■◦·"
BULLETS_BEFORE_SPACE = "-–*+"  # these also start words and numbers: "-1", "*args"
ELLIPSES = ("...", ". . .", "…")
ELLIPSIS = re.compile(r"\.\.\.|\. \. \.|…")

CONTINUATION = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # bytes 0x80 to 0xBF in windows-1252
SEQUENCE = re.compile(
    f"[\xc2-\xdf]{CONTINUATION}|[\xe0-\xef]{CONTINUATION}{{2}}|[\xf0-\xf4]{CONTINUATION}{{3}}"
)
SEQUENCES = re.compile(f"(?:{SEQUENCE.pattern})+")
ALWAYS_WRONG = "ÂÃâð"  # begin what English text has beyond ASCII; of others it takes two in a row
LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
OTHER_SCRIPTS = "\u0400-\u04ff\u05d0-\u05ea\u0620-\u064a"
LETTERS = re.compile(f"[{LATIN}{OTHER_SCRIPTS}]+")

TOP_GRAMS = (2, 3, 4)
DUPLICATE_GRAMS = (5, 6, 7, 8, 9, 10)


def measures(text: str, count: str = "all", characters: str = "words") -> dict[str, float]:
    """Returns every measure by its name.

    `count`: "all" occurrences of a repeated n-gram, or only the "repeats" after the first.
    `characters`: n-gram fractions are shares of the "words"' characters, or of all the "text"'s.
    """
    words = text.split()
    paragraphs = split_paragraphs(text)
    lines = [line for paragraph in paragraphs for line in paragraph]
    return {
        **quality_measures(text, words, lines),
        **line_measures(lines, paragraphs),
        **gram_measures(text, words, count, characters),
    }


def quality_measures(text: str, words: list[str], lines: list[str]) -> dict[str, float]:
    """Returns the measures of the quality filter."""
    return {
        "words": len(words),
        "mean_word_length": ratio(total_length(words), len(words)),
        "hash_to_word_ratio": ratio(text.count("#"), len(words)),
        "ellipsis_to_word_ratio": ratio(len(ELLIPSIS.findall(text)), len(words)),
        "bullet_line_fraction": ratio(sum(map(starts_with_bullet, lines)), len(lines)),
        "ellipsis_line_fraction": ratio(sum(line.endswith(ELLIPSES) for line in lines), len(lines)),
        "alphabetic_word_fraction": ratio(sum(map(has_letter, words)), len(words)),
        "stop_words": len({bare(word) for word in words} & STOP_WORDS),
        "mojibake": text.count("\ufffd") + doubly_encoded(text) + stray_letters(text),
    }


def line_measures(lines: list[str], paragraphs: list[tuple[str, ...]]) -> dict[str, float]:
    """Returns the four measures of repeated lines and paragraphs."""
    line_sizes = [len(line) for line in lines]
    paragraph_sizes = [total_length(paragraph) for paragraph in paragraphs]
    line_copies = copies(lines)
    paragraph_copies = copies(paragraphs)
    return {
        "duplicate_line_fraction": ratio(sum(line_copies), len(lines)),
        "duplicate_paragraph_fraction": ratio(sum(paragraph_copies), len(paragraphs)),
        "duplicate_line_character_fraction": share(line_sizes, line_copies),
        "duplicate_paragraph_character_fraction": share(paragraph_sizes, paragraph_copies),
    }


def gram_measures(text: str, words: list[str], count: str, characters: str) -> dict[str, float]:
    """Returns the nine measures of repeated word n-grams.

    A word inside several repeated n-grams counts once: the words are marked, then added up.
    """
    whole = total_length(words) if characters == "words" else len(text)
    found = {}
    for n in TOP_GRAMS:
        starts = top_gram_starts(words, n)
        found[f"top_{n}_gram_character_fraction"] = ratio(covered(words, starts, n), whole)
    for n in DUPLICATE_GRAMS:
        starts = duplicate_gram_starts(words, n, count)
        found[f"duplicate_{n}_gram_character_fraction"] = ratio(covered(words, starts, n), whole)
    return found


def split_paragraphs(text: str) -> list[tuple[str, ...]]:
    """Returns the paragraphs, each the tuple of its stripped lines."""
    paragraphs: list[tuple[str, ...]] = []
    open_lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            open_lines.append(line.strip())
        elif open_lines:
            paragraphs.append(tuple(open_lines))
            open_lines = []
    return paragraphs


def starts_with_bullet(line: str) -> bool:
    """Whether a stripped line starts with a bullet."""
    if line[0] in BULLETS_BEFORE_SPACE:
        return len(line) == 1 or line[1].isspace()
    return line[0] in BULLETS


def has_letter(word: str) -> bool:
    """Whether any character is a letter of any script."""
    return any(character.isalpha() for character in word)


def bare(word: str) -> str:
    """Returns the word in lower case, without the ends that are neither letters nor digits."""
    inside = [i for i, character in enumerate(word) if character.isalnum()]
    return word[inside[0] : inside[-1] + 1].lower() if inside else ""


def doubly_encoded(text: str) -> int:
    """Returns how many characters stand as the bytes of their UTF-8, read as windows-1252."""
    found = 0
    for run in SEQUENCES.findall(text):
        sequences = SEQUENCE.findall(run)
        if len(sequences) > 1 or sequences[0][0] in ALWAYS_WRONG:
            found += len(sequences)
    return found


def stray_letters(text: str) -> int:
    """Returns how many letters stand among more of another script, without a break."""
    found = 0
    for run in LETTERS.findall(text):
        others = len(re.findall(f"[{OTHER_SCRIPTS}]", run))
        found += min(others, len(run) - others)
    return found


def copies(items: Sequence[Hashable]) -> list[bool]:
    """Returns for each item whether an equal one came before it."""
    seen: set[Hashable] = set()
    marks = []
    for item in items:
        marks.append(item in seen)
        seen.add(item)
    return marks


def grams(words: list[str], n: int) -> list[tuple[str, ...]]:
    """Returns the n-gram that starts at each word."""
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def top_gram_starts(words: list[str], n: int) -> list[int]:
    """Returns where the most frequent n-gram starts; nowhere if none occurs twice.

    Of equally frequent n-grams it is the one with the most characters, then the earliest.
    """
    found = grams(words, n)
    counts = Counter(found)
    top = max(counts, key=lambda gram: (counts[gram], total_length(gram)), default=())
    if counts[top] < 2:
        return []
    return [i for i, gram in enumerate(found) if gram == top]


def duplicate_gram_starts(words: list[str], n: int, count: str) -> list[int]:
    """Returns where the n-grams start that occur more than once."""
    found = grams(words, n)
    if count == "repeats":
        return [i for i, is_copy in enumerate(copies(found)) if is_copy]
    counts = Counter(found)
    return [i for i, gram in enumerate(found) if counts[gram] > 1]


def covered(words: list[str], starts: list[int], n: int) -> int:
    """Returns the characters of all words that lie in an n-gram starting at one of `starts`."""
    marked = {i for start in starts for i in range(start, start + n)}
    return sum(len(words[i]) for i in marked)


def total_length(strings: Iterable[str]) -> int:
    """Returns the number of characters of all strings together."""
    return sum(len(string) for string in strings)


def share(sizes: list[int], marks: list[bool]) -> float:
    """Returns the share that the marked items have in the sum of sizes."""
    return ratio(sum(size for size, mark in zip(sizes, marks, strict=True) if mark), sum(sizes))


def ratio(part: int, whole: int) -> float:
    """Returns part / whole in one division; an empty document measures 0."""
    return part / whole if whole else 0.0
