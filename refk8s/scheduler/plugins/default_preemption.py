"""DefaultPreemption: room for a pod that fits nowhere is made by deleting pods of lower priority.

Source: pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go; pkg/scheduler/framework/preemption/preemption.go, Preempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import (
    SKIP,
    SUCCESS,
    Code,
    CycleState,
    Plugin,
    Point,
    PostFilterResult,
    Preempts,
    Skip,
    Status,
)
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.messages import fit_error
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.preemption import Preemption, dry_run

__all__ = ["NOT_HELPFUL", "DefaultPreemption"]

NOT_HELPFUL: Final = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", ("Preemption is not helpful for scheduling",))
_UNDER_WAY: Final = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE,
    "DefaultPreemption",
    ("waiting for the preemption for this pod to be finished",),
)


@attrs.frozen
class DefaultPreemption(Plugin):
    """Makes room after the filters; takes no part in filtering and scoring.

    Of n nodes that could help, the larger of `min_candidate_nodes_percentage` of n and `min_candidate_nodes_absolute` are found at least.
    """

    min_candidate_nodes_percentage: int = 10
    min_candidate_nodes_absolute: int = 100

    name = "DefaultPreemption"
    points = frozenset({Point.PRE_ENQUEUE, Point.POST_FILTER})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> Skip:
        return SKIP

    def filter(self, state: None, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Skip:
        return SKIP

    def score(self, state: None, pod: PodInfo, node: NodeInfo) -> int:
        return 0

    def post_filter(self, cycle: CycleState, pod: PodInfo, rejected: Mapping[str, Status]) -> PostFilterResult:
        why_not = self._ineligible(cycle, pod, rejected)
        if why_not:
            return self._failed(why_not, None, Preemption(eligible=False))
        nodes = cycle.snapshot.nodes()
        resolvable = Code.UNSCHEDULABLE
        tried = [node for node in nodes if rejected[node.name].code is resolvable]
        found = Preemption()
        if tried:
            assert cycle.filters is not None, "PostFilter ran before PreFilter"
            budgets = tuple(cycle.listers.budgets.values())
            by_priority = type(self).may_evict is DefaultPreemption.may_evict
            enough = self._enough(len(tried))
            found = dry_run(cycle.filters, tried, budgets, enough, self.may_evict, by_priority=by_priority)
        if found.nominated:
            return PostFilterResult(SUCCESS, cycle.choose(found.nominated), found)
        statuses = [found.rejected.get(node.name, NOT_HELPFUL) for node in nodes]
        return self._failed(fit_error(len(nodes), statuses), "", found)

    def pre_enqueue(self, pod: PodInfo, preempts: Preempts) -> Status | None:
        return _UNDER_WAY if preempts(pod.key) else None

    def events(self) -> tuple[EventHint, ...]:
        return (EventHint(ClusterEvent(EventResource.POD, ActionType.DELETE), _never),)

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> DefaultPreemption:
        percentage, absolute = args.get("minCandidateNodesPercentage"), args.get("minCandidateNodesAbsolute")
        return cls(10 if percentage is None else percentage, 100 if absolute is None else absolute)

    def may_evict(self, victim: PodInfo, preemptor: PodInfo) -> bool:
        """Tell whether one pod may be evicted for another. Source: isPreemptionAllowed."""
        return victim.priority < preemptor.priority

    def _enough(self, nodes: int) -> int:
        """Return how many candidates are enough. Source: calculateNumCandidates."""
        return min(max(nodes * self.min_candidate_nodes_percentage // 100, self.min_candidate_nodes_absolute), nodes)

    def _ineligible(self, cycle: CycleState, pod: PodInfo, rejected: Mapping[str, Status]) -> str:
        """Return why the pod may not preempt, "" if it may. Source: PodEligibleToPreemptOthers."""
        if pod.pod.spec.preemption_policy == "Never":
            return "not eligible due to preemptionPolicy=Never."
        node = cycle.snapshot.node(pod.pod.status.nominated_node_name)
        if node is not None and rejected[node.name].code is not Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
            for other in node.pods:
                if self.may_evict(other, pod) and _terminating_by_preemption(other):
                    return "not eligible due to a terminating pod on the nominated node."
        return ""

    def _failed(self, why: str, nominated_node_name: str | None, details: Preemption) -> PostFilterResult:
        message = f"preemption: {why}"
        status = Status(Code.UNSCHEDULABLE, self.name, (message,))
        return PostFilterResult(status, nominated_node_name, attrs.evolve(details, message=message))


def _terminating_by_preemption(pod: PodInfo) -> bool:
    if pod.terminating:
        for condition in pod.pod.status.conditions:
            if condition.type == "DisruptionTarget":
                return condition.status == "True" and condition.reason == "PreemptionByScheduler"
    return False


def _never(pod: PodInfo, old: object, new: object, listers: Listers) -> QueueingHint:
    """Which event helps is known to the plugins whose rejection preemption is to resolve."""
    return QueueingHint.SKIP
