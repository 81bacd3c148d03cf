"""How raw scores become 0…MAX_SCORE, and Go's division.

Source: pkg/scheduler/framework/plugins/helper/normalize_score.go.
"""

from __future__ import annotations

import math

from refk8s.scheduler.framework import MAX_SCORE

__all__ = ["by_maximum", "by_maximum_reversed", "quotient", "rounded"]


def by_maximum(scores: list[int]) -> list[int]:
    """Return each score as a share of the highest; all as they are if none is above 0."""
    highest = max(scores, default=0)
    return [MAX_SCORE * score // highest for score in scores] if highest > 0 else scores


def by_maximum_reversed(scores: list[int]) -> list[int]:
    """Return MAX_SCORE less each score's share of the highest; MAX_SCORE for all if none is above 0."""
    highest = max(scores, default=0)
    if highest <= 0:
        return [MAX_SCORE] * len(scores)
    return [MAX_SCORE - MAX_SCORE * score // highest for score in scores]


def quotient(dividend: int, divisor: int) -> int:
    """Return dividend / divisor truncated toward zero, as Go divides."""
    whole = abs(dividend) // abs(divisor)
    return whole if (dividend < 0) == (divisor < 0) else -whole


def rounded(amount: float) -> int:
    """Return the nearest integer, halves away from zero, as Go's math.Round."""
    whole = math.trunc(amount)
    if abs(amount - whole) >= 0.5:
        whole += 1 if amount > 0 else -1
    return whole
