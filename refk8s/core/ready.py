"""Ready-sets: integers used as bitsets over dense ids, so that "who can act?" costs the same at 20 objects and at 5,000 nodes."""

from __future__ import annotations

from collections.abc import Iterator


def lowest(bits: int) -> int:
    """The lowest id in a non-empty set."""
    return (bits & -bits).bit_length() - 1


def ids(bits: int) -> Iterator[int]:
    """The ids of a set, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def nth(bits: int, n: int) -> int:
    """The n-th lowest id (from 0). Raises IndexError if the set has no more than n ids."""
    if not 0 <= n < bits.bit_count():
        raise IndexError(n)
    low, width = 0, bits.bit_length()
    while width > 1:  # halve: which half holds the n-th bit?
        half = width // 2
        lower = bits & ((1 << half) - 1)
        count = lower.bit_count()
        if n < count:
            bits, width = lower, half
        else:
            bits, width, low, n = bits >> half, width - half, low + half, n - count
    return low
