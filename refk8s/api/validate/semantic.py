"""When two trees mean the same to Kubernetes: quantities by amount, everything else as it stands.

The trees are in canonical form (`refk8s.api.default`), where absent and empty are already the same.
Source: apimachinery/pkg/api/equality/semantic.go.
"""

from __future__ import annotations

from typing import Any

from refk8s.kinds.quantity import Quantity, QuantityError, parse

_LISTS = frozenset({"limits", "requests", "overhead", "capacity", "allocatable", "allocatedResources"})
_FIELDS = frozenset({"sizeLimit", "divisor"})


def semantically_equal(a: Any, b: Any) -> bool:
    """Whether two trees of the same type are equal but for the spelling of quantities."""
    return bool(a is b or a == b) or _equal(a, b)


def _equal(a: Any, b: Any) -> bool:
    """The slow way, for trees that differ somewhere."""
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return False
        return all(a[key] is b[key] or a[key] == b[key] or _entry(key, a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(x == y or _equal(x, y) for x, y in zip(a, b, strict=True))
    return False


def _entry(key: str, a: Any, b: Any) -> bool:
    """Two unequal values under the same key."""
    if key in _LISTS and isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same_amount(a[name], b[name]) for name in a)
    if key in _FIELDS and isinstance(a, str) and isinstance(b, str):
        return _same_amount(a, b)
    return _equal(a, b)


def _same_amount(a: Any, b: Any) -> bool:
    amounts = (_amount(a), _amount(b))
    return a == b or (amounts[0] is not None and amounts[0] == amounts[1])


def _amount(text: Any) -> Quantity | None:
    """The quantity; None where a label happens to sit under such a key."""
    try:
        return parse(text) if isinstance(text, str) else None
    except QuantityError:
        return None
