"""Sequence construction in the plainest Python, written from the specification (A.1.2).

The oracle for `massivetext.sequencing`: lists, loops and fractions; it imports nothing of the
product. Randomness comes in as numbers, so that both sides can be given the same.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

Piece = tuple[int, int, int, int, int]
"""crop, first and last + 1 token in the crop, first and last + 1 token in the sequence."""


def crop(text: bytes, length: int, uniform: Fraction) -> tuple[int, int]:
    """Returns the crop [start, stop) for s = -C/4 + uniform * B, ends moved to whole characters."""
    size = 15 * length
    s = math.floor(uniform * len(text) - Fraction(size, 4))
    inside = [p for p in range(len(text)) if s <= p < s + size]
    whole = [
        (a, b)
        for a, b in character_ranges(text)
        if inside and inside[0] <= a and b <= inside[-1] + 1
    ]
    if not whole:
        return 0, 0
    return whole[0][0], whole[-1][1]


def character_ranges(text: bytes) -> list[tuple[int, int]]:
    """Returns the bytes of each character."""
    ranges, start = [], 0
    for character in text.decode():
        stop = start + len(character.encode())
        ranges.append((start, stop))
        start = stop
    return ranges


def coverage(p: int, size: int, length: int) -> Fraction:
    """Returns the probability that byte p of `size` lies in a crop (closed form)."""
    c = 15 * length
    low = max(Fraction(p - c), Fraction(-c, 4))
    high = min(Fraction(p), size - Fraction(c, 4))
    return min(Fraction(1), max(Fraction(0), (high - low) / size))


def sequences(
    crops: Sequence[Sequence[int]],
    length: int,
    crops_per_group: int,
    bos: int,
    eos: int,
    tokens_per_group: int = 0,
) -> tuple[list[list[int]], list[list[Piece]], int]:
    """Returns sequences, the pieces of crops in each, and the number of discarded tokens."""
    made: list[list[int]] = []
    pieces: list[list[Piece]] = []
    discarded = 0
    group = 0
    stream: list[tuple[int, int, int]] = []
    for number, crop_tokens in enumerate(crops):
        wrapped = [bos, *crop_tokens, eos]
        stream += [(token, number, place) for place, token in enumerate(wrapped)]
        group += 1
        is_full = group >= crops_per_group and len(stream) >= tokens_per_group
        if not is_full and number + 1 < len(crops):
            continue
        while len(stream) >= length:
            head, stream = stream[:length], stream[length:]
            made.append([token for token, _, _ in head])
            pieces.append(_pieces([(number, place) for _, number, place in head]))
        discarded += len(stream)
        group, stream = 0, []
    return made, pieces, discarded


def _pieces(places: list[tuple[int, int]]) -> list[Piece]:
    found: list[Piece] = []
    for index, (number, place) in enumerate(places):
        if found and found[-1][0] == number:
            number, a, _, c, _ = found[-1]
            found[-1] = (number, a, place + 1, c, index + 1)
        else:
            found.append((number, place, place + 1, index, index + 1))
    return found


def largest_remainder(total: int, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Returns seats by Hamilton's method; among equal remainders the first name wins."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    seats = {name: math.floor(quota) for name, quota in exact.items()}
    while sum(seats.values()) < total:
        winner = max(sorted(exact), key=lambda name: exact[name] - seats[name])
        seats[winner] += 1
    return seats
