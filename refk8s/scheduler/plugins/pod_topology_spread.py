"""PodTopologySpread: pods that a selector selects are to be spread evenly over topology domains.

Source: pkg/scheduler/framework/plugins/podtopologyspread/{plugin,common,filtering,scoring}.go; pkg/scheduler/framework/plugins/helper/spread.go.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from refk8s.kinds.affinity import TopologySpreadConstraint
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector, LabelSelectorRequirement, controller_of
from refk8s.kinds.node import Node
from refk8s.kinds.nodeselector import ANY_NODE, NodeMatcher, required_nodes
from refk8s.kinds.pod import Pod
from refk8s.kinds.selector import Selector, from_object
from refk8s.kinds.toleration import untolerated
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import MAX_SCORE, SKIP, Code, CycleState, Plugin, Point, PreFilterResult, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo, question, remember
from refk8s.scheduler.plugins.normalize import rounded

__all__ = [
    "DO_NOT_SCHEDULE",
    "HOSTNAME",
    "NO_LABEL",
    "SCHEDULE_ANYWAY",
    "SKEWED",
    "SYSTEM_DEFAULTS",
    "Constraint",
    "Filtering",
    "PodTopologySpread",
    "has_all_keys",
    "included",
    "matching_pods",
    "minima",
]

Labels = Mapping[str, str]

_NAME: Final = "PodTopologySpread"
HOSTNAME: Final = "kubernetes.io/hostname"
_ZONE: Final = "topology.kubernetes.io/zone"
DO_NOT_SCHEDULE: Final = "DoNotSchedule"
SCHEDULE_ANYWAY: Final = "ScheduleAnyway"
SKEWED: Final = Status(Code.UNSCHEDULABLE, _NAME, ("node(s) didn't match pod topology spread constraints",))
NO_LABEL: Final = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE,
    _NAME,
    ("node(s) didn't match pod topology spread constraints (missing required label)",),
)

SYSTEM_DEFAULTS: Final = (
    TopologySpreadConstraint(max_skew=3, topology_key=HOSTNAME, when_unsatisfiable=SCHEDULE_ANYWAY),
    TopologySpreadConstraint(max_skew=5, topology_key=_ZONE, when_unsatisfiable=SCHEDULE_ANYWAY),
)
"""What holds for pods without constraints of their own if the configuration says nothing."""


@attrs.frozen
class Constraint:
    """A constraint as it is evaluated; `honor_*` say whether nodes that the pod cannot run on are left out of the counts."""

    max_skew: int
    topology_key: str
    selector: Selector
    min_domains: int
    honor_affinity: bool
    honor_taints: bool


@attrs.frozen
class Filtering:
    """The hard constraints with, for each, the pods per domain; and which nodes the pod may run on."""

    constraints: tuple[Constraint, ...]
    counts: tuple[Mapping[str, int], ...]
    matcher: NodeMatcher
    minima: tuple[int, ...]
    own: tuple[int, ...]
    """1 if the pod itself matches the constraint's selector, else 0."""


@attrs.frozen
class _Scoring:
    """For each soft constraint, its topology key and what it adds to the score of a node by domain (by node for the hostname).

    `ignored` nodes get no score.
    """

    shares: tuple[tuple[str, Mapping[str, float]], ...]
    ignored: frozenset[str]


