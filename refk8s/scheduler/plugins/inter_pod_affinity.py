"""InterPodAffinity: pods that want to be, or must not be, in one topology domain with certain other pods, and those pods' own wishes.

Source: pkg/scheduler/framework/plugins/interpodaffinity/{plugin,filtering,scoring}.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from refk8s.kinds.codec import EMPTY
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.scheduler.events import ActionType, ClusterEvent, EventHint, EventResource, QueueingHint
from refk8s.scheduler.framework import MAX_SCORE, SKIP, Code, CycleState, Plugin, Point, PreFilterResult, Skip, Status
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.terms import AffinityTerm, WeightedTerm, matches_all, required_terms

__all__ = [
    "AFFINITY",
    "ANTI_AFFINITY",
    "EXISTING",
    "Filtering",
    "InterPodAffinity",
    "Weights",
    "count_against",
    "count_selected",
    "resolved",
]

Counts = Mapping[tuple[str, str], int]
"""(topology key, value) → number of pods, never 0."""

Weights = Mapping[str, Mapping[str, int]]
"""Topology key → value → sum of weights."""

Labels = Mapping[str, str]

_NAME: Final = "InterPodAffinity"
AFFINITY: Final = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, _NAME, ("node(s) didn't match pod affinity rules",))
ANTI_AFFINITY: Final = Status(Code.UNSCHEDULABLE, _NAME, ("node(s) didn't match pod anti-affinity rules",))
EXISTING: Final = Status(Code.UNSCHEDULABLE, _NAME, ("node(s) didn't satisfy existing pods anti-affinity rules",))


@attrs.frozen
class Filtering:
    """The pod's required terms with their namespace selectors resolved, and the pods per topology domain that matter."""

    affinity: tuple[AffinityTerm, ...]
    anti_affinity: tuple[AffinityTerm, ...]
    namespace_labels: Labels
    existing_counts: Counts
    """Pods there with an anti-affinity term against the pod."""
    affinity_counts: Counts
    """Pods there that all affinity terms of the pod select."""
    anti_affinity_counts: Counts
    """Pods there that an anti-affinity term of the pod selects."""


