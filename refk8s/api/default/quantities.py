"""The text of a quantity after decoding and defaulting.

Source: apimachinery/pkg/api/resource/quantity.go (UnmarshalJSON, RoundUp), pkg/apis/core/v1/defaults.go
(SetDefaults_ResourceList).
"""

from __future__ import annotations

from functools import lru_cache

from refk8s.kinds.quantity import Quantity, from_json

_MILLI = -3


@lru_cache(maxsize=16_384)
def canonical_quantity(text: str) -> str:
    """The canonical text of a quantity. Raises QuantityError."""
    return from_json(text).canonical()


@lru_cache(maxsize=16_384)
def rounded_quantity(text: str) -> str:
    """The canonical text of an entry of a resource list, where amounts are rounded up to thousandths.

    Raises QuantityError.
    """
    quantity = from_json(text)
    if quantity.exponent >= _MILLI and not quantity.big:
        return quantity.canonical()
    unscaled, exponent = quantity.unscaled, quantity.exponent
    if exponent < _MILLI:
        amount = -(-abs(unscaled) // 10 ** (_MILLI - exponent))
        unscaled, exponent = amount if unscaled >= 0 else -amount, _MILLI
    return Quantity(unscaled, exponent, quantity.format, quantity.big).canonical()
