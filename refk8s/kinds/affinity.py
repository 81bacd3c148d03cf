"""Where a pod wants to run: node affinity, pod (anti-)affinity, topology spread.

Source: staging/src/k8s.io/api/core/v1/types.go, Affinity and TopologySpreadConstraint.
"""

import attrs

from refk8s.kinds.meta import LabelSelector, LabelSelectorRequirement

__all__ = [
    "Affinity",
    "NodeAffinity",
    "NodeSelector",
    "NodeSelectorRequirement",
    "NodeSelectorTerm",
    "PodAffinity",
    "PodAffinityTerm",
    "PreferredSchedulingTerm",
    "TopologySpreadConstraint",
    "WeightedPodAffinityTerm",
]

NodeSelectorRequirement = LabelSelectorRequirement  # same three fields; operators Gt and Lt are allowed as well


@attrs.frozen(weakref_slot=False)
class NodeSelectorTerm:
    match_expressions: tuple[NodeSelectorRequirement, ...] = ()
    match_fields: tuple[NodeSelectorRequirement, ...] = ()


@attrs.frozen(weakref_slot=False)
class NodeSelector:
    node_selector_terms: tuple[NodeSelectorTerm, ...] = ()


@attrs.frozen(weakref_slot=False)
class PreferredSchedulingTerm:
    weight: int = 0
    preference: NodeSelectorTerm = NodeSelectorTerm()


@attrs.frozen(weakref_slot=False)
class NodeAffinity:
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = ()


@attrs.frozen(weakref_slot=False)
class PodAffinityTerm:
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    topology_key: str = ""
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    mismatch_label_keys: tuple[str, ...] = ()


@attrs.frozen(weakref_slot=False)
class WeightedPodAffinityTerm:
    weight: int = 0
    pod_affinity_term: PodAffinityTerm = PodAffinityTerm()


@attrs.frozen(weakref_slot=False)
class PodAffinity:
    """Affinity and anti-affinity to pods have the same shape."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()


@attrs.frozen(weakref_slot=False)
class Affinity:
    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


@attrs.frozen(weakref_slot=False)
class TopologySpreadConstraint:
    max_skew: int = 0
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: LabelSelector | None = None
    min_domains: int | None = None
    node_affinity_policy: str = ""
    node_taints_policy: str = ""
    match_label_keys: tuple[str, ...] = ()
