"""DynamicResources: not modelled (dynamic resource allocation is out); only what it says about a pod without claims after the filters.

Source: pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go, PostFilter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, PostFilterResult, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["DynamicResources"]


@attrs.frozen
class DynamicResources(Plugin):
    """Comes before preemption and finds no claim to take back."""

    name = "DynamicResources"
    points = frozenset({Point.POST_FILTER})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def post_filter(self, cycle: CycleState, pod: PodInfo, rejected: Mapping[str, Status]) -> PostFilterResult:
        return PostFilterResult(Status(Code.UNSCHEDULABLE, self.name, ("no new claims to deallocate",)))
