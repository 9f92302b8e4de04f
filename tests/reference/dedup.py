"""Duplicates by brute force: every pair compared, every set a Python set. Slow and obvious."""

from __future__ import annotations

import unicodedata


def words(text: str, fold_case: bool = False) -> list[str]:
    """Maximal runs of alphanumeric characters of the NFC text."""
    text = unicodedata.normalize("NFC", text)
    if fold_case:
        text = unicodedata.normalize("NFC", text.casefold())
    found, current = [], ""
    for character in text:
        if character.isalnum():
            current += character
        elif current:
            found.append(current)
            current = ""
    return [*found, current] if current else found


def shingles(text: str, ngram: int = 13, fold_case: bool = False) -> set[tuple[str, ...]]:
    """Every n consecutive words; all words of a shorter text; nothing without words."""
    sequence = words(text, fold_case)
    if 0 < len(sequence) < ngram:
        return {tuple(sequence)}
    return {tuple(sequence[i : i + ngram]) for i in range(len(sequence) - ngram + 1)}


def jaccard(one: set, other: set) -> float:
    """Shared elements divided by all elements."""
    return len(one & other) / len(one | other) if one | other else 0.0


def similar_pairs(sets: list[set], threshold: float = 0.8) -> dict[tuple[int, int], float]:
    """All pairs (i < j) of sets with a Jaccard above the threshold."""
    return {
        (i, j): similarity
        for i in range(len(sets))
        for j in range(i + 1, len(sets))
        if (similarity := jaccard(sets[i], sets[j])) > threshold
    }


def removals(
    texts: list[str], order: list[int], threshold: float = 0.8, ngram: int = 13
) -> dict[int, tuple[str, int, float]]:
    """Pairwise rule with exact duplicates first: document -> (reason, partner, Jaccard).

    `order` lists the documents from the one that wins against all to the one that loses to all.
    """
    place = {document: position for position, document in enumerate(order)}
    sets = [shingles(text, ngram) for text in texts]
    groups: dict[tuple[str, ...], list[int]] = {}
    for document in order:
        sequence = words(texts[document])
        if sequence:
            groups.setdefault(tuple(sequence), []).append(document)
    removed = {}
    for winner, *losers in groups.values():
        seen = {texts[winner]: winner}
        for document in losers:
            copy = seen.setdefault(texts[document], document)
            removed[document] = ("near", winner, 1.0) if copy == document else ("exact", copy, 1.0)
    winners = [group[0] for group in groups.values()]
    for document in winners:
        for partner in sorted(winners, key=place.__getitem__):
            similarity = jaccard(sets[document], sets[partner])
            if place[partner] < place[document] and similarity > threshold:
                removed[document] = ("near", partner, similarity)
                break
    return removed


def greedy(pairs: dict[tuple[int, int], float], order: list[int]) -> set[int]:
    """Documents that have a kept partner when asked in the given order."""
    kept: set[int] = set()
    for document in order:
        if not any(tuple(sorted((document, other))) in pairs for other in kept):
            kept.add(document)
    return set(order) - kept


def components(pairs: dict[tuple[int, int], float], order: list[int]) -> set[int]:
    """All but the first, in the given order, of every connected component."""
    removed, seen = set(), set()
    for start in order:
        if start in seen:
            continue
        reached, waiting = {start}, [start]
        while waiting:
            document = waiting.pop()
            for one, other in pairs:
                if document in (one, other):
                    neighbour = other if document == one else one
                    if neighbour not in reached:
                        reached.add(neighbour)
                        waiting.append(neighbour)
        removed |= reached - {start}
        seen |= reached
    return removed
