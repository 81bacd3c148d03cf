"""What a scheduling cycle promises beyond the pod itself: other pods, order, the best node, victims and nominations. Catalogue N3, N7, N8, N10, N11, P13."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from refk8s.api.store import Stored
from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.digest import cell
from refk8s.core.invariant import SAFETY, Noted, writes
from refk8s.core.world import World
from refk8s.kinds.nodeselector import required_nodes
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.scheduler.budgets import by_violation
from refk8s.scheduler.cycle import schedule
from refk8s.scheduler.framework import Code
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.queue import ACTIVE
from refk8s.scheduler.snapshot import Snapshot
from refk8s.scheduler.terms import AffinityTerm

from . import SUITE
from .scheduling import _no_room, unfit

SPEC = "specs/scheduler.md"
PREEMPTION = "specs/preemption.md"
PROFILE = default_profile()
FEW_NODES = 12
"""So many nodes at most are scored anew; every fourth decision is."""
FEW_PODS = 50
DO_NOT_SCHEDULE = "DoNotSchedule"


@SUITE.invariant(
    "SCHED-07",
    severity=SAFETY,
    on=Noted("decision"),
    spec=SPEC,
    source="pkg/scheduler/framework/plugins/{interpodaffinity,podtopologyspread}/filtering.go",
    catalogue="N3",
)
def anti_affinity_and_spread_hold_for_the_chosen_node(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """The chosen node has, in the snapshot used, no pod in its topology domain that the pod keeps away from, or that keeps away from the pod.

    And no DoNotSchedule constraint of the pod is broken: its domain has at most maxSkew more matching pods than the emptiest one, terminating pods not counted.
    """
    for p, where, pod, chosen, snapshot in _placements(delta):
        node = snapshot.node(chosen)
        why = (_kept_away(pod, node, snapshot) or _skewed(pod, node, snapshot)) if node is not None else ""
        if why:
            return f"{after.pids[p]} chose {chosen} for {where}: {why}"
    return None


@SUITE.invariant(
    "SCHED-09",
    severity=SAFETY,
    on=Noted("decision"),
    spec=PREEMPTION,
    source="pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go, SelectVictimsOnNode",
    catalogue="N7",
)
def victims_are_less_important_and_none_is_superfluous(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """Preemption evicts only pods of lower priority on one node, only for pods that may preempt, and no pod whose stay would leave enough room.

    Without the victims the pod fits there. Disruption budgets are exceeded only if every candidate found exceeds one.
    """
    for p, kind, data in delta.notes:
        if kind != "decision" or data[2].post_filter is None or data[2].post_filter.status.code is not Code.SUCCESS:
            continue
        where, pod, decision, cache, nominated, _ = data
        made = decision.post_filter
        node, found = made.nominated_node_name, made.details
        what = f"{after.pids[p]} makes room for {where} on {node}"
        if pod.pod.spec.preemption_policy == "Never":
            return f"{what} though its preemptionPolicy is Never: expected no victims"
        candidate = found.candidates[node]
        why = _wrong_victims(pod, node, candidate.victims, cache.snapshot, nominated)
        if why:
            return f"{what}: {why}"
        count = _violations(pod, node, candidate.victims, cache.snapshot)
        if not count:
            continue
        each = {n: _violations(pod, n, c.victims, cache.snapshot) for n, c in found.candidates.items()}
        least = min(each, key=lambda n: each[n])
        if each[least] < count:
            return f"{what}: that exceeds disruption budgets {count} times: expected {each[least]}, as on {least}"
    return None


@SUITE.invariant(
    "SCHED-10",
    severity=SAFETY,
    on=Noted("decision"),
    spec=PREEMPTION,
    source="pkg/scheduler/framework/runtime/framework.go, RunFilterPluginsWithNominatedPods; backend/queue/nominator.go",
    catalogue="N8",
)
def a_nominated_pod_keeps_its_room(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """The node that a scheduler chooses has room for the pod beside the pods there and those of at least its priority that are nominated to it."""
    for p, kind, data in delta.notes:
        if kind != "decision" or not data[2].chosen:
            continue
        where, pod, decision, cache, _, queue = data
        node = cache.snapshot.node(decision.chosen)
        waiting = queue.nominated_pods().get(decision.chosen, ()) if len(queue.nominated) else ()
        for other in waiting:
            if node is not None and other.priority >= pod.priority and other.key != pod.key:
                node = node.with_pod(other)
        if node is not None and waiting and _no_room(pod, node):
            names = ", ".join(f"{other.namespace}/{other.name}" for other in waiting if other.key != pod.key)
            return f"{after.pids[p]} chose {decision.chosen} for {where} in the room of {names}: {_no_room(pod, node)}"
    return None


@SUITE.invariant(
    "SCHED-11",
    severity=SAFETY,
    on=writes("pods"),
    spec=PREEMPTION,
    source="pkg/registry/core/pod/storage/storage.go, setPodNodeAndMetadata (ClearingNominatedNodeNameAfterBinding)",
    catalogue="N8",
)
def a_binding_ends_the_nomination(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A pod that a binding puts on a node is not nominated to any node any more."""
    for change in delta.commits:
        if change.resource != "pods" or change.prev is None or not _is_bound(change.obj) or _is_bound(change.prev):
            continue
        left = (change.obj.document.get("status") or {}).get("nominatedNodeName")
        if left:
            return f"pods/{change.key}: it was bound to {change.obj.document['spec']['nodeName']} and is nominated to {left}: expected no nomination"
    return None


