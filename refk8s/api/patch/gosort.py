"""Go's stable sort, step by step: for comparisons that are no order, its result is part of upstream's behaviour.

Source: Go's sort.SliceStable (insertion sort of blocks of twenty, then in-place merging by rotation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
Less = Callable[[T, T], bool]
BLOCK = 20


def sort_stable(items: Iterable[T], less: Less[T]) -> list[T]:
    """The items in the order that Go's stable sort leaves them in, whatever `less` says."""
    data = list(items)
    size = len(data)
    for start in range(0, size, BLOCK):
        insertion_sort(data, start, min(start + BLOCK, size), less)
    block = BLOCK
    while block < size:
        start = 0
        while start + 2 * block <= size:
            _merge(data, start, start + block, start + 2 * block, less)
            start += 2 * block
        if start + block < size:
            _merge(data, start, start + block, size, less)
        block *= 2
    return data


def insertion_sort(data: list[T], start: int, end: int, less: Less[T]) -> None:
    """Sorts `data[start:end]` in place."""
    for i in range(start + 1, end):
        j = i
        while j > start and less(data[j], data[j - 1]):
            data[j], data[j - 1] = data[j - 1], data[j]
            j -= 1


def _merge(data: list[T], a: int, m: int, b: int, less: Less[T]) -> None:
    """Merges the sorted runs `data[a:m]` and `data[m:b]` in place."""
    if m - a == 1:
        i, j = m, b
        while i < j:
            h = (i + j) // 2
            i, j = (h + 1, j) if less(data[h], data[a]) else (i, h)
        data.insert(i - 1, data.pop(a))
        return
    if b - m == 1:
        i, j = a, m
        while i < j:
            h = (i + j) // 2
            i, j = (h + 1, j) if not less(data[m], data[h]) else (i, h)
        data.insert(i, data.pop(m))
        return
    mid = (a + b) // 2
    n = mid + m
    start, r = (n - b, mid) if m > mid else (a, m)
    p = n - 1
    while start < r:
        c = (start + r) // 2
        start, r = (c + 1, r) if not less(data[p - c], data[c]) else (start, c)
    end = n - start
    if start < m < end:
        data[start:end] = data[m:end] + data[start:m]
    if a < start < mid:
        _merge(data, a, start, mid, less)
    if mid < end < b:
        _merge(data, mid, end, b, less)
