"""PodTopologySpread for all nodes at once: the matching pods by domain follow the nodes that change."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np

from refk8s.kinds.nodeselector import ANY_NODE, NodeMatcher, required_nodes
from refk8s.scheduler.fast.mirror import Mirror
from refk8s.scheduler.framework import MAX_SCORE, SKIP, CycleState, PreFilterResult, Skip
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins import pod_topology_spread as clear
from refk8s.scheduler.plugins.pod_topology_spread import HOSTNAME, Constraint, PodTopologySpread

__all__ = ["Scoring", "filtered", "normalised", "prepare", "scored", "scoring"]


def prepare(plugin: PodTopologySpread, mirror: Mirror, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
    """What the plugin's pre_filter returns; its counts are good until the next cycle."""
    constraints = plugin.constraints(pod, cycle.listers, clear.DO_NOT_SCHEDULE)
    if not constraints:
        return SKIP
    matcher = required_nodes(pod.pod)
    key = ("spread", constraints, pod.namespace, matcher, _tolerations(constraints, pod))
    counted = mirror.column(key, lambda: _Hard(constraints, pod, matcher, tuple({} for _ in constraints)))
    minima = clear.minima(constraints, counted.counts)
    own = tuple(int(c.selector.matches(pod.labels)) for c in constraints)
    return PreFilterResult(clear.Filtering(constraints, counted.counts, matcher, minima, own))


def _tolerations(constraints: tuple[Constraint, ...], pod: PodInfo) -> Any:
    """The pod's tolerations if they matter."""
    return pod.pod.spec.tolerations if any(constraint.honor_taints for constraint in constraints) else ()


@attrs.define(eq=False)
class _Hard:
    """The counts of clear.Filtering, and how many nodes each domain has: as long as it has one, it counts."""

    constraints: tuple[Constraint, ...]
    pod: PodInfo
    matcher: NodeMatcher
    counts: tuple[dict[str, int], ...]
    members: dict[tuple[int, str], int] = attrs.Factory(dict)

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Count the pods of a node anew."""
        if before is not None:
            self._add(before, -1)
        self._add(after, 1)

    def _add(self, node: NodeInfo, sign: int) -> None:
        if not clear.has_all_keys(node.labels, self.constraints):
            return
        for number, (constraint, domains) in enumerate(zip(self.constraints, self.counts, strict=True)):
            if clear.included(constraint, self.pod, node, self.matcher):
                value = node.labels[constraint.topology_key]
                members = self.members[number, value] = self.members.get((number, value), 0) + sign
                count = clear.matching_pods(node, constraint.selector, self.pod.namespace)
                domains[value] = domains.get(value, 0) + sign * count
                if not members:
                    del self.members[number, value], domains[value]


def filtered(state: clear.Filtering, mirror: Mirror) -> Any:
    """The codes of the verdicts of the plugin's filter."""
    codes = np.zeros(len(mirror.nodes), np.int16)
    no_label, skewed = mirror.code(clear.NO_LABEL), mirror.code(clear.SKEWED)
    for constraint, counts, minimum, own in zip(
        reversed(state.constraints), reversed(state.counts), reversed(state.minima), reversed(state.own), strict=True
    ):
        domains = mirror.domains(constraint.topology_key)
        table, numbers = domains.table(np.int64), domains.numbers
        table[[numbers[value] for value in counts]] = list(counts.values())
        codes[table[domains.ids] + (own - minimum) > constraint.max_skew] = skewed
        codes[domains.ids < 0] = no_label
    return codes


# ---------------------------------------------------------------- scores


@attrs.frozen(eq=False)
class Scoring:
    """What the scores need of all nodes: for each soft constraint, the pods that count by domain (by node for the hostname)."""

    constraints: tuple[Constraint, ...]
    counts: tuple[Any, ...]
    all_keys: bool


