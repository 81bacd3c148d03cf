"""Services whose type changes lose the fields of the former type.

Source: pkg/registry/core/service/strategy.go, dropTypeDependentFields.
"""

from __future__ import annotations

from typing import Any

from refk8s.api.default.service import externally_accessible
from refk8s.api.default.sharing import each_under, with_value, without
from refk8s.api.validate.service import needs_health_check

__all__ = ["needs_cluster_ip", "needs_node_port", "without_former_type"]

Doc = dict[str, Any]

_BALANCED = "LoadBalancer"


def needs_cluster_ip(spec: Doc) -> bool:
    """Whether the type comes with cluster addresses (which may be "None")."""
    return spec.get("type") != "ExternalName"


def needs_node_port(spec: Doc) -> bool:
    """Whether the type comes with node ports."""
    return spec.get("type") in ("NodePort", _BALANCED)


def without_former_type(new: Doc, old: Doc) -> Doc:
    """A Service whose type changed, without the fields of the former type that the client just sent back."""
    spec, before = new["spec"], old["spec"]
    if spec is before:
        return new
    if needs_cluster_ip(before) and not needs_cluster_ip(spec):
        if all(spec.get(key) == before.get(key) for key in ("clusterIP", "clusterIPs")):
            spec = without(spec, "clusterIP", "clusterIPs")
        same = [key for key in ("ipFamilies", "ipFamilyPolicy") if new["spec"].get(key) == before.get(key)]
        spec = without(spec, *same)
    if needs_node_port(before) and not needs_node_port(spec) and _ports(spec) <= _ports(before):
        spec = each_under(spec, "ports", lambda port: without(port, "nodePort"))
    dropped: list[str] = []
    if needs_health_check(before) and not needs_health_check(spec):
        dropped.append("healthCheckNodePort")
    if before.get("type") == _BALANCED != spec.get("type"):
        dropped += ["allocateLoadBalancerNodePorts", "loadBalancerClass"]
    if externally_accessible(before) and not externally_accessible(spec):
        dropped.append("externalTrafficPolicy")
    spec = without(spec, *(key for key in dropped if spec.get(key) == before.get(key)))
    new = with_value(new, "spec", spec)
    return new if spec.get("type") == _BALANCED else _without_balancer(new)


def _without_balancer(service: Doc) -> Doc:
    if (service.get("status") or {}).get("loadBalancer"):
        return {**service, "status": {**service["status"], "loadBalancer": {}}}
    return service


def _ports(spec: Doc) -> set[int]:
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