@attrs.frozen
class InterPodAffinity(Plugin):
    """Filters by required terms of the pod and of pods there, scores by preferred ones (and by required affinity of pods there)."""

    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False

    name = _NAME
    points = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})

    def pre_filter(self, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
        snapshot, listers = cycle.snapshot, cycle.listers
        labels = listers.namespace_labels(pod.namespace)
        existing: dict[tuple[str, str], int] = {}
        for node in snapshot.nodes_with_required_anti_affinity():
            count_against(existing, node, pod, labels, 1)
        if not existing and not pod.required_affinity and not pod.required_anti_affinity:
            return SKIP
        to = tuple(resolved(term, listers) for term in pod.required_affinity)
        away = tuple(resolved(term, listers) for term in pod.required_anti_affinity)
        to_counts: dict[tuple[str, str], int] = {}
        away_counts: dict[tuple[str, str], int] = {}
        if to or away:
            for node in snapshot.nodes():
                count_selected(to_counts, away_counts, to, away, node, 1)
        return PreFilterResult(Filtering(to, away, labels, existing, to_counts, away_counts))

    def filter(self, state: Filtering, pod: PodInfo, node: NodeInfo) -> Status | None:
        labels = node.labels
        if state.affinity and not _affinity_holds(state, pod, labels):
            return AFFINITY
        counts = state.anti_affinity_counts
        if counts and any(_domain_has(counts, term.topology_key, labels) for term in state.anti_affinity):
            return ANTI_AFFINITY
        existing = state.existing_counts
        if existing and any(existing.get(pair, 0) > 0 for pair in labels.items()):
            return EXISTING
        return None

    def pre_score(self, cycle: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Weights | Skip:
        wishes = bool(pod.preferred_affinity or pod.preferred_anti_affinity)
        if self.ignore_preferred_terms_of_existing_pods and not wishes:
            return SKIP
        snapshot, listers = cycle.snapshot, cycle.listers
        namespace_labels = listers.namespace_labels(pod.namespace)
        to = tuple(WeightedTerm(resolved(w.term, listers), w.weight) for w in pod.preferred_affinity)
        away = tuple(WeightedTerm(resolved(w.term, listers), w.weight) for w in pod.preferred_anti_affinity)
        weights: dict[str, dict[str, int]] = {}
        for node in snapshot.nodes() if wishes else snapshot.nodes_with_affinity():
            self.weigh_node(weights, node, pod, to, away, namespace_labels)
        return weights or SKIP

    def score(self, state: Weights, pod: PodInfo, node: NodeInfo) -> int:
        total, labels = 0, node.labels
        for key, by_value in state.items():
            total += by_value.get(labels.get(key, ""), 0) if key in labels else 0
        return total

    def normalize(self, state: Weights, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        lowest = min(scores)
        spread = max(scores) - lowest
        if spread == 0:
            return [0] * len(scores)
        return [int(float(MAX_SCORE) * (float(score - lowest) / float(spread))) for score in scores]

    def add_pod(self, state: Filtering, pod: PodInfo, added: PodInfo, node: NodeInfo) -> Filtering:
        return _with_pod(state, pod, added, node.labels, 1)

    def remove_pod(self, state: Filtering, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> Filtering:
        return _with_pod(state, pod, removed, node.labels, -1)

    def events(self) -> tuple[EventHint, ...]:
        pods = ActionType.ADD | ActionType.UPDATE_POD_LABEL | ActionType.DELETE
        nodes = ActionType.ADD | ActionType.UPDATE_NODE_LABEL
        return (
            EventHint(ClusterEvent(EventResource.POD, pods), _after_pod_change),
            EventHint(ClusterEvent(EventResource.NODE, nodes), _after_node_change),
        )

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> InterPodAffinity:
        weight = args.get("hardPodAffinityWeight")
        return cls(1 if weight is None else weight, bool(args.get("ignorePreferredTermsOfExistingPods")))

    def weigh_node(
        self,
        weights: dict[str, dict[str, int]],
        node: NodeInfo,
        pod: PodInfo,
        to: tuple[WeightedTerm, ...],
        away: tuple[WeightedTerm, ...],
        namespace_labels: Labels,
    ) -> None:
        """Add to the weights what the pods on a node contribute: by what `pod` prefers, and by what they prefer."""
        if not node.labels:
            return
        for other in node.pods if to or away else node.pods_with_affinity:
            _weigh(weights, to, other, EMPTY, node.labels, 1)
            _weigh(weights, away, other, EMPTY, node.labels, -1)
            if other.has_affinity:
                self._weigh_wishes_of(weights, other, pod, namespace_labels, node.labels)

    def _weigh_wishes_of(
        self, weights: dict[str, dict[str, int]], other: PodInfo, pod: PodInfo, namespace_labels: Labels, labels: Labels
    ) -> None:
        if self.hard_pod_affinity_weight > 0:
            hard = tuple(WeightedTerm(term, self.hard_pod_affinity_weight) for term in other.required_affinity)
            _weigh(weights, hard, pod, namespace_labels, labels, 1)
        _weigh(weights, other.preferred_affinity, pod, namespace_labels, labels, 1)
        _weigh(weights, other.preferred_anti_affinity, pod, namespace_labels, labels, -1)


def count_against(
    counts: dict[tuple[str, str], int], node: NodeInfo, pod: PodInfo, namespace_labels: Labels, amount: int
) -> None:
    """Count the pods on a node for each of their required anti-affinity terms that selects `pod`."""
    for other in node.pods_with_required_anti_affinity:
        terms = other.required_anti_affinity
        _count_each(counts, terms, pod.namespace, pod.labels, namespace_labels, node.labels, amount)


def count_selected(
    to_counts: dict[tuple[str, str], int],
    away_counts: dict[tuple[str, str], int],
    to: tuple[AffinityTerm, ...],
    away: tuple[AffinityTerm, ...],
    node: NodeInfo,
    amount: int,
) -> None:
    """Count the pods on a node that the required terms of the pending pod select."""
    for other in node.pods:
        _count_all(to_counts, to, other, node.labels, amount)
        _count_each(away_counts, away, other.namespace, other.labels, EMPTY, node.labels, amount)


def resolved(term: AffinityTerm, listers: Listers) -> AffinityTerm:
    """Return a term of the pending pod with the namespaces that its selector selects added to `namespaces`.

    The selector stays as well, and is tried against no labels at all: that is how one that requires the absence of labels selects pods of every
    namespace, as it does upstream.
    """
    selector = term.namespace_selector
    if selector.is_empty() or not selector.requirements:
        return term
    selected = frozenset(name for name, labels in listers.namespaces.items() if selector.matches(labels))
    return attrs.evolve(term, namespaces=term.namespaces | selected)


def _affinity_holds(state: Filtering, pod: PodInfo, labels: Labels) -> bool:
    """Tell whether every term finds a pod in the node's domain; the first pod of a series that selects itself needs none."""
    counts, found = state.affinity_counts, True
    for term in state.affinity:
        value = labels.get(term.topology_key)
        if value is None:
            return False
        if counts.get((term.topology_key, value), 0) <= 0:
            found = False
    return found or (not counts and matches_all(state.affinity, pod.namespace, pod.labels, EMPTY))


def _domain_has(counts: Counts, key: str, labels: Labels) -> bool:
    value = labels.get(key)
    return value is not None and counts.get((key, value), 0) > 0


def _add(counts: dict[tuple[str, str], int], key: str, labels: Labels, amount: int) -> None:
    value = labels.get(key)
    if value is not None:
        total = counts.get((key, value), 0) + amount
        if total:
            counts[key, value] = total
        else:
            counts.pop((key, value), None)


def _count_all(
    counts: dict[tuple[str, str], int], terms: tuple[AffinityTerm, ...], other: PodInfo, labels: Labels, amount: int
) -> None:
    """Count `other` for every term if all of them select it."""
    if matches_all(terms, other.namespace, other.labels, EMPTY):
        for term in terms:
            _add(counts, term.topology_key, labels, amount)


def _count_each(
    counts: dict[tuple[str, str], int],
    terms: tuple[AffinityTerm, ...],
    namespace: str,
    pod_labels: Labels,
    namespace_labels: Labels,
    labels: Labels,
    amount: int,
) -> None:
    """Count a pod for every term that selects it."""
    for term in terms:
        if term.matches(namespace, pod_labels, namespace_labels):
            _add(counts, term.topology_key, labels, amount)


def _weigh(
    weights: dict[str, dict[str, int]],
    terms: tuple[WeightedTerm, ...],
    other: PodInfo,
    namespace_labels: Labels,
    labels: Labels,
    sign: int,
) -> None:
    """Add the weights of the terms that select `other` to the node's domains; a domain that was touched stays, even at 0."""
    for weighted in terms:
        term = weighted.term
        value = labels.get(term.topology_key)
        if value is not None and term.matches(other.namespace, other.labels, namespace_labels):
            by_value = weights.setdefault(term.topology_key, {})
            by_value[value] = by_value.get(value, 0) + sign * weighted.weight


def _with_pod(state: Filtering, pod: PodInfo, other: PodInfo, labels: Labels, amount: int) -> Filtering:
    existing, to, away = dict(state.existing_counts), dict(state.affinity_counts), dict(state.anti_affinity_counts)
    _count_each(
        existing, other.required_anti_affinity, pod.namespace, pod.labels, state.namespace_labels, labels, amount
    )
    _count_all(to, state.affinity, other, labels, amount)
    _count_each(away, state.anti_affinity, other.namespace, other.labels, EMPTY, labels, amount)
    return Filtering(state.affinity, state.anti_affinity, state.namespace_labels, existing, to, away)


def _after_pod_change(pod: PodInfo, old: Pod | None, new: Pod | None, listers: Listers) -> QueueingHint:
    if old and new and new.metadata.uid == pod.uid:
        return QueueingHint.QUEUE
    if any(p and not p.spec.node_name and not p.status.nominated_node_name for p in (old, new)):
        return QueueingHint.SKIP
    to, away = pod.required_affinity, pod.required_anti_affinity
    if new is None:
        assert old is not None, "an event without an object; common cause: an informer that dropped the tombstone"
        affinity = old.spec.affinity
        theirs = required_terms(old.metadata.namespace, affinity.pod_anti_affinity if affinity else None)
        freed = _selects(away, old) or matches_all(theirs, pod.namespace, pod.labels, EMPTY)
    elif old is None:
        freed = _selects(to, new)
    else:
        freed = (not _selects(to, old) and _selects(to, new)) or (_selects(away, old) and not _selects(away, new))
    return QueueingHint.QUEUE if freed else QueueingHint.SKIP


def _selects(terms: tuple[AffinityTerm, ...], pod: Pod) -> bool:
    return matches_all(terms, pod.metadata.namespace, pod.metadata.labels, EMPTY)


def _after_node_change(pod: PodInfo, old: Node | None, new: Node, listers: Listers) -> QueueingHint:
    """A node joined, left or changed a domain that the pod's required terms are about."""
    after = new.metadata.labels
    if old is None:
        helps = bool(pod.required_anti_affinity) or any(key in after for key in _keys(pod.required_affinity))
        return QueueingHint.QUEUE if helps else QueueingHint.SKIP
    before = old.metadata.labels
    joins = any(key in after and before.get(key) != after[key] for key in _keys(pod.required_affinity))
    leaves = any(key in before and before[key] != after.get(key) for key in _keys(pod.required_anti_affinity))
    return QueueingHint.QUEUE if joins or leaves else QueueingHint.SKIP


def _keys(terms: Iterable[AffinityTerm]) -> list[str]:
    return [term.topology_key for term in terms]
