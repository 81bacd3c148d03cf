"""Which nodes a pod's nodeSelector and node affinity allow and prefer.

Source: staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go; apimachinery/pkg/labels/selector.go, NewRequirement.
"""

from collections.abc import Mapping
from functools import lru_cache

import attrs

from refk8s.kinds.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PreferredSchedulingTerm
from refk8s.kinds.names import label_key, label_value
from refk8s.kinds.pod import Pod
from refk8s.kinds.selector import EVERYTHING, Requirement, Selector, from_labels

__all__ = [
    "ANY_NODE",
    "NodeMatcher",
    "NodeTerm",
    "matches_terms",
    "preferred_terms",
    "required_nodes",
    "score_terms",
    "selected_nodes",
]

Labels = Mapping[str, str]

_LABEL_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}
_FIELD_OPERATORS = {"In": "=", "NotIn": "!="}


@attrs.frozen
class NodeTerm:
    """One compiled term: all requirements on labels and on fields (of which nodes have `metadata.name` only)."""

    labels: Selector
    fields: Selector

    def matches(self, name: str, labels: Labels) -> bool:
        """Tell whether the node satisfies the term."""
        return self.labels.matches(labels) and (
            not self.fields.requirements or self.fields.matches({"metadata.name": name})
        )


@attrs.frozen
class NodeMatcher:
    """The nodes that a pod may run on: all of `selector` (its nodeSelector) and one of `terms` (None = no required affinity)."""

    selector: Selector = EVERYTHING
    terms: tuple[NodeTerm, ...] | None = None

    def matches(self, name: str, labels: Labels) -> bool:
        """Tell whether the pod may run on the node."""
        return self.selector.matches(labels) and (self.terms is None or matches_terms(self.terms, name, labels))


ANY_NODE = NodeMatcher()


def required_nodes(pod: Pod) -> NodeMatcher:
    """Return the nodes that a pod's nodeSelector and required node affinity allow. Source: GetRequiredNodeAffinity."""
    spec = pod.spec
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if not spec.node_selector and required is None:
        return ANY_NODE
    return NodeMatcher(from_labels(spec.node_selector), None if required is None else selected_nodes(required))


@lru_cache(maxsize=4_096)
def selected_nodes(selector: NodeSelector) -> tuple[NodeTerm, ...]:
    """Return the compiled terms, of which a node must match one. Empty and malformed terms, which match no node, are left out."""
    compiled = (_term(term) for term in selector.node_selector_terms)
    return tuple(term for term in compiled if term is not None)


@lru_cache(maxsize=4_096)
def preferred_terms(terms: tuple[PreferredSchedulingTerm, ...]) -> tuple[tuple[int, NodeTerm], ...]:
    """Return (weight, compiled term) pairs without those that cannot count."""
    compiled = ((term.weight, _term(term.preference)) for term in terms if term.weight)
    return tuple((weight, term) for weight, term in compiled if term is not None)


def matches_terms(terms: tuple[NodeTerm, ...], name: str, labels: Labels) -> bool:
    """Tell whether the node satisfies one of the terms."""
    return any(term.matches(name, labels) for term in terms)


def score_terms(terms: tuple[tuple[int, NodeTerm], ...], name: str, labels: Labels) -> int:
    """Return the sum of the weights of the terms that the node satisfies."""
    total = 0
    for weight, term in terms:
        if term.matches(name, labels):
            total += weight
    return total


def _term(term: NodeSelectorTerm) -> NodeTerm | None:
    if not term.match_expressions and not term.match_fields:
        return None
    labels = [_label_requirement(r) for r in term.match_expressions]
    fields = [_field_requirement(r) for r in term.match_fields]
    found = [r for r in (*labels, *fields) if r is not None]
    if len(found) != len(labels) + len(fields):
        return None
    return NodeTerm(Selector(tuple(found[: len(labels)])), Selector(tuple(found[len(labels) :])))


def _label_requirement(requirement: NodeSelectorRequirement) -> Requirement | None:
    """Compile a requirement on a label, None if it is malformed."""
    operator, values = _LABEL_OPERATORS.get(requirement.operator), requirement.values
    if operator is None or label_key(requirement.key) or any(label_value(value) for value in values):
        return None
    if operator in ("in", "notin"):
        well_formed = bool(values)
    elif operator in ("gt", "lt"):
        well_formed = len(values) == 1 and values[0].isdigit() and int(values[0]) < 2**63
    else:
        well_formed = not values
    return Requirement(requirement.key, operator, values) if well_formed else None


def _field_requirement(requirement: NodeSelectorRequirement) -> Requirement | None:
    """Compile a requirement on a field, None if it is malformed."""
    operator = _FIELD_OPERATORS.get(requirement.operator)
    return (
        Requirement(requirement.key, operator, requirement.values)
        if operator and len(requirement.values) == 1
        else None
    )