@SUITE.invariant(
    "SCHED-12",
    severity=SAFETY,
    on=Noted("decision"),
    spec=SPEC,
    source="pkg/scheduler/framework/plugins/queuesort/priority_sort.go; backend/queue/active_queue.go",
    catalogue="N10",
)
def the_most_important_active_pod_is_tried_first(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """The pod of a scheduling cycle has no lower priority than any pod that is active in the queue then; of equal ones it came first.

    Long queues are only looked at where they are short enough.
    """
    for p, kind, data in delta.notes:
        if kind != "decision":
            continue
        where, pod, _, _, _, queue = data
        if len(queue.pods) > FEW_PODS:
            continue
        since_ms, what = queue.pods[pod.key].since_ms, f"{after.pids[p]} tries {where}"
        for other in queue.pods.values():
            if other.state != ACTIVE:
                continue
            if other.pod.priority > pod.priority:
                return f"{what} (priority {pod.priority}) before priority {other.pod.priority}: expected {_named(other.pod)}"
            if other.pod.priority == pod.priority and other.since_ms < since_ms:
                return f"{what} (there since {since_ms} ms) before one of {other.since_ms} ms: expected {_named(other.pod)}"
    return None


@SUITE.invariant(
    "SCHED-13",
    severity=SAFETY,
    on=Noted("decision"),
    spec=SPEC,
    source="pkg/scheduler/schedule_one.go, selectHost; framework/runtime/framework.go, RunScorePlugins",
    catalogue="N11",
)
def the_chosen_node_has_the_highest_score(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """The chosen node is one of those with the highest total score, as the default profile gives it on the snapshot used.

    Scored anew for every fourth pod, in clusters of few nodes; pods of other profiles are not judged.
    """
    for p, kind, data in delta.notes:
        if kind != "decision" or not data[2].chosen:
            continue
        where, pod, decision, cache, nominated, _ = data
        if decision.best and decision.chosen not in decision.best:
            return f"{after.pids[p]} chose {decision.chosen} for {where}, which is none of the best: expected {' or '.join(decision.best)}"
        if not _is_scored(after, p, pod, cache.snapshot):
            continue
        again = schedule(PROFILE, pod, cache.snapshot, nominated=nominated, explain=True)
        if again.chosen and decision.chosen not in again.best:
            best = " or ".join(_scored(name, again.totals) for name in again.best or (again.chosen,))
            return f"{after.pids[p]} chose {_scored(decision.chosen, again.totals)} for {where}: expected {best}"
    return None


@SUITE.invariant(
    "SCHED-14",
    severity=SAFETY,
    on=Noted("decision"),
    spec=SPEC,
    source="KEP-3521; pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go",
    catalogue="P13",
)
def a_gated_pod_is_not_scheduled(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """No scheduling cycle is spent on a pod that has scheduling gates, as far as the scheduler knows; so none is bound."""
    for p, kind, data in delta.notes:
        if kind == "decision" and data[1].pod.spec.scheduling_gates:
            names = ", ".join(gate.name for gate in data[1].pod.spec.scheduling_gates)
            return f"{after.pids[p]} tries {data[0]}, which waits for its gates {names}: expected no try"
    return None


# ---- facts


def _placements(delta: Delta) -> Iterator[tuple[int, str, PodInfo, str, Snapshot]]:
    for p, kind, data in delta.notes:
        if kind == "decision" and data[2].chosen:
            yield p, data[0], data[1], data[2].chosen, data[3].snapshot


def _named(pod: PodInfo) -> str:
    return f"{pod.namespace}/{pod.name}"


def _scored(node: str, totals: Mapping[str, int]) -> str:
    """A node with its score, if it has one."""
    return f"{node} (score {totals[node]})" if node in totals else node


def _is_bound(pod: Stored) -> bool:
    return bool(pod.document["spec"].get("nodeName"))


def _is_scored(world: World, p: int, pod: PodInfo, snapshot: Snapshot) -> bool:
    default = (pod.pod.spec.scheduler_name or "default-scheduler") == "default-scheduler"
    return default and len(snapshot) <= FEW_NODES and cell("scored", pod.key) % 4 == 0


def _selects(term: AffinityTerm, of: PodInfo, snapshot: Snapshot) -> bool:
    return term.matches(of.namespace, of.labels, snapshot.listers.namespace_labels(of.namespace))


def _kept_away(pod: PodInfo, node: NodeInfo, snapshot: Snapshot) -> str:
    """Which pod in one of the node's domains and the pod do not go together, "" if none."""
    others = snapshot.nodes() if pod.required_anti_affinity else snapshot.nodes_with_required_anti_affinity()
    for there in others:
        for other in there.pods:
            for mine, theirs in ((pod, other), (other, pod)):
                for term in mine.required_anti_affinity:
                    value = node.labels.get(term.topology_key)
                    if (
                        value is not None
                        and there.labels.get(term.topology_key) == value
                        and _selects(term, theirs, snapshot)
                    ):
                        return f"{_named(mine)} keeps away from {_named(theirs)} in {term.topology_key}={value}: expected another such domain"
    return ""


def _skewed(pod: PodInfo, node: NodeInfo, snapshot: Snapshot) -> str:
    """Which constraint of the pod would be broken on the node, "" if none; those that leave nodes out for taints, or need so many domains, are not judged."""
    hard = [c for c in pod.pod.spec.topology_spread_constraints if c.when_unsatisfiable == DO_NOT_SCHEDULE]
    keys = [constraint.topology_key for constraint in hard]
    for constraint in hard:
        if (
            constraint.node_taints_policy == "Honor"
            or constraint.node_affinity_policy == "Ignore"
            or constraint.min_domains
        ):
            continue
        if constraint.match_label_keys:
            continue
        try:
            selector = from_object(constraint.label_selector)
        except SelectorError:
            continue
        matcher, key = required_nodes(pod.pod), constraint.topology_key
        counts: dict[str, int] = {}
        for each in snapshot.nodes():
            if all(name in each.labels for name in keys) and matcher.matches(each.name, each.labels):
                matching = [
                    other
                    for other in each.pods
                    if other.namespace == pod.namespace and not other.terminating and selector.matches(other.labels)
                ]
                counts[each.labels[key]] = counts.get(each.labels[key], 0) + (
                    0 if selector.is_empty() else len(matching)
                )
        domain = node.labels.get(key)
        if domain is None:
            return f"{node.name} has no label {key}: expected one"
        skew = counts.get(domain, 0) + selector.matches(pod.labels) - min(counts.values(), default=0)
        if counts and skew > constraint.max_skew:
            return f"{key}={domain} would be {skew} ahead: expected at most {constraint.max_skew}"
    return ""


def _wrong_victims(
    pod: PodInfo, name: str, victims: tuple[PodInfo, ...], snapshot: Snapshot, nominated: Mapping[str, Any]
) -> str:
    """What is wrong with the victims, "" if nothing is."""
    node = snapshot.node(name)
    if node is None or not victims:
        return "there is no such node: expected one" if node is None else "nobody is to go: expected victims"
    for victim in victims:
        if node.pod(victim.key) is None:
            return f"{_named(victim)} is not there: expected a pod of that node"
        if victim.priority >= pod.priority:
            return f"{_named(victim)} has priority {victim.priority}: expected less than {pod.priority}"
    if unfit(pod.pod, node.node):
        return unfit(pod.pod, node.node)
    left = snapshot
    for victim in victims:
        left = left.without_pod(victim.key, name)
    if not _fits(pod, name, left, nominated):
        return "the pod does not fit even then: expected room for it"
    if pod.required_affinity:
        return ""  # it may depend on the pods that are given back later
    for victim in victims:
        if _fits(pod, name, left.with_pod(victim, name), nominated):
            return f"{_named(victim)} goes, and there is room beside it: expected it to stay"
    return ""


def _fits(pod: PodInfo, name: str, snapshot: Snapshot, nominated: Mapping[str, Any]) -> bool:
    """Whether the default profile's filters let the pod onto the node, asked anew."""
    found = schedule(PROFILE, pod, snapshot, nominated=nominated)
    return name in found.feasible or (bool(found.feasible) and name not in found.rejected)


def _violations(pod: PodInfo, name: str, victims: tuple[PodInfo, ...], snapshot: Snapshot) -> int:
    """How many of the victims' evictions exceed a budget, charged in order of importance over all pods of lower priority there."""
    node = snapshot.node(name)
    below = [other for other in node.pods if other.priority < pod.priority] if node is not None else []
    below.sort(key=lambda other: (-other.priority, other.pod.status.start_time or "9"))
    violating, _ = by_violation(below, tuple(snapshot.listers.budgets.values()))
    keys = {victim.key for victim in victims}
    return sum(1 for other in violating if other.key in keys)
