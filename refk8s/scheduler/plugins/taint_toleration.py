"""TaintToleration: a node's taints keep away pods without a matching toleration, or make the node less wanted.

Source: pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go; component-helpers/scheduling/corev1/helpers.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.kinds.toleration import Toleration, tolerated, untolerated
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import Code, CycleState, Plugin, Point, PreFilterResult, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins.normalize import by_maximum_reversed

__all__ = ["TaintToleration"]

_UNTOLERATED: Final = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "TaintToleration", ("node(s) had untolerated taint(s)",)
)


@attrs.frozen
class TaintToleration(Plugin):
    """Filters by NoSchedule and NoExecute taints; scores the PreferNoSchedule taints that are not tolerated, fewer is better."""

    name = "TaintToleration"
    points = frozenset({Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult:
        return PreFilterResult(pod.pod.spec.tolerations)

    def filter(self, state: tuple[Toleration, ...], pod: PodInfo, node: NodeInfo) -> Status | None:
        for taint in node.hard_taints:
            if not tolerated(state, taint):
                return _UNTOLERATED
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> tuple[Toleration, ...]:
        return tuple(t for t in pod.pod.spec.tolerations if t.effect in ("", "PreferNoSchedule"))

    def score(self, state: tuple[Toleration, ...], pod: PodInfo, node: NodeInfo) -> int:
        return sum([not tolerated(state, taint) for taint in node.soft_taints]) if node.soft_taints else 0

    def normalize(self, state: Any, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        return by_maximum_reversed(scores)

    def events(self) -> tuple[EventHint, ...]:
        return (
            EventHint(ClusterEvent(EventResource.NODE, ActionType.ADD | ActionType.UPDATE_NODE_TAINT), _taints_gone),
            EventHint(ClusterEvent(EventResource.POD, ActionType.UPDATE_POD_TOLERATION), _its_own_tolerations),
        )


def _taints_gone(pod: PodInfo, old: Node | None, new: Node, listers: Listers) -> QueueingHint:
    tolerations = pod.pod.spec.tolerations
    was_kept_away = old is None or untolerated(old.spec.taints, tolerations) is not None
    return (
        QueueingHint.QUEUE if was_kept_away and untolerated(new.spec.taints, tolerations) is None else QueueingHint.SKIP
    )


def _its_own_tolerations(pod: PodInfo, old: Any, new: Pod, listers: Listers) -> QueueingHint:
    return QueueingHint.QUEUE if new.metadata.uid == pod.uid else QueueingHint.SKIP
