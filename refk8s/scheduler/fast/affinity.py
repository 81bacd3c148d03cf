"""InterPodAffinity for all nodes at once: the pods that count by domain follow the nodes that change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from refk8s.kinds.codec import EMPTY
from refk8s.scheduler.fast.mirror import Mirror
from refk8s.scheduler.framework import MAX_SCORE, SKIP, CycleState, PreFilterResult, Skip
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins import inter_pod_affinity as clear
from refk8s.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from refk8s.scheduler.terms import AffinityTerm, WeightedTerm, matches_all

__all__ = ["filtered", "normalised", "prepare", "scored", "weights"]


def prepare(plugin: InterPodAffinity, mirror: Mirror, cycle: CycleState, pod: PodInfo) -> PreFilterResult | Skip:
    """What the plugin's pre_filter returns; its counts are good until the next cycle."""
    listers = cycle.listers
    labels = listers.namespace_labels(pod.namespace)
    to = tuple(clear.resolved(term, listers) for term in pod.required_affinity)
    away = tuple(clear.resolved(term, listers) for term in pod.required_anti_affinity)
    key = ("affinity", pod.namespace, _items(pod.labels), _items(labels), to, away)
    counts = mirror.column(key, lambda: _Counts(pod, labels, to, away))
    if not counts.existing and not to and not away:
        return SKIP
    return PreFilterResult(clear.Filtering(to, away, labels, counts.existing, counts.to, counts.away))


@attrs.define(eq=False)
class _Counts:
    """The counts of clear.Filtering."""

    pod: PodInfo
    namespace_labels: Mapping[str, str]
    to_terms: tuple[AffinityTerm, ...]
    away_terms: tuple[AffinityTerm, ...]
    existing: dict[tuple[str, str], int] = attrs.Factory(dict)
    to: dict[tuple[str, str], int] = attrs.Factory(dict)
    away: dict[tuple[str, str], int] = attrs.Factory(dict)

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Count the pods of a node anew."""
        if before is not None:
            self._add(before, -1)
        self._add(after, 1)

    def _add(self, node: NodeInfo, sign: int) -> None:
        if node.pods_with_required_anti_affinity:
            clear.count_against(self.existing, node, self.pod, self.namespace_labels, sign)
        if self.to_terms or self.away_terms:
            clear.count_selected(self.to, self.away, self.to_terms, self.away_terms, node, sign)


def filtered(state: clear.Filtering, mirror: Mirror, pod: PodInfo) -> Any:
    """The codes of the verdicts of the plugin's filter."""
    codes = np.zeros(len(mirror.nodes), np.int16)
    if state.existing_counts:
        codes[_in_domains(state.existing_counts, mirror)] = mirror.code(clear.EXISTING)
    if state.anti_affinity_counts:
        hit = np.zeros(len(codes), bool)
        for term in state.anti_affinity:
            hit |= _has(state.anti_affinity_counts, term.topology_key, mirror)
        codes[hit] = mirror.code(clear.ANTI_AFFINITY)
    if state.affinity:
        labelled, found = np.ones(len(codes), bool), np.ones(len(codes), bool)
        for term in state.affinity:
            labelled &= mirror.domains(term.topology_key).ids >= 0
            found &= _has(state.affinity_counts, term.topology_key, mirror)
        if not state.affinity_counts and matches_all(state.affinity, pod.namespace, pod.labels, EMPTY):
            found[:] = True
        codes[~(labelled & found)] = mirror.code(clear.AFFINITY)
    return codes


def _has(counts: Mapping[tuple[str, str], int], key: str, mirror: Mirror) -> Any:
    """Which nodes are in a domain of `key` that has a count."""
    return _in_domains({pair: count for pair, count in counts.items() if pair[0] == key}, mirror)


def _in_domains(counts: Mapping[tuple[str, str], int], mirror: Mirror) -> Any:
    """Which nodes are in a domain that has a count."""
    by_key: dict[str, list[str]] = {}
    for (key, value), count in counts.items():
        if count > 0:
            by_key.setdefault(key, []).append(value)
    hit = np.zeros(len(mirror.nodes), bool)
    for key, values in by_key.items():
        domains = mirror.domains(key)
        table, numbers = domains.table(bool), domains.numbers
        table[[numbers[value] for value in values if value in numbers]] = True
        hit |= table[domains.ids]
    return hit


# ---------------------------------------------------------------- scores


def weights(plugin: InterPodAffinity, mirror: Mirror, cycle: CycleState, pod: PodInfo) -> clear.Weights | Skip:
    """What the plugin's pre_score returns; it is good until the next cycle."""
    if plugin.ignore_preferred_terms_of_existing_pods and not (pod.preferred_affinity or pod.preferred_anti_affinity):
        return SKIP
    listers = cycle.listers
    labels = listers.namespace_labels(pod.namespace)
    to = tuple(WeightedTerm(clear.resolved(w.term, listers), w.weight) for w in pod.preferred_affinity)
    away = tuple(WeightedTerm(clear.resolved(w.term, listers), w.weight) for w in pod.preferred_anti_affinity)
    key = ("wishes", plugin, pod.namespace, _items(pod.labels), _items(labels), to, away)
    return mirror.column(key, lambda: _Wishes(plugin, pod, labels, to, away)).sums or SKIP


@attrs.define(eq=False)
class _Wishes:
    """The plugin's weights, and on how many nodes each of them was touched: as long as it is on one, it is there."""

    plugin: InterPodAffinity
    pod: PodInfo
    namespace_labels: Mapping[str, str]
    to: tuple[WeightedTerm, ...]
    away: tuple[WeightedTerm, ...]
    sums: dict[str, dict[str, int]] = attrs.Factory(dict)
    touched: dict[tuple[str, str], int] = attrs.Factory(dict)

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Weigh the pods of a node anew."""
        if before is not None:
            self._add(before, -1)
        self._add(after, 1)

    def _add(self, node: NodeInfo, sign: int) -> None:
        if not (self.to or self.away or node.pods_with_affinity):
            return
        of_node: dict[str, dict[str, int]] = {}
        self.plugin.weigh_node(of_node, node, self.pod, self.to, self.away, self.namespace_labels)
        for key, by_value in of_node.items():
            sums = self.sums.setdefault(key, {})
            for value, weight in by_value.items():
                touched = self.touched[key, value] = self.touched.get((key, value), 0) + sign
                sums[value] = sums.get(value, 0) + sign * weight
                if not touched:
                    del self.touched[key, value], sums[value]
            if not sums:
                del self.sums[key]


def scored(state: clear.Weights, mirror: Mirror) -> Any:
    """The plugin's raw scores."""
    raw = np.zeros(len(mirror.nodes), np.int64)
    for key, by_value in state.items():
        domains = mirror.domains(key)
        table, numbers = domains.table(np.int64), domains.numbers
        for value, weight in by_value.items():
            if value in numbers:
                table[numbers[value]] = weight
        raw += table[domains.ids]
    return raw


def normalised(raw: Any) -> Any:
    """The plugin's normalize."""
    lowest = int(raw.min())
    spread = int(raw.max()) - lowest
    if spread == 0:
        return np.zeros(len(raw), np.int64)
    return (float(MAX_SCORE) * ((raw - lowest).astype(np.float64) / float(spread))).astype(np.int64)


def _items(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())
