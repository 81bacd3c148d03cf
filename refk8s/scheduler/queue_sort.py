"""The order of the scheduling queue: PrioritySort.

Source: pkg/scheduler/framework/plugins/queuesort/priority_sort.go.
"""

from __future__ import annotations

from collections.abc import Iterable


def queue_sort_key(priority: int | None, timestamp: int) -> tuple[int, int]:
    """Sort key of a queued pod: higher priority first, then the earlier timestamp; no priority counts as 0.

    `timestamp` is when the pod entered the queue, in any unit that all pods of the queue share.
    """
    return (-(priority or 0), timestamp)


def queue_order(pods: Iterable[tuple[str, int | None, int]]) -> list[str]:
    """The names of queued pods (name, priority, timestamp), first to be scheduled first; ties keep their order."""
    return [name for name, _, _ in sorted(pods, key=lambda pod: queue_sort_key(pod[1], pod[2]))]
