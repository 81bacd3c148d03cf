"""A persistent priority queue: a leftist heap. `push`, `pop` and `merge` are O(log n) and leave the old heap as it was.

Source: Okasaki, "Purely Functional Data Structures" (1998), section 3.1.
"""

from __future__ import annotations

from typing import Any

# (rank, item, left, right); None is the empty heap. Items are tuples that compare.
Heap = Any

EMPTY_HEAP: Heap = None


def push(heap: Heap, item: Any) -> Heap:
    """A heap with one more item."""
    return _merge(heap, (1, item, None, None))


def peek(heap: Heap) -> Any:
    """The smallest item of a non-empty heap."""
    return heap[1]


def pop(heap: Heap) -> Heap:
    """A non-empty heap without its smallest item."""
    return _merge(heap[2], heap[3])


def _merge(a: Heap, b: Heap) -> Heap:
    if a is None:
        return b
    if b is None:
        return a
    if b[1] < a[1]:
        a, b = b, a
    left, right = a[2], _merge(a[3], b)
    if left is None or left[0] < right[0]:
        left, right = right, left
    return (1 if right is None else right[0] + 1, a[1], left, right)
