"""DefaultPreemption: room for a pod that fits nowhere is made by deleting pods of lower priority.

Only the part that needs no dry run is here: whether the pod may preempt at all, and the message where no node has a pod that could give way. Choosing
victims (dry run, disruption budgets, choice of the node) belongs to the scheduler issue; until then the answer is `decided=False` where it is needed.

Source: pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go; pkg/scheduler/framework/preemption/preemption.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from refk8s.kinds.codec import EMPTY
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import SKIP, Code, CycleState, Plugin, Point, PostFilterResult, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.messages import fit_error
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["NOT_HELPFUL", "NO_VICTIMS", "Candidate", "DefaultPreemption", "Preemption"]

NOT_HELPFUL: Final = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", ("Preemption is not helpful for scheduling",))
NO_VICTIMS: Final = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "", ("No preemption victims found for incoming pod",))


@attrs.frozen
class Candidate:
    """A node where deleting `victims` (most important first) makes room; so many of them exceed a disruption budget."""

    victims: tuple[PodInfo, ...]
    pdb_violations: int = 0


@attrs.frozen
class Preemption:
    """The details of a PostFilterResult: whether the pod may preempt, what was found on the nodes that were tried, and the best of them (sorted)."""

    eligible: bool = True
    candidates: Mapping[str, Candidate] = EMPTY
    rejected: Mapping[str, Status] = EMPTY
    nominated: tuple[str, ...] = ()


@attrs.frozen
class DefaultPreemption(Plugin):
    """Makes room after the filters; takes no part in filtering and scoring."""

    name = "DefaultPreemption"
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
        why_not = _ineligible(cycle, pod, rejected)
        if why_not:
            return self._failed(why_not, Preemption(eligible=False))
        nodes = cycle.snapshot.nodes()
        tried: dict[str, Status] = {}
        for node in nodes:
            if rejected[node.name].code is Code.UNSCHEDULABLE:
                if any(other.priority < pod.priority for other in node.pods):
                    return PostFilterResult(Status(Code.UNSCHEDULABLE, self.name), decided=False)
                tried[node.name] = NO_VICTIMS
        statuses = [tried.get(node.name, NOT_HELPFUL) for node in nodes]
        return self._failed(fit_error(len(nodes), statuses), Preemption(rejected=tried))

    def events(self) -> tuple[EventHint, ...]:
        return (EventHint(ClusterEvent(EventResource.POD, ActionType.DELETE), _never),)

    def _failed(self, message: str, details: Preemption) -> PostFilterResult:
        return PostFilterResult(Status(Code.UNSCHEDULABLE, self.name, (f"preemption: {message}",)), details=details)


def _ineligible(cycle: CycleState, pod: PodInfo, rejected: Mapping[str, Status]) -> str:
    """Return why the pod may not preempt, "" if it may. Source: PodEligibleToPreemptOthers."""
    if pod.pod.spec.preemption_policy == "Never":
        return "not eligible due to preemptionPolicy=Never."
    node = cycle.snapshot.node(pod.pod.status.nominated_node_name)
    if node is not None and rejected[node.name].code is not Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
        for other in node.pods:
            if other.priority < pod.priority and _terminating_by_preemption(other):
                return "not eligible due to a terminating pod on the nominated node."
    return ""


def _terminating_by_preemption(pod: PodInfo) -> bool:
    if pod.terminating:
        for condition in pod.pod.status.conditions:
            if condition.type == "DisruptionTarget":
                return condition.status == "True" and condition.reason == "PreemptionByScheduler"
    return False


def _never(pod: PodInfo, old: object, new: object, listers: Listers) -> QueueingHint:
    """Which event helps is known to the plugins whose rejection preemption is to resolve."""
    return QueueingHint.SKIP
