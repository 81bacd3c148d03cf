"""NodeResourcesFit: the pod's requests must fit into what the node has left; by default the node with the most left is best.

Source: pkg/scheduler/framework/plugins/noderesources/{fit,resource_allocation,least_allocated,most_allocated,requested_to_capacity_ratio}.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import attrs

from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.kinds.resources import Amounts, amounts, placed_requests
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import Code, CycleState, Plugin, Point, PreFilterResult, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins.strategies import (
    CPU_AND_MEMORY,
    LEAST_ALLOCATED,
    ResourceWeight,
    Strategy,
    rows_of,
    strategy_of,
)
from refk8s.scheduler.requests import filter_amounts, is_extended, score_amounts

__all__ = ["NodeResourcesFit"]

_NAME: Final = "NodeResourcesFit"


@attrs.frozen
class _Wanted:
    """What the pod requests, amounts above 0 only; `scalar` sorted by name."""

    milli_cpu: int
    memory: int
    ephemeral_storage: int
    scalar: tuple[tuple[str, int], ...]


@attrs.frozen
class NodeResourcesFit(Plugin):
    """Filters by resources and scores by `strategy` over `resources`; extended resources and groups of them can be left out of the filter."""

    strategy: Strategy = LEAST_ALLOCATED
    resources: tuple[ResourceWeight, ...] = CPU_AND_MEMORY
    ignored_resources: tuple[str, ...] = ()
    ignored_resource_groups: tuple[str, ...] = ()

    name = _NAME
    points = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    local = True

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult:
        request = filter_amounts(pod.pod)
        scalar = tuple(
            (name, amount) for name, amount in sorted(request.scalar.items()) if amount and not self._ignored(name)
        )
        return PreFilterResult(_Wanted(request.milli_cpu, request.memory, request.ephemeral_storage, scalar))

    def filter(self, state: _Wanted, pod: PodInfo, node: NodeInfo) -> Status | None:
        there, taken = node.allocatable, node.requested
        if (
            len(node.pods) < there.allowed_pod_number
            and (state.milli_cpu <= 0 or state.milli_cpu <= there.milli_cpu - taken.milli_cpu)
            and (state.memory <= 0 or state.memory <= there.memory - taken.memory)
            and not state.ephemeral_storage
            and not state.scalar
        ):
            return None
        return _insufficient(state, node)

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> tuple[int, ...]:
        return score_amounts(pod.pod, tuple(r.name for r in self.resources))

    def score(self, state: tuple[int, ...], pod: PodInfo, node: NodeInfo) -> int:
        return self.strategy.score(rows_of(self.resources, state, node, non_zero=True))

    def events(self) -> tuple[EventHint, ...]:
        return (
            EventHint(
                ClusterEvent(EventResource.POD, ActionType.DELETE | ActionType.UPDATE_POD_SCALE_DOWN), _pod_makes_room
            ),
            EventHint(
                ClusterEvent(EventResource.NODE, ActionType.ADD | ActionType.UPDATE_NODE_ALLOCATABLE), _node_has_room
            ),
        )

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> NodeResourcesFit:
        strategy, resources = strategy_of(args.get("scoringStrategy") or {})
        return cls(
            strategy,
            resources,
            tuple(args.get("ignoredResources") or ()),
            tuple(args.get("ignoredResourceGroups") or ()),
        )

    def _ignored(self, name: str) -> bool:
        if not is_extended(name):
            return False
        return name in self.ignored_resources or name.partition("/")[0] in self.ignored_resource_groups


def _insufficient(wanted: _Wanted, node: NodeInfo) -> Status | None:
    """Return all that the node lacks; unresolvable if one request exceeds all that the node has."""
    there, taken = node.allocatable, node.requested
    reasons: list[str] = []
    unresolvable = False
    if len(node.pods) + 1 > there.allowed_pod_number:
        reasons.append("Too many pods")
    for name, amount, total, used in (
        ("cpu", wanted.milli_cpu, there.milli_cpu, taken.milli_cpu),
        ("memory", wanted.memory, there.memory, taken.memory),
        ("ephemeral-storage", wanted.ephemeral_storage, there.ephemeral_storage, taken.ephemeral_storage),
        *((name, amount, there.scalar.get(name, 0), taken.scalar.get(name, 0)) for name, amount in wanted.scalar),
    ):
        if amount > 0 and amount > total - used:
            reasons.append(f"Insufficient {name}")
            unresolvable = unresolvable or amount > total
    if not reasons:
        return None
    return _rejection(Code.UNSCHEDULABLE_AND_UNRESOLVABLE if unresolvable else Code.UNSCHEDULABLE, tuple(reasons))


@lru_cache(maxsize=256)
def _rejection(code: Code, reasons: tuple[str, ...]) -> Status:
    return Status(code, _NAME, reasons)


def _pod_makes_room(pod: PodInfo, old: Pod, new: Pod | None, listers: Listers) -> QueueingHint:
    """A pod left its node, or requests less of something that `pod` wants; the pod itself requesting less is worth a try too."""
    if new is None:
        return QueueingHint.QUEUE if old.spec.node_name or old.status.nominated_node_name else QueueingHint.SKIP
    if new.metadata.uid == pod.uid:
        return QueueingHint.QUEUE
    if not new.spec.node_name:
        return QueueingHint.SKIP
    before, after, wanted = amounts(placed_requests(old)), amounts(placed_requests(new)), pod.request
    freed = (
        (wanted.milli_cpu and before.milli_cpu > after.milli_cpu)
        or (wanted.memory and before.memory > after.memory)
        or (wanted.ephemeral_storage and before.ephemeral_storage > after.ephemeral_storage)
        or any(
            amount and before.scalar.get(name, 0) > after.scalar.get(name, 0) for name, amount in wanted.scalar.items()
        )
    )
    return QueueingHint.QUEUE if freed else QueueingHint.SKIP


def _node_has_room(pod: PodInfo, old: Node | None, new: Node, listers: Listers) -> QueueingHint:
    """The node, empty, could hold the pod, and is new or has more than before of something that the pod wants."""
    request = filter_amounts(pod.pod)
    scalar = tuple((name, amount) for name, amount in sorted(request.scalar.items()) if amount)
    wanted = _Wanted(request.milli_cpu, request.memory, request.ephemeral_storage, scalar)
    if _insufficient(wanted, NodeInfo.of(new)) is not None:
        return QueueingHint.SKIP
    if old is None or _has_more(wanted, amounts(old.status.allocatable), amounts(new.status.allocatable)):
        return QueueingHint.QUEUE
    return QueueingHint.SKIP


def _has_more(wanted: _Wanted, before: Amounts, after: Amounts) -> bool:
    return (
        after.allowed_pod_number > before.allowed_pod_number
        or (wanted.milli_cpu > 0 and after.milli_cpu > before.milli_cpu)
        or (wanted.memory > 0 and after.memory > before.memory)
        or (wanted.ephemeral_storage > 0 and after.ephemeral_storage > before.ephemeral_storage)
        or any(after.scalar.get(name, 0) > before.scalar.get(name, 0) for name, _ in wanted.scalar)
    )
