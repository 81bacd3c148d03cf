"""Sets of indexes as a Job's status and success policy write them: `1,3-5,7`.

Source: pkg/apis/batch/validation/validation.go, validateIndexesFormat, validateFailedIndexesNotOverlapCompleted.
"""

from __future__ import annotations

import re

from refk8s.kinds.fielderror import quote


class IndexesError(ValueError):
    """The text is no set of indexes; the message is upstream's."""


def total(text: str, completions: int) -> int:
    """How many indexes the text names, all below `completions`. Raises IndexesError."""
    count, last = 0, None
    for interval in text.split(",") if text else ():
        first, end = _interval(interval, completions)
        if last is not None and last >= first:
            raise IndexesError(f"non-increasing order, previous: {last}, current: {first}")
        count += end - first + 1
        last = end
    return count


def overlap(completed: str, failed: str, completions: int) -> str:
    """Upstream's complaint about the first index in both sets, "" if there is none; what cannot be read is overlooked."""
    left, right = (_readable(text, completions) for text in (completed, failed))
    while left and right:
        (first, last), (failed_first, failed_last) = left[0], right[0]
        if first <= failed_last and failed_first <= last:
            return f"failedIndexes and completedIndexes overlap at index: {max(first, failed_first)}"
        (left if first <= failed_first else right).pop(0)
    return ""


def _readable(text: str, completions: int) -> list[tuple[int, int]]:
    found = []
    for interval in text.split(",") if text else ():
        try:
            found.append(_interval(interval, completions))
        except IndexesError:
            continue
    return found


def _interval(text: str, completions: int) -> tuple[int, int]:
    parts = text.split("-")
    if len(parts) > 2:
        what = "violates the requirement that an index interval can have at most two parts separated by '-'"
        raise IndexesError(f"the fragment {quote(text)} {what}")
    numbers = [_index(part, completions) for part in parts]
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise IndexesError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _index(text: str, completions: int) -> int:
    if not re.fullmatch("[+-]?[0-9]+", text, re.ASCII) or not -(2**63) <= int(text) < 2**63:
        raise IndexesError(f"cannot convert string to integer for index: {quote(text)}")
    if int(text) >= completions:
        raise IndexesError(f"too large index: {quote(text)}")
    return int(text)
