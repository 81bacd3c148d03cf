"""NodePorts: two pods on a node cannot use the same host port.

Source: pkg/scheduler/framework/plugins/nodeports/node_ports.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from refk8s.kinds.pod import Pod
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, PreFilterResult, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import HostPort, NodeInfo, PodInfo, host_ports, port_conflict

__all__ = ["NodePorts"]

_TAKEN: Final = Status(Code.UNSCHEDULABLE, "NodePorts", ("node(s) didn't have free ports for the requested pod ports",))


@attrs.frozen
class NodePorts(Plugin):
    """Filters by host ports."""

    name = "NodePorts"
    points = frozenset({Point.PRE_FILTER, Point.FILTER})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
        return PreFilterResult(pod.ports) if pod.ports else SKIP

    def filter(self, state: tuple[HostPort, ...], pod: PodInfo, node: NodeInfo) -> Status | None:
        return _TAKEN if node.used_ports and port_conflict(node.used_ports, state) else None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def events(self) -> tuple[EventHint, ...]:
        return (
            EventHint(ClusterEvent(EventResource.POD, ActionType.DELETE), _ports_freed),
            EventHint(ClusterEvent(EventResource.NODE, ActionType.ADD)),
        )


def _ports_freed(pod: PodInfo, old: Pod, new: None, listers: Listers) -> QueueingHint:
    if not old.spec.node_name and not old.status.nominated_node_name:
        return QueueingHint.SKIP
    freed: dict[tuple[str, int], tuple[str, ...]] = {}
    for ip, protocol, port in host_ports(old):
        freed[protocol, port] = (*freed.get((protocol, port), ()), ip)
    return QueueingHint.QUEUE if port_conflict(freed, pod.ports) else QueueingHint.SKIP
