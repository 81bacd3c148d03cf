"""NodeName: a pod that names its node runs only there.

Source: pkg/scheduler/framework/plugins/nodename/node_name.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource
from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, PreFilterResult, Skip, Status
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["NodeName"]

_OTHER_NODE: Final = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "NodeName", ("node(s) didn't match the requested node name",)
)


@attrs.frozen
class NodeName(Plugin):
    """Filters by spec.nodeName."""

    name = "NodeName"
    points = frozenset({Point.FILTER})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
        name = pod.pod.spec.node_name
        return PreFilterResult(name) if name else SKIP

    def filter(self, state: str, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None if node.name == state else _OTHER_NODE

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def events(self) -> tuple[EventHint, ...]:
        return (EventHint(ClusterEvent(EventResource.NODE, ActionType.ADD)),)
