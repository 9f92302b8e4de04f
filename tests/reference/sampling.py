"""Winnowing, window by window. Slow and obvious."""

from __future__ import annotations


def sampled(hashes: list[int], window: int, least: int) -> set[int]:
    """The hashes that stand for a text: the least of every window, and the least of all."""
    if not hashes:
        return set()
    last = max(0, len(hashes) - window)
    windows = (hashes[start : start + window] for start in range(last + 1))
    return {min(part) for part in windows} | set(sorted(set(hashes))[:least])
