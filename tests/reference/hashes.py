"""The hashes behind shingles and signatures, number by number. Slow and obvious."""

from __future__ import annotations

MASK_32 = 2**32 - 1
MASK_64 = 2**64 - 1
FNV_OFFSET = 0xCBF29CE484222325
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio, odd


def fmix_64(value: int) -> int:
    """murmur3's 64-bit finaliser."""
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK_64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK_64
    return value ^ value >> 33


def fmix_32(value: int) -> int:
    """murmur3's 32-bit finaliser."""
    value = (value ^ value >> 16) * 0x85EBCA6B & MASK_32
    value = (value ^ value >> 13) * 0xC2B2AE35 & MASK_32
    return value ^ value >> 16


def word_hash(word: str) -> int:
    """Multiply and shift a code point, then fmix64."""
    state = FNV_OFFSET
    for character in word:
        state = (state ^ ord(character)) * GOLDEN & MASK_64
        state ^= state >> 29
    return fmix_64(state)


def ngram_hashes(words: list[str], ngram: int) -> list[int]:
    """fmix64 of a polynomial over the hashes of n words; of all words of a shorter text."""
    hashes = [word_hash(word) for word in words]
    if not hashes:
        return []
    if len(hashes) < ngram:
        return [fmix_64(polynomial(hashes) ^ len(hashes))]
    return [fmix_64(polynomial(hashes[i : i + ngram])) for i in range(len(hashes) - ngram + 1)]


def polynomial(values: list[int]) -> int:
    """Horner's rule modulo 2^64."""
    total = 0
    for value in values:
        total = (total * GOLDEN + value) & MASK_64
    return total


def signature(hashes: list[int], multipliers: list[int], summands: list[int]) -> list[int]:
    """Minimum of a*h + b modulo 2^32 for each permutation; h is the mixed high half of a hash."""
    values = [fmix_32(value >> 32) for value in hashes]
    return [
        min(((a * value + b) & MASK_32 for value in values), default=MASK_32)
        for a, b in zip(multipliers, summands, strict=True)
    ]
