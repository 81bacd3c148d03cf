"""PrioritySort: the queue's order is by priority, then by time.

Source: pkg/scheduler/framework/plugins/queuesort/priority_sort.go.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from refk8s.scheduler.framework import SKIP, CycleState, Plugin, Point, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

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

    def less(self, pod: PodInfo, since_ms: int, other: PodInfo, other_since_ms: int) -> bool:
        return pod.priority > other.priority or (pod.priority == other.priority and since_ms < other_since_ms)
