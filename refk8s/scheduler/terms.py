"""Compiled terms of affinity and anti-affinity to pods.

Source: staging/src/k8s.io/kube-scheduler/framework/types.go, AffinityTerm, GetAffinityTerms.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from refk8s.kinds.affinity import PodAffinity, PodAffinityTerm
from refk8s.kinds.selector import Selector, SelectorError, from_object

__all__ = ["AffinityTerm", "WeightedTerm", "matches_all", "preferred_terms", "required_terms"]

Labels = Mapping[str, str]


@attrs.frozen
class AffinityTerm:
    """Pods that `selector` selects in one of `namespaces`, or in a namespace whose labels `namespace_selector` selects."""

    namespaces: frozenset[str]
    selector: Selector
    topology_key: str
    namespace_selector: Selector

    def matches(self, namespace: str, labels: Labels, namespace_labels: Labels) -> bool:
        """Tell whether the term selects a pod with these labels in this namespace."""
        if namespace in self.namespaces or self.namespace_selector.matches(namespace_labels):
            return self.selector.matches(labels)
        return False


@attrs.frozen
class WeightedTerm:
    """A preferred term and its weight."""

    term: AffinityTerm
    weight: int


def required_terms(namespace: str, affinity: PodAffinity | None) -> tuple[AffinityTerm, ...]:
    """Return the required terms of a pod in `namespace`; none if one of them has no valid selector, as upstream does for pods on nodes.

    DEVIATES: for a pending pod upstream gives up with "parsing pod: …", because that text is Go's; the API server admits no such pod.
    """
    if affinity is None:
        return ()
    try:
        return tuple(_term(namespace, term) for term in affinity.required_during_scheduling_ignored_during_execution)
    except SelectorError:
        return ()


def preferred_terms(namespace: str, affinity: PodAffinity | None) -> tuple[WeightedTerm, ...]:
    """Return the preferred terms of a pod in `namespace`, like required_terms."""
    if affinity is None:
        return ()
    try:
        return tuple(
            WeightedTerm(_term(namespace, term.pod_affinity_term), term.weight)
            for term in affinity.preferred_during_scheduling_ignored_during_execution
        )
    except SelectorError:
        return ()


def matches_all(terms: tuple[AffinityTerm, ...], namespace: str, labels: Labels, namespace_labels: Labels) -> bool:
    """Tell whether every term selects the pod; False without terms."""
    return bool(terms) and all(term.matches(namespace, labels, namespace_labels) for term in terms)


def _term(namespace: str, term: PodAffinityTerm) -> AffinityTerm:
    own = not term.namespaces and term.namespace_selector is None
    return AffinityTerm(
        frozenset((namespace,) if own else term.namespaces),
        from_object(term.label_selector),
        term.topology_key,
        from_object(term.namespace_selector),
    )
