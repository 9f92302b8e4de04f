"""The published rules of C4 and FineWeb on one page at a time, slow and obvious.

As the papers and the recipes state them, from the first line of a page to the last; sentences and
tokens are counted as ours are.
"""

import re


def c4_verdict(text: str, needs_punctuation: bool = True) -> tuple[str | None, str]:
    """Returns why C4 drops a page (None if it stays), and what is left of its text."""
    left, count = [], 0
    for raw in text.splitlines():
        words = raw.split()
        line = raw.strip()
        for mark in (r"\[[0-9]*\]", r"\[edit\]", r"\[citation needed\]"):
            line = re.sub(mark, "", line)
        ends_well = line[-1:] in tuple(".?!\"'") and line[-1:] and line[-3:] != "..."
        if max(map(len, words), default=0) > 1000:
            continue
        if needs_punctuation and not ends_well:
            continue
        if len(words) < 3:
            continue
        small = line.lower()
        if "lorem ipsum" in small:
            return "lorem_ipsum", ""
        if "javascript" in small:
            continue
        if "{" in line:
            return "curly_brackets", ""
        notices = ("terms of use", "privacy policy", "cookie policy", "uses cookies")
        if any(n in small for n in (*notices, "use of cookies", "use cookies")):
            continue
        count += reference_sentences(line)
        left.append(line)
    if count < 5:
        return "sentences", ""
    return None, "\n".join(left).strip()


def reference_sentences(line: str) -> int:
    """Ends of sentences with something behind them, and the last sentence."""
    line = line.strip()
    if not line:
        return 0
    count, place = 1, 0
    while place < len(line):
        if line[place] in ".!?":
            end = place + 1
            while end < len(line) and line[end] in "\"')]":
                end += 1
            if end < len(line) and re.match(r"\s", line[end]):
                count += 1
                place = end
        place += 1
    return count


def fineweb_verdict(text: str) -> list[str]:
    """Returns why FineWeb's own rules drop a text: all reasons."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return ["punctuated_lines"]
    punctuated = sum(1 for line in lines if line[-1] in ".!?")
    short = sum(1 for line in lines if len(line) <= 30)
    copied = sum(len(line) for n, line in enumerate(lines) if line in lines[:n])
    characters = len(text.replace("\n", ""))
    tokens = len(re.findall(r"\w+|[^\w\s]", text))
    reasons = []
    if punctuated / len(lines) < 0.12:
        reasons.append("punctuated_lines")
    if short / len(lines) > 0.67:
        reasons.append("short_lines")
    if copied / characters > 0.01:
        reasons.append("duplicate_line_characters")
    if text.count("\n") / tokens > 0.3:
        reasons.append("line_feeds_per_token")
    return reasons
