"""Topology spread constraints, a pod's own and the default ones."""

from __future__ import annotations

from typing import Any

import attrs

from .objects import Doc, is_empty, keeps_off, labels, namespace, selects, wants_node

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
_SYSTEM = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 3},
    {"topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5},
)
_OWNERS = {
    ("v1", "ReplicationController"): "replicationControllers",
    ("apps/v1", "ReplicaSet"): "replicaSets",
    ("apps/v1", "StatefulSet"): "statefulSets",
}


@attrs.frozen
class Constraint:
    max_skew: int
    key: str
    selector: Any
    min_domains: int
    honor_affinity: bool
    honor_taints: bool


def is_system(cycle: Any) -> bool:
    """Whether the system's default constraints hold."""
    return (cycle.args.get("PodTopologySpread", {}).get("defaultingType") or "System") == "System"


def constraints(cycle: Any, action: str) -> list[Constraint]:
    """The constraints of one kind."""
    own = cycle.pod["spec"].get("topologySpreadConstraints")
    if own:
        return [_read(c, _own_selector(c, cycle.pod)) for c in own if c["whenUnsatisfiable"] == action]
    defaults = _SYSTEM if is_system(cycle) else cycle.args["PodTopologySpread"].get("defaultConstraints") or ()
    selector = _default_selector(cycle)
    return [] if is_empty(selector) else [_read(c, selector) for c in defaults if c["whenUnsatisfiable"] == action]


def _read(document: Doc, selector: Any) -> Constraint:
    return Constraint(
        document["maxSkew"],
        document["topologyKey"],
        selector,
        document.get("minDomains") or 1,
        document.get("nodeAffinityPolicy") != "Ignore",
        document.get("nodeTaintsPolicy") == "Honor",
    )


def _own_selector(document: Doc, pod: Doc) -> Any:
    selector, own = document.get("labelSelector"), labels(pod)
    if selector is None:
        return None
    more = [{"key": k, "operator": "In", "values": [own[k]]} for k in document.get("matchLabelKeys") or [] if k in own]
    return {**selector, "matchExpressions": [*(selector.get("matchExpressions") or []), *more]}


def _default_selector(cycle: Any) -> Doc:
    """What the pod's services and its owner select, all at once. Source: helper/spread.go, DefaultSelector."""
    case, pod = cycle.case, cycle.pod
    exact: dict[str, str] = {}
    expressions: list[Doc] = []
    for service in case.get("services") or []:
        selector = (service.get("spec") or {}).get("selector")
        if selector and namespace(service) == namespace(pod) and selects({"matchLabels": selector}, labels(pod)):
            exact |= selector
    for reference in pod["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            field = _OWNERS.get((reference["apiVersion"], reference["kind"]), "")
            for owner in case.get(field) or []:
                if (namespace(owner), owner["metadata"]["name"]) == (namespace(pod), reference["name"]):
                    selector = owner["spec"].get("selector") or {}
                    if field == "replicationControllers":
                        exact |= selector
                    else:
                        same = (selector.get("matchLabels") or {}).items()
                        expressions += [{"key": key, "operator": "In", "values": [value]} for key, value in same]
                        expressions += selector.get("matchExpressions") or []
    return {"matchLabels": exact, "matchExpressions": expressions}


def counts_node(constraint: Constraint, pod: Doc, node: Doc) -> bool:
    """Whether the constraint's node policies let the node count."""
    if constraint.honor_affinity and not wants_node(pod, node):
        return False
    return not (constraint.honor_taints and keeps_off(node, pod))


def matching(pods: list[Doc], selector: Any, space: str) -> int:
    """How many of the pods count."""
    if is_empty(selector):
        return 0
    alive = [p for p in pods if namespace(p) == space and not p["metadata"].get("deletionTimestamp")]
    return sum(selects(selector, labels(pod)) for pod in alive)
