"""Services: fields that belong together, and those that end with a type.

`begin_create` and `begin_update` are what upstream's REST layer does before it allocates addresses and ports, on a
cluster with IPv4 only; allocation itself needs state and is not here.
Source: pkg/registry/core/service/strategy.go, dropTypeDependentFields; storage/{storage,alloc}.go (normalizeClusterIPs,
patchAllocatedValues, initIPFamilyFields).
"""

from __future__ import annotations

from typing import Any

from refk8s.api.default.service import externally_accessible
from refk8s.api.default.sharing import each_under, with_missing, with_value, without
from refk8s.api.validate.errors import Errors, invalid, named
from refk8s.api.validate.service import cluster_ip_fields, needs_health_check

__all__ = ["begin_create", "begin_update", "needs_cluster_ip", "needs_node_port", "without_former_type"]

Doc = dict[str, Any]

NODE_PORTS = range(30000, 32768)
_BALANCED = "LoadBalancer"
_POLICY = "spec.ipFamilyPolicy"


def begin_create(service: Doc) -> tuple[Doc, Errors]:
    """A new Service with its families chosen and singular and plural addresses in step; the errors come as 422."""
    spec = service["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec = {**spec, "clusterIPs": [spec["clusterIP"]]}
    return _begun(service, spec, None)


def begin_update(new: Doc, old: Doc) -> tuple[Doc, Errors]:
    """A changed Service that keeps what was allocated before where the client left it out."""
    return _begun(new, _in_step(_with_allocated(new["spec"], old["spec"]), old["spec"]), old["spec"])


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


def _with_allocated(spec: Doc, before: Doc) -> Doc:
    if needs_cluster_ip(before) and needs_cluster_ip(spec):
        kept = {key: before[key] for key in ("clusterIP", "clusterIPs") if key in before}
        spec = with_missing(spec, kept)
    if needs_node_port(before) and needs_node_port(spec):
        used = _ports(before) & _ports(spec)
        by_name = {port.get("name") or "": port.get("nodePort") or 0 for port in before.get("ports") or ()}

        def port_with_number(port: Doc) -> Doc:
            number = by_name.get(port.get("name") or "", 0)
            return {**port, "nodePort": number} if not port.get("nodePort") and number and number not in used else port

        spec = each_under(spec, "ports", port_with_number)
    if needs_health_check(before) and needs_health_check(spec) and "healthCheckNodePort" in before:
        spec = with_missing(spec, {"healthCheckNodePort": before["healthCheckNodePort"]})
    return spec


def _in_step(spec: Doc, before: Doc) -> Doc:
    """clusterIP and clusterIPs agree where only one of them was changed."""
    single, several = spec.get("clusterIP"), spec.get("clusterIPs")
    if before.get("clusterIPs") and not several and single == before.get("clusterIP"):
        return {**spec, "clusterIPs": before["clusterIPs"]}
    if single != before.get("clusterIP") and several == before.get("clusterIPs"):
        return {**spec, "clusterIPs": [single]} if single else without(spec, "clusterIPs")
    return spec


def _begun(service: Doc, spec: Doc, before: Doc | None) -> tuple[Doc, Errors]:
    if not needs_cluster_ip(spec):
        return with_value(service, "spec", spec), []
    headless = spec.get("clusterIP") == "None"
    selectorless = headless and not spec.get("selector")
    policy = spec.get("ipFamilyPolicy") or (before or {}).get("ipFamilyPolicy")
    spec = with_missing(spec, {"ipFamilyPolicy": policy or ("RequireDualStack" if selectorless else "SingleStack")})
    errors = cluster_ip_fields(spec, before)
    if not errors:
        spec, errors = _families(spec, before or {}, selectorless=selectorless)
    if not errors:
        errors = _node_ports(spec, before or {})
    return with_value(service, "spec", spec), errors


def _families(spec: Doc, before: Doc, *, selectorless: bool) -> tuple[Doc, Errors]:
    policy, addresses = spec["ipFamilyPolicy"], spec.get("clusterIPs") or []
    families = list(spec.get("ipFamilies") or [])
    errors: Errors = []
    if policy == "SingleStack":
        detail = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
        for what, listed in (("cluster IPs", addresses), ("IP families", families)):
            if len(listed) == 2:
                errors.append(invalid(_POLICY, named(policy), detail.format(what)))
    for i, address in enumerate(addresses):
        if address == "None":
            break
        if i >= len(families) and ":" in address:
            errors.append(invalid(f"spec.clusterIPs[{i}]", addresses, "IPv6 is not configured on this cluster"))
        elif i >= len(families):
            families.append("IPv4")
    if errors:
        return spec, errors
    if selectorless:
        families = families or ["IPv4"]
        if len(families) < 2 and policy != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        return with_value(spec, "ipFamilies", families), []
    if policy == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        errors.append(invalid(_POLICY, named(policy), detail))
    for i, family in enumerate(families):
        if family != "IPv4":
            errors.append(invalid(f"spec.ipFamilies[{i}]", named(family), "not configured on this cluster"))
    return with_value(spec, "ipFamilies", families or ["IPv4"]), errors


def _node_ports(spec: Doc, before: Doc) -> Errors:
    """Ports that the client asks for must be ones that nodes may open."""
    if not needs_node_port(spec):
        return []
    known = _ports(before)
    for i, port in enumerate(spec.get("ports") or ()):
        number = port.get("nodePort") or 0
        if number and number not in known and number not in NODE_PORTS:
            detail = (
                "provided port is not in the valid range. "
                f"The range of valid ports is {NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            )
            return [invalid(f"spec.ports[{i}].nodePort", number, detail)]
    return []