@attrs.frozen
class PodTopologySpread(Plugin):
    """Filters by DoNotSchedule constraints and scores by ScheduleAnyway ones; `defaults` are for pods without any.

    Default constraints take their selector from the pod's services and its owner. With the `system_defaults`, nodes without a zone are scored all
    the same.
    """

    defaults: tuple[TopologySpreadConstraint, ...] = SYSTEM_DEFAULTS
    system_defaults: bool = True

    name = _NAME
    points = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
        constraints = self.constraints(pod, cycle.listers, DO_NOT_SCHEDULE)
        if not constraints:
            return SKIP
        matcher = required_nodes(pod.pod)
        counts: tuple[dict[str, int], ...] = tuple({} for _ in constraints)
        for node in cycle.snapshot.nodes():
            if has_all_keys(node.labels, constraints):
                for constraint, domains in zip(constraints, counts, strict=True):
                    if included(constraint, pod, node, matcher):
                        value = node.labels[constraint.topology_key]
                        domains[value] = domains.get(value, 0) + matching_pods(node, constraint.selector, pod.namespace)
        own = tuple(int(c.selector.matches(pod.labels)) for c in constraints)
        return PreFilterResult(Filtering(constraints, counts, matcher, minima(constraints, counts), own))

    def filter(self, state: Filtering, pod: PodInfo, node: NodeInfo) -> Status | None:
        labels = node.labels
        for constraint, domains, minimum, own in zip(
            state.constraints, state.counts, state.minima, state.own, strict=True
        ):
            value = labels.get(constraint.topology_key)
            if value is None:
                return NO_LABEL
            if domains.get(value, 0) + own - minimum > constraint.max_skew:
                return SKEWED
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> _Scoring | Skip:
        constraints = self.constraints(pod, cycle.listers, SCHEDULE_ANYWAY)
        if not constraints:
            return SKIP
        all_keys = bool(pod.pod.spec.topology_spread_constraints) or not self.system_defaults
        ignored = frozenset(n.name for n in nodes if all_keys and not has_all_keys(n.labels, constraints))
        scored = [node for node in nodes if node.name not in ignored] if ignored else nodes
        counts: tuple[dict[str, int], ...] = tuple({} for _ in constraints)
        for constraint, domains in zip(constraints, counts, strict=True):
            key = constraint.topology_key
            domains.update(dict.fromkeys([n.name if key == HOSTNAME else n.labels.get(key, "") for n in scored], 0))
        _count_domains(cycle, pod, constraints, counts, all_keys=all_keys)
        shares = [_shares(constraint, domains) for constraint, domains in zip(constraints, counts, strict=True)]
        return _Scoring(tuple(shares), ignored)

    def score(self, state: _Scoring, pod: PodInfo, node: NodeInfo) -> int:
        if node.name in state.ignored:
            return 0
        score, labels = 0.0, node.labels
        for key, share in state.shares:
            if key in labels:
                score += share[node.name if key == HOSTNAME else labels[key]]
        return rounded(score)

    def normalize(self, state: _Scoring, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        ignored = state.ignored
        counted = scores
        if ignored:
            counted = [score for node, score in zip(nodes, scores, strict=True) if node.name not in ignored]
        highest, lowest = max(counted, default=0), min(counted, default=0)
        final = [MAX_SCORE * (highest + lowest - score) // highest if highest else MAX_SCORE for score in scores]
        if ignored:
            final = [0 if node.name in ignored else score for node, score in zip(nodes, final, strict=True)]
        return final

    def add_pod(self, state: Filtering, pod: PodInfo, added: PodInfo, node: NodeInfo) -> Filtering:
        return _with_pod(state, pod, added, node, 1)

    def remove_pod(self, state: Filtering, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> Filtering:
        return _with_pod(state, pod, removed, node, -1)

    def events(self) -> tuple[EventHint, ...]:
        pods = ActionType.ADD | ActionType.UPDATE_POD_LABEL | ActionType.UPDATE_POD_TOLERATION | ActionType.DELETE
        nodes = ActionType.ADD | ActionType.DELETE | ActionType.UPDATE_NODE_LABEL | ActionType.UPDATE_NODE_TAINT
        return (
            EventHint(ClusterEvent(EventResource.POD, pods), self._after_pod_change),
            EventHint(ClusterEvent(EventResource.NODE, nodes), self._after_node_change),
        )

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> PodTopologySpread:
        if (args.get("defaultingType") or "System") == "System":
            return cls()
        return cls(tuple(view(TopologySpreadConstraint, c) for c in args.get("defaultConstraints") or ()), False)

    def constraints(self, pod: PodInfo, listers: Listers, action: str) -> tuple[Constraint, ...]:
        """Return the pod's constraints of one kind, or the default ones with the selector of its services and owner."""
        own = pod.pod.spec.topology_spread_constraints
        if own:
            return tuple(_compiled(c, _own_selector(c, pod.labels)) for c in own if c.when_unsatisfiable == action)
        defaults = [c for c in self.defaults if c.when_unsatisfiable == action]
        if not defaults:
            return ()
        selector = _default_selector(pod.pod, listers)
        return () if selector.is_empty() else tuple(_compiled(c, selector) for c in defaults)

    def _after_pod_change(self, pod: PodInfo, old: Pod | None, new: Pod | None, listers: Listers) -> QueueingHint:
        if any(p is not None and not _involved(p, pod) for p in (old, new)):
            return QueueingHint.SKIP
        constraints = self.constraints(pod, listers, DO_NOT_SCHEDULE)
        before = None if old is None else _matched(constraints, old)
        after = None if new is None else _matched(constraints, new)
        if old is None or new is None:
            changes = any(before or after or ())
        else:
            tolerates_more = new.metadata.uid == pod.uid and new.spec.tolerations != old.spec.tolerations
            changes = (tolerates_more and any(c.honor_taints for c in constraints)) or before != after
        return QueueingHint.QUEUE if changes else QueueingHint.SKIP

    def _after_node_change(self, pod: PodInfo, old: Node | None, new: Node | None, listers: Listers) -> QueueingHint:
        constraints = self.constraints(pod, listers, DO_NOT_SCHEDULE)
        before = old is not None and has_all_keys(old.metadata.labels, constraints)
        after = new is not None and has_all_keys(new.metadata.labels, constraints)
        changes = before != after
        if old is not None and new is not None and before and after:
            moved = any(old.metadata.labels[c.topology_key] != new.metadata.labels[c.topology_key] for c in constraints)
            changes = moved or old.spec.taints != new.spec.taints
        return QueueingHint.QUEUE if changes else QueueingHint.SKIP


def _compiled(constraint: TopologySpreadConstraint, selector: Selector) -> Constraint:
    return Constraint(
        constraint.max_skew,
        constraint.topology_key,
        selector,
        1 if constraint.min_domains is None else constraint.min_domains,
        (constraint.node_affinity_policy or "Honor") == "Honor",
        (constraint.node_taints_policy or "Ignore") == "Honor",
    )


def _own_selector(constraint: TopologySpreadConstraint, labels: Labels) -> Selector:
    """Return the constraint's selector with the pod's values of `matchLabelKeys` added."""
    selector = constraint.label_selector
    keys = [key for key in constraint.match_label_keys if key in labels]
    if selector is None or not keys:
        return from_object(selector)
    extra = tuple(LabelSelectorRequirement(key, "In", (labels[key],)) for key in keys)
    return from_object(LabelSelector(selector.match_labels, (*selector.match_expressions, *extra)))


def _default_selector(pod: Pod, listers: Listers) -> Selector:
    """Return what the services that select the pod and its owner select, all at once; everything if there are none."""
    metadata = pod.metadata
    labels: dict[str, str] = {}
    for wanted in listers.service_selectors(metadata.namespace):
        if all(metadata.labels.get(key) == wanted[key] for key in wanted):
            labels.update(wanted)
    expressions: tuple[LabelSelectorRequirement, ...] = ()
    owner = controller_of(metadata)
    if owner is not None:
        selector = listers.owners.get((owner.api_version, owner.kind, metadata.namespace, owner.name))
        if selector is not None and owner.kind == "ReplicationController":
            labels.update(selector.match_labels)
        elif selector is not None:
            own = (LabelSelectorRequirement(key, "In", (value,)) for key, value in selector.match_labels.items())
            expressions = (*own, *selector.match_expressions)
    return from_object(LabelSelector(labels, expressions))


def has_all_keys(labels: Labels, constraints: tuple[Constraint, ...]) -> bool:
    """Tell whether a node with these labels is in a domain of every constraint."""
    return all(constraint.topology_key in labels for constraint in constraints)


def _count_domains(
    cycle: CycleState,
    pod: PodInfo,
    constraints: tuple[Constraint, ...],
    counts: tuple[dict[str, int], ...],
    *,
    all_keys: bool,
) -> None:
    """Count the pods of all nodes into the domains of `counts`; the hostname's are single nodes, and no node policy holds for them."""
    matcher = required_nodes(pod.pod)
    anywhere = matcher is ANY_NODE and not any(constraint.honor_taints for constraint in constraints)
    asks = [question("spread", constraint.selector, pod.namespace) for constraint in constraints]
    rows = list(zip(constraints, counts, asks, strict=True))
    for node in cycle.snapshot.nodes():
        if not node.pods or (all_keys and not has_all_keys(node.labels, constraints)):
            continue
        for constraint, domains, asked in rows:
            count = node.memo.get(asked)
            if count is None:
                count = remember(node, asked, matching_pods(node, constraint.selector, pod.namespace))
            if count:
                on_node = constraint.topology_key == HOSTNAME
                value = node.name if on_node else node.labels.get(constraint.topology_key, "")
                if value in domains and (on_node or anywhere or included(constraint, pod, node, matcher)):
                    domains[value] += count


def _shares(constraint: Constraint, domains: Mapping[str, int]) -> tuple[str, Mapping[str, float]]:
    """Return the constraint's key and what it adds to the score of a node by domain: the fewer domains there are, the less a pod in one counts."""
    weight, extra = math.log(float(len(domains) + 2)), float(constraint.max_skew - 1)
    return constraint.topology_key, {domain: float(count) * weight + extra for domain, count in domains.items()}


def included(constraint: Constraint, pod: PodInfo, node: NodeInfo, matcher: NodeMatcher) -> bool:
    """Tell whether the constraint's node policies let the node count."""
    if constraint.honor_affinity and not matcher.matches(node.name, node.labels):
        return False
    return not constraint.honor_taints or untolerated(node.hard_taints, pod.pod.spec.tolerations) is None


def matching_pods(node: NodeInfo, selector: Selector, namespace: str) -> int:
    """Count the pods on the node that the selector selects in the namespace, without terminating ones; an empty selector selects none."""
    if selector.is_empty():
        return 0
    count = 0
    for pod in node.pods:
        if pod.namespace == namespace and not pod.terminating and selector.matches(pod.labels):
            count += 1
    return count


def minima(constraints: tuple[Constraint, ...], counts: tuple[Mapping[str, int], ...]) -> tuple[int, ...]:
    """Return the smallest count of each constraint's domains; 0 if there are fewer of them than `minDomains`."""
    return tuple(
        min(domains.values(), default=_NO_DOMAIN) if len(domains) >= constraint.min_domains else 0
        for constraint, domains in zip(constraints, counts, strict=True)
    )


_NO_DOMAIN: Final = 2**31 - 1


def _with_pod(state: Filtering, pod: PodInfo, other: PodInfo, node: NodeInfo, amount: int) -> Filtering:
    if other.namespace != pod.namespace or not has_all_keys(node.labels, state.constraints):
        return state
    counts = []
    for constraint, domains in zip(state.constraints, state.counts, strict=True):
        after = dict(domains)
        if constraint.selector.matches(other.labels) and included(constraint, pod, node, state.matcher):
            value = node.labels[constraint.topology_key]
            after[value] = after.get(value, 0) + amount
        counts.append(after)
    return attrs.evolve(state, counts=tuple(counts), minima=minima(state.constraints, tuple(counts)))


def _involved(pod: Pod, pending: PodInfo) -> bool:
    if pod.metadata.uid == pending.uid:
        return True
    return bool(pod.spec.node_name or pod.status.nominated_node_name) and pod.metadata.namespace == pending.namespace


def _matched(constraints: tuple[Constraint, ...], pod: Pod) -> tuple[bool, ...]:
    return tuple(c.selector.matches(pod.metadata.labels) for c in constraints)
