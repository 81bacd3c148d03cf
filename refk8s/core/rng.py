"""SplitMix64: the one random generator; small, seedable, the same on every platform and Python version."""

from __future__ import annotations

_MASK = (1 << 64) - 1


class SplitMix64:
    """Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (2014). Seeds are any integers (taken mod 2**64)."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def next(self) -> int:
        """The next 64-bit integer."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """An integer in 0 … bound-1 (bound ≥ 1), by multiplication; the bias is below bound / 2**64."""
        return (self.next() * bound) >> 64

    def chance(self, numerator: int, denominator: int) -> bool:
        """True with probability numerator / denominator."""
        return self.below(denominator) < numerator
