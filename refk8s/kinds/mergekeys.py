"""`matchLabelKeys` and `mismatchLabelKeys`: keys whose values, taken from the pod's own labels, join its selectors.

The API server writes them into the selectors when a pod is created, so that nobody else has to know them.
Source: pkg/registry/core/pod/strategy.go, mutatePodAffinity and mutateTopologySpreadConstraints (KEP-3633, KEP-3243).
"""

from collections.abc import Mapping
from typing import Any

from refk8s.kinds.codec import Document

__all__ = ["merge_label_keys"]

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def merge_label_keys(pod: Document) -> Document:
    """Return the pod document with the keys merged into its affinity and topology spread selectors."""
    labels = (pod.get("metadata") or {}).get("labels") or {}
    spec = pod.get("spec") or {}
    changed: dict[str, Any] = {}
    if affinity := spec.get("affinity"):
        merged = dict(affinity)
        for kind in ("podAffinity", "podAntiAffinity"):
            if affinity.get(kind):
                merged[kind] = _affinity(affinity[kind], labels)
        changed["affinity"] = merged
    if constraints := spec.get("topologySpreadConstraints"):
        changed["topologySpreadConstraints"] = [_merge(c, labels, mismatch=False) for c in constraints]
    if all(changed[field] == spec[field] for field in changed):
        return pod
    return {**pod, "spec": {**spec, **changed}}


def _affinity(affinity: Document, labels: Mapping[str, str]) -> Document:
    merged = dict(affinity)
    if terms := affinity.get(_REQUIRED):
        merged[_REQUIRED] = [_merge(term, labels) for term in terms]
    if weighted := affinity.get(_PREFERRED):
        field = "podAffinityTerm"
        merged[_PREFERRED] = [{**w, field: _merge(w[field], labels)} if w.get(field) else w for w in weighted]
    return merged


def _merge(term: Document, labels: Mapping[str, str], *, mismatch: bool = True) -> Document:
    """Return a term with its keys in its selector; without a selector it matches nothing, and stays so."""
    selector = term.get("labelSelector")
    keys = [("In", key) for key in term.get("matchLabelKeys") or ()]
    if mismatch:
        keys += [("NotIn", key) for key in term.get("mismatchLabelKeys") or ()]
    added = [{"key": key, "operator": operator, "values": [labels[key]]} for operator, key in keys if key in labels]
    if selector is None or not added:
        return term
    expressions = [*(selector.get("matchExpressions") or ()), *added]
    return {**term, "labelSelector": {**selector, "matchExpressions": expressions}}
