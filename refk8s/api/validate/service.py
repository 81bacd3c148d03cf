"""Services. Source: pkg/apis/core/validation/validation.go, ValidateService*, validateService and what they call."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.default.service import externally_accessible
from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    forbidden,
    internal,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
)
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.meta import IMMUTABLE, LABEL, Checked, full, full_update, label_map
from refk8s.api.validate.pod_containers import protocol
from refk8s.api.validate.scalars import (
    cidr,
    dual_stack,
    ip_address,
    is_ipv6,
    label_1123,
    parsed_ip,
    port_number,
    port_number_or_name,
)
from refk8s.kinds.names import dns1123_subdomain, label_key

Doc = Mapping[str, Any]

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_TRAFFIC = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_AFFINITY_MAX_S = 86400
_BALANCED = "LoadBalancer"
_ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
_RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
_FIXED = "may not change once set"


def create(service: Doc, meta: Checked) -> Errors:
    """A new Service, its addresses and ports already allocated."""
    return full(meta, LABEL, namespaced=True) + _service(service, None)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Service."""
    spec, before = new["spec"], old["spec"]
    errors = full_update(meta, old["metadata"])
    errors += _cluster_ips_change(spec, before) + _families_change(spec, before)
    both_balanced = spec.get("type") == before.get("type") == _BALANCED
    if both_balanced and spec.get("loadBalancerClass") != before.get("loadBalancerClass"):
        errors.append(invalid("spec.loadBalancerClass", named(spec.get("loadBalancerClass")), _FIXED))
    errors += _balancer_class(spec)
    ports = [s.get("healthCheckNodePort") or 0 for s in (before, spec) if needs_health_check(s)]
    if len(ports) == 2 and ports[0] != ports[1]:
        errors.append(forbidden("spec.healthCheckNodePort", IMMUTABLE))
    return errors + _service(new, old)


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status: where the load balancer can be reached."""
    path = "status.loadBalancer.ingress"
    errors = full_update(meta, old["metadata"])
    listed = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    if listed and new["spec"].get("type") != _BALANCED:
        return [*errors, forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    before = ((old.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    kept = [entry["ip"] for entry in before if entry.get("ip")]
    for i, entry in enumerate(listed):
        errors += _ingress(entry, kept, f"{path}[{i}]")
    return errors


def needs_health_check(spec: Doc) -> bool:
    """Whether the load balancer asks each node for local endpoints."""
    return spec.get("type") == _BALANCED and spec.get("externalTrafficPolicy") == "Local"


def is_headless(spec: Doc) -> bool:
    return bool(spec.get("clusterIPs") == ["None"])


def cluster_ip_fields(spec: Doc, before: Doc | None) -> Errors:
    """Cluster addresses, their families and the policy that says how many there are."""
    if spec.get("type") == "ExternalName":
        return []
    path = "spec.clusterIPs"
    single, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    errors: Errors = []
    if single and not several:
        errors.append(required(path))
    elif single and several[0] != single:
        errors.append(invalid(path, several, "first value must match `clusterIP`"))
    elif not single and several:
        errors.append(invalid(path, several, "must be empty when `clusterIP` is not specified"))
    families = spec.get("ipFamilies") or []
    for i, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            errors.append(not_supported(f"spec.ipFamilies[{i}]", named(family), ("IPv4", "IPv6")))
        if family in families[:i]:
            errors.append(duplicate(f"spec.ipFamilies[{i}]", named(family)))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", named(policy), _POLICIES))
    found, usable = _addresses(several, (before or {}).get("clusterIPs") or (), path)
    errors += found
    if len(several) > 2:
        errors.append(invalid(path, several, "may only hold up to 2 values"))
    return errors + _address_families(several, families, path) if usable else errors


def _addresses(several: list[str], kept: Sequence[str], path: str) -> tuple[Errors, bool]:
    """The errors of the addresses one by one, and whether all of them are addresses."""
    errors: Errors = []
    for i, address in enumerate(several):
        if i == 0 and address == "None":
            if len(several) > 1:
                errors.append(invalid(path, several, "'None' must be the first and only value"))
            continue
        errors += ip_address(address, f"{path}[{i}]", kept)
    return errors, not errors


def _address_families(several: list[str], families: list[str], path: str) -> Errors:
    errors: Errors = []
    if len(several) > 1:
        both, complaint = dual_stack(several)
        if complaint:
            errors.append(internal(path, f"failed to check for dual stack with error:{complaint}"))
        if not both:
            errors.append(invalid(path, several, "may specify no more than one IP for each IP family"))
    if several == ["None"]:
        return errors
    for i, (address, family) in enumerate(zip(several, families, strict=False)):
        if family in ("IPv4", "IPv6") and is_ipv6(address) != (family == "IPv6"):
            detail = f"expected an {family} value as indicated by `ipFamilies[{i}]`"
            errors.append(invalid(f"{path}[{i}]", address, detail))
    return errors


def _service(service: Doc, old: Doc | None) -> Errors:
    """What holds for new and changed Services."""
    spec, before = service["spec"], None if old is None else old["spec"]
    annotations = service["metadata"].get("annotations") or {}
    errors: Errors = []
    if _MODE in annotations and annotations.get(_HINTS, annotations[_MODE]) != annotations[_MODE]:
        detail = f"must match annotations[{_HINTS}] when both are specified"
        errors.append(invalid(f"metadata.annotations[{_MODE}]", annotations[_MODE], detail))
    kind = spec.get("type") or ""
    ports: Sequence[Doc] = spec.get("ports") or ()
    if not ports and not is_headless(spec) and kind != "ExternalName":
        errors.append(required("spec.ports"))
    errors += _of_type(spec, kind)
    names: set[str] = set()
    for i, port in enumerate(ports):
        errors += _port(port, names, f"spec.ports[{i}]", named_ports=len(ports) > 1)
    errors += label_map(spec.get("selector"), "spec.selector")
    errors += _affinity(spec)
    errors += cluster_ip_fields(spec, before)
    for i, address in enumerate(spec.get("externalIPs") or ()):
        errors += _external_ip(address, (before or {}).get("externalIPs") or (), f"spec.externalIPs[{i}]")
    if not kind:
        errors.append(required("spec.type"))
    elif kind not in TYPES:
        errors.append(not_supported("spec.type", named(kind), TYPES))
    errors += _unique_ports(ports, kind)
    errors += _source_ranges(service, old)
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != _BALANCED:
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_BALANCED))
    if spec.get("allocateLoadBalancerNodePorts") is None and kind == _BALANCED:
        errors.append(required("allocateLoadBalancerNodePorts"))
    return errors + _balancer_class(spec) + _traffic(spec, kind)


def _of_type(spec: Doc, kind: str) -> Errors:
    if kind in (_BALANCED, "NodePort") and is_headless(spec):
        detail = f"may not be set to 'None' for {kind} services"
        return [invalid("spec.clusterIPs[0]", "None", detail)]
    if kind != "ExternalName":
        return []
    keys = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
    errors = [forbidden(f"spec.{key}", "may not be set for ExternalName services") for key in keys if spec.get(key)]
    name = (spec.get("externalName") or "").removesuffix(".")
    at = "spec.externalName"
    return errors + (invalid_all(at, name, dns1123_subdomain(name)) if name else [required(at)])


def _port(port: Doc, names: set[str], path: str, *, named_ports: bool) -> Errors:
    name, number = port.get("name") or "", port["port"]
    errors: Errors = []
    if named_ports and not name:
        errors.append(required(f"{path}.name"))
    elif name:
        errors += label_1123(name, f"{path}.name")
        if name in names:
            errors.append(duplicate(f"{path}.name", name))
        names.add(name)
    errors += invalid_all(f"{path}.port", number, port_number(number))
    errors += protocol(port.get("protocol"), f"{path}.protocol")
    errors += port_number_or_name(port["targetPort"], f"{path}.targetPort")
    application = port.get("appProtocol")
    return (
        errors
        if application is None
        else errors + invalid_all(f"{path}.appProtocol", application, label_key(application))
    )


def _unique_ports(ports: Sequence[Doc], kind: str) -> Errors:
    """No node port without a type that has them; node ports and ports unique per protocol."""
    errors: Errors = []
    if kind == "ClusterIP":
        detail = "may not be used when `type` is 'ClusterIP'"
        errors += [
            forbidden(f"spec.ports[{i}].nodePort", detail) for i, port in enumerate(ports) if port.get("nodePort")
        ]
    for key in ("nodePort", "port"):
        seen: set[tuple[str, int]] = set()
        for i, port in enumerate(ports):
            entry = (port.get("protocol") or "", port.get(key) or 0)
            if key == "nodePort" and not entry[1]:
                continue
            if entry in seen and key == "nodePort":
                errors.append(duplicate(f"spec.ports[{i}].nodePort", entry[1]))
            elif entry in seen:
                shown = go_tree("ServicePort", {"protocol": entry[0], "port": entry[1]})
                errors.append(duplicate(f"spec.ports[{i}]", shown))
            seen.add(entry)
    return errors


def _affinity(spec: Doc) -> Errors:
    affinity, config, at = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig"), "spec.sessionAffinity"
    errors: Errors = []
    if not affinity:
        errors.append(required(at))
    elif affinity not in ("ClientIP", "None"):
        errors.append(not_supported(at, named(affinity), ("ClientIP", "None")))
    if affinity == "None" and config is not None:
        errors.append(forbidden(f"{at}Config", "must not be set when session affinity is None"))
    if affinity != "ClientIP":
        return errors
    detail = "when session affinity type is ClientIP"
    client = (config or {}).get("clientIP")
    if config is None:
        return [*errors, required(f"{at}Config", detail)]
    if client is None:
        return [*errors, required(f"{at}Config.clientIP", detail)]
    seconds = client.get("timeoutSeconds")
    if seconds is None:
        return [*errors, required(f"{at}Config.clientIP.timeoutSeconds", detail)]
    if not 0 < seconds <= _AFFINITY_MAX_S:
        detail = f"must be greater than 0 and less than {_AFFINITY_MAX_S}"
        errors.append(invalid(f"{at}Config.clientIP.timeoutSeconds", seconds, detail))
    return errors


def _external_ip(value: str, kept: Sequence[str], path: str) -> Errors:
    errors = ip_address(value, path, kept)
    address = parsed_ip(value)
    if errors or address is None:
        return errors or [invalid(path, value, "must be a valid IP address")]
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    link_local = ipaddress.ip_network("224.0.0.0/24") if address.version == 4 else ipaddress.ip_network("ff02::/16")
    if address.is_unspecified:
        errors.append(invalid(path, value, f"may not be unspecified ({value})"))
    if address.is_loopback:
        errors.append(invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errors.append(invalid(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if address in link_local:
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        errors.append(invalid(path, value, detail))
    return errors


def _source_ranges(service: Doc, old: Doc | None) -> Errors:
    """Who may use the load balancer, from the field or, without it, from an annotation."""
    spec = service["spec"]
    ranges = spec.get("loadBalancerSourceRanges") or ()
    path = "spec.LoadBalancerSourceRanges"
    misplaced = spec.get("type") != _BALANCED
    if ranges:
        before = (old["spec"].get("loadBalancerSourceRanges") or ()) if old is not None else ()
        kept = [value.strip() for value in before]
        errors = [forbidden(path, _ONLY_BALANCED)] if misplaced else []
        return errors + [e for i, v in enumerate(ranges) for e in cidr(v.strip(), f"{path}[{i}]", kept)]
    listed = (service["metadata"].get("annotations") or {}).get(_RANGES_ANNOTATION)
    if listed is None:
        return []
    path = f"metadata.annotations[{_RANGES_ANNOTATION}]"
    errors = [forbidden(path, _ONLY_BALANCED)] if misplaced else []
    unchanged = old is not None and (old["metadata"].get("annotations") or {}).get(_RANGES_ANNOTATION) == listed
    if unchanged or not listed.strip():
        return errors
    return errors + [e for value in listed.strip().split(",") for e in cidr(value.strip(), path)]


def _balancer_class(spec: Doc) -> Errors:
    name = spec.get("loadBalancerClass")
    if name is None:
        return []
    if spec.get("type") != _BALANCED:
        return [forbidden("spec.loadBalancerClass", _ONLY_BALANCED)]
    return invalid_all("spec.loadBalancerClass", name, label_key(name))


def _traffic(spec: Doc, kind: str) -> Errors:
    """External and internal traffic policies, the health check's port, the distribution."""
    external, port = spec.get("externalTrafficPolicy") or "", spec.get("healthCheckNodePort") or 0
    errors: Errors = []
    at = "spec.externalTrafficPolicy"
    if not externally_accessible(dict(spec)):
        if external:
            errors.append(invalid(at, named(external), "may only be set for externally-accessible services"))
    elif not external:
        errors.append(required(at))
    elif external not in _TRAFFIC:
        errors.append(not_supported(at, named(external), _TRAFFIC))
    at = "spec.healthCheckNodePort"
    if not needs_health_check(spec):
        if port:
            detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            errors.append(invalid(at, port, detail))
    else:
        errors += invalid_all(at, port, port_number(port)) if port else [required(at)]
    internal_policy, at = spec.get("internalTrafficPolicy"), "spec.internalTrafficPolicy"
    if internal_policy is None and kind in ("NodePort", _BALANCED, "ClusterIP"):
        errors.append(required(at))
    if internal_policy is not None and internal_policy not in _TRAFFIC:
        errors.append(not_supported(at, named(internal_policy), _TRAFFIC))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        errors.append(not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))
    return errors


