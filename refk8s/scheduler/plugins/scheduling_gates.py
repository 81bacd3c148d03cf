"""SchedulingGates: a pod with scheduling gates does not enter the queue.

Source: pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go; KEP-3521.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from refk8s.kinds.pod import Pod
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, Preempts, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["SchedulingGates"]


@attrs.frozen
class SchedulingGates(Plugin):
    """Keeps gated pods out of the queue; takes no part in the cycle."""

    name = "SchedulingGates"
    points = frozenset({Point.PRE_ENQUEUE})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def pre_enqueue(self, pod: PodInfo, preempts: Preempts) -> Status | None:
        gates = pod.pod.spec.scheduling_gates
        if not gates:
            return None
        names = " ".join(gate.name for gate in gates)
        return Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, self.name, (f"waiting for scheduling gates: [{names}]",))

    def events(self) -> tuple[EventHint, ...]:
        eliminated = ClusterEvent(EventResource.POD, ActionType.UPDATE_POD_SCHEDULING_GATES_ELIMINATED)
        return (EventHint(eliminated, _its_own_gates),)


def _its_own_gates(pod: PodInfo, old: Any, new: Pod, listers: Listers) -> QueueingHint:
    return QueueingHint.QUEUE if new.metadata.uid == pod.uid else QueueingHint.SKIP