def scoring(plugin: PodTopologySpread, mirror: Mirror, cycle: CycleState, pod: PodInfo) -> Scoring | Skip:
    """What stands for the state of the plugin's pre_score; it is good until the next cycle."""
    constraints = plugin.constraints(pod, cycle.listers, clear.SCHEDULE_ANYWAY)
    if not constraints:
        return SKIP
    all_keys = bool(pod.pod.spec.topology_spread_constraints) or not plugin.system_defaults
    matcher = required_nodes(pod.pod)
    key = ("spreading", constraints, pod.namespace, matcher, _tolerations(constraints, pod), all_keys)
    counted = mirror.column(key, lambda: _Soft.of(constraints, pod, matcher, mirror, all_keys=all_keys))
    return Scoring(constraints, counted.counts, all_keys)


@attrs.define(eq=False)
class _Soft:
    """The pods that count: an array over nodes for the hostname, else by value of the label ("" without one)."""

    constraints: tuple[Constraint, ...]
    pod: PodInfo
    matcher: NodeMatcher
    all_keys: bool
    anywhere: bool
    counts: tuple[Any, ...]

    @classmethod
    def of(
        cls, constraints: tuple[Constraint, ...], pod: PodInfo, matcher: NodeMatcher, mirror: Mirror, *, all_keys: bool
    ) -> _Soft:
        """Nothing counted yet."""
        anywhere = matcher is ANY_NODE and not any(constraint.honor_taints for constraint in constraints)
        size = len(mirror.nodes)
        counts: list[Any] = [np.zeros(size, np.int64) if c.topology_key == HOSTNAME else {} for c in constraints]
        return cls(constraints, pod, matcher, all_keys, anywhere, tuple(counts))

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Count the pods of a node anew."""
        if before is not None:
            self._add(position, before, -1)
        self._add(position, after, 1)

    def _add(self, position: int, node: NodeInfo, sign: int) -> None:
        if not node.pods or (self.all_keys and not clear.has_all_keys(node.labels, self.constraints)):
            return
        for constraint, counts in zip(self.constraints, self.counts, strict=True):
            count = sign * clear.matching_pods(node, constraint.selector, self.pod.namespace)
            if not count:
                continue
            if constraint.topology_key == HOSTNAME:
                counts[position] += count
            elif self.anywhere or clear.included(constraint, self.pod, node, self.matcher):
                value = node.labels.get(constraint.topology_key, "")
                counts[value] = counts.get(value, 0) + count


def scored(state: Scoring, mirror: Mirror, feasible: Any) -> tuple[Any, Any]:
    """The plugin's raw scores of the nodes at the positions `feasible`, and which of these it ignores."""
    ignored = np.zeros(len(feasible), bool)
    if state.all_keys:
        for constraint in state.constraints:
            ignored |= mirror.domains(constraint.topology_key).ids[feasible] < 0
    score = np.zeros(len(feasible), np.float64)
    for constraint, counts in zip(state.constraints, state.counts, strict=True):
        domains = mirror.domains(constraint.topology_key)
        without_label = domains.number("")
        ids = domains.ids[feasible]
        if constraint.topology_key == HOSTNAME:
            many, of_node = len(feasible) - int(np.count_nonzero(ignored)), counts[feasible]
        else:
            where = np.where(ids < 0, without_label, ids)[~ignored]
            many = int(np.count_nonzero(np.bincount(where, minlength=1)))
            table, numbers = domains.table(np.int64), domains.numbers
            for value, count in counts.items():
                if value in numbers:
                    table[numbers[value]] = count
            of_node = table[ids]
        weight, extra = math.log(float(many + 2)), float(constraint.max_skew - 1)
        score += np.where(ids < 0, 0.0, of_node.astype(np.float64) * weight + extra)
    whole = np.trunc(score)
    whole += np.where(np.abs(score - whole) >= 0.5, np.where(score > 0, 1.0, -1.0), 0.0)
    raw = whole.astype(np.int64)
    raw[ignored] = 0
    return raw, ignored


def normalised(raw: Any, ignored: Any) -> Any:
    """The plugin's normalize."""
    counted = raw[~ignored]
    highest, lowest = (int(counted.max()), int(counted.min())) if len(counted) else (0, 0)
    final = MAX_SCORE * (highest + lowest - raw) // highest if highest else np.full(len(raw), MAX_SCORE, np.int64)
    final[ignored] = 0
    return final