def _cluster_ips_change(spec: Doc, before: Doc) -> Errors:
    """The first cluster address stays; the second may come and, with SingleStack, go."""
    if "ExternalName" in (spec.get("type"), before.get("type")) or (is_headless(spec) and is_headless(before)):
        return []
    new, old = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    path = "spec.clusterIPs"
    if len(old) == len(new):
        return [invalid(f"{path}[{i}]", new, _FIXED) for i, address in enumerate(old) if address != new[i]]
    errors: Errors = []
    if not new:
        errors.append(invalid(f"{path}[0]", None, "primary clusterIP can not be unset"))
    elif old and new[0] != old[0]:
        errors.append(invalid(f"{path}[0]", new, _FIXED))
    if len(new) == 1 < len(old) and spec.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        errors.append(invalid("spec.ipFamilyPolicy", named(spec.get("ipFamilyPolicy")), detail))
    return errors


def _families_change(spec: Doc, before: Doc) -> Errors:
    """As the addresses: the first family stays."""
    if "ExternalName" in (spec.get("type"), before.get("type")):
        return []
    if is_headless(spec) or is_headless(before):
        return []
    new, old = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    path, addresses = "spec.ipFamilies[0]", spec.get("clusterIPs") or None
    if len(old) == len(new):
        return [invalid(path, new, _FIXED) for i, family in enumerate(old) if family != new[i]]
    errors: Errors = []
    if len(old) > len(new) and not addresses:
        errors.append(invalid(path, new or None, "primary ipFamily can not be unset"))
    if new and old and new[0] != old[0]:
        errors.append(invalid(path, addresses, _FIXED))
    if len(new) == 1 < len(old) and spec.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary ipFamily"
        errors.append(invalid("spec.ipFamilyPolicy", named(spec.get("ipFamilyPolicy")), detail))
    return errors


def _ingress(entry: Doc, kept: Sequence[str], path: str) -> Errors:
    address, mode, host = entry.get("ip") or "", entry.get("ipMode"), entry.get("hostname") or ""
    errors = ip_address(address, f"{path}.ip", kept) if address else []
    if mode is None and address:
        errors.append(required(f"{path}.ipMode", "must be specified when `ip` is set"))
    elif mode is not None and not address:
        errors.append(forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
    elif mode is not None and mode not in ("Proxy", "VIP"):
        errors.append(not_supported(f"{path}.ipMode", named(mode), ("Proxy", "VIP")))
    if host:
        errors += invalid_all(f"{path}.hostname", host, dns1123_subdomain(host))
        if parsed_ip(host) is not None:
            errors.append(invalid(f"{path}.hostname", host, "must be a DNS name, not an IP address"))
    return errors
