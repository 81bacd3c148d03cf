"""PrioritySort: the queue's order is by priority, then by time.

Source: pkg/scheduler/framework/plugins/queuesort/priority_sort.go.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from refk8s.scheduler.framework import SKIP, CycleState, Plugin, Point, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.queue_sort import queue_sort_key

__all__ = ["PrioritySort"]


@attrs.frozen
class PrioritySort(Plugin):
    """Orders the queue; takes no part in the cycle."""

    name = "PrioritySort"
    points = frozenset({Point.QUEUE_SORT})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def queue_key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        return queue_sort_key(pod.priority, since_ms)
