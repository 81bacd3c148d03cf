"""NodeUnschedulable: a cordoned node takes only pods that tolerate the taint of cordoned nodes.

Source: pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.kinds.toleration import Taint, tolerated
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, PreFilterResult, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["NodeUnschedulable"]

_CORDONED: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_UNSCHEDULABLE: Final = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "NodeUnschedulable", ("node(s) were unschedulable",)
)


@attrs.frozen
class NodeUnschedulable(Plugin):
    """Filters by the node's spec.unschedulable."""

    name = "NodeUnschedulable"
    points = frozenset({Point.FILTER})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
        return SKIP if tolerated(pod.pod.spec.tolerations, _CORDONED) else PreFilterResult()

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return _UNSCHEDULABLE if node.unschedulable else None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def events(self) -> tuple[EventHint, ...]:
        return (
            EventHint(ClusterEvent(EventResource.NODE, ActionType.ADD | ActionType.UPDATE_NODE_TAINT), _uncordoned),
            EventHint(ClusterEvent(EventResource.POD, ActionType.UPDATE_POD_TOLERATION), _tolerates_now),
        )


def _uncordoned(pod: PodInfo, old: Node | None, new: Node, listers: Listers) -> QueueingHint:
    was_open = old is not None and not old.spec.unschedulable
    return QueueingHint.SKIP if was_open or new.spec.unschedulable else QueueingHint.QUEUE


def _tolerates_now(pod: PodInfo, old: Any, new: Pod, listers: Listers) -> QueueingHint:
    its_own = new.metadata.uid == pod.uid
    return QueueingHint.QUEUE if its_own and tolerated(new.spec.tolerations, _CORDONED) else QueueingHint.SKIP
