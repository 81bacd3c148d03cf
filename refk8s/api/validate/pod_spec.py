"""A pod spec as a whole, in a pod or in a template.

The pods of a controller have equal specs, so the result is remembered by the bytes of the spec.
Source: pkg/apis/core/validation/validation.go, ValidatePodSpec and what it calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from refk8s.api.validate.errors import (
    Errors,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_found,
    not_supported,
    required,
    too_long,
)
from refk8s.api.validate.go_json import go_tree
from refk8s.api.validate.meta import label_map
from refk8s.api.validate.pod_containers import Surroundings, containers, ephemeral_containers, init_containers
from refk8s.api.validate.pod_scheduling import affinity, scheduling_gates, spread_constraints, tolerations
from refk8s.api.validate.pod_security import for_system, host_process, pod_security, visit
from refk8s.api.validate.pod_volumes import volumes
from refk8s.api.validate.resources import overhead, pod_resources
from refk8s.api.validate.scalars import MAX_INT32, in_range, ip_address, label_1123
from refk8s.kinds.names import dns1123_subdomain, dns1123_subdomain_with_underscore, label_key

Doc = Mapping[str, Any]

RESTART_POLICIES = ("Always", "OnFailure", "Never")
PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_NAMESERVERS_MAX, _SEARCHES_MAX, _SEARCH_LENGTH_MAX = 3, 32, 2048
_HOSTNAME_MAX = 64


def pod_spec(
    spec: Doc, pod_name: str | None, path: str, *, of_pod: bool, compare: bool = False
) -> Sequence[FieldError]:
    """The errors of a pod spec.

    `pod_name` is None in templates; `of_pod` also asks for what only pods need; `compare` allows tolerations that
    compare numbers.
    """
    named_claims = pod_name is not None and any(v.get("ephemeral") is not None for v in spec.get("volumes") or ())
    if not named_claims and not compare:
        try:
            return _remembered(orjson.dumps(spec), path, of_pod)
        except orjson.JSONEncodeError:  # text that has no bytes
            pass
    return _pod_spec(spec, pod_name, path, of_pod=of_pod, compare=compare)


@lru_cache(maxsize=4096)
def _remembered(key: bytes, path: str, of_pod: bool) -> tuple[FieldError, ...]:
    return tuple(_pod_spec(orjson.loads(key), None, path, of_pod=of_pod))


def _pod_spec(spec: Doc, pod_name: str | None, path: str, *, of_pod: bool, compare: bool = False) -> Errors:
    errors: Errors = []
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(required(f"{path}.terminationGracePeriodSeconds"))
    valid, found = volumes(spec.get("volumes") or (), pod_name, f"{path}.volumes", of_pod=of_pod)
    errors += found
    claims = spec.get("resourceClaims") or ()
    around = Surroundings(spec, valid, frozenset(claim["name"] for claim in claims if claim["name"]))
    errors += _resource_claims(claims, f"{path}.resourceClaims")
    errors += containers(around, f"{path}.containers")
    errors += init_containers(around, f"{path}.initContainers")
    errors += ephemeral_containers(around, f"{path}.ephemeralContainers")
    errors += pod_resources(spec, around.claims, path)
    errors += _host_network(spec, path, of_pod=of_pod)
    errors += _one_of(spec.get("restartPolicy"), RESTART_POLICIES, f"{path}.restartPolicy")
    errors += _one_of(spec.get("dnsPolicy"), _DNS_POLICIES, f"{path}.dnsPolicy")
    errors += label_map(spec.get("nodeSelector"), f"{path}.nodeSelector")
    errors += pod_security(spec, f"{path}.securityContext")
    errors += affinity(spec.get("affinity"), f"{path}.affinity")
    errors += _dns_config(spec, f"{path}.dnsConfig")
    for i, gate in enumerate(spec.get("readinessGates") or ()):
        condition = gate["conditionType"]
        errors += invalid_all(f"{path}.readinessGates[{i}].conditionType", condition, label_key(condition))
    errors += scheduling_gates(spec.get("schedulingGates") or (), f"{path}.schedulingGates")
    errors += spread_constraints(spec.get("topologySpreadConstraints") or (), f"{path}.topologySpreadConstraints")
    errors += host_process(spec, path)
    errors += _host_users(spec, path)
    errors += _hostname_override(spec, path)
    errors += _names(spec, path)
    errors += tolerations(spec.get("tolerations") or (), f"{path}.tolerations", compare=compare)
    errors += _host_aliases(spec.get("hostAliases") or (), f"{path}.hostAliases")
    for key in ("priorityClassName", "runtimeClassName"):
        name = spec.get(key)
        if name or (name is not None and key == "runtimeClassName"):
            errors += invalid_all(f"{path}.{key}", name, dns1123_subdomain(name))
    if spec.get("preemptionPolicy") is not None:
        errors += preemption_policy(spec["preemptionPolicy"], f"{path}.preemptionPolicy")
    if spec.get("overhead"):
        errors += overhead(spec["overhead"], f"{path}.overhead")
    errors += _system(spec, path)
    return errors + _file_key_volumes(spec, path)


def preemption_policy(policy: str, path: str) -> Errors:
    return _one_of(policy, PREEMPTION_POLICIES, path)


def _one_of(value: str | None, allowed: tuple[str, ...], path: str) -> Errors:
    if not value:
        return [required(path)]
    return [] if value in allowed else [not_supported(path, named(value), allowed)]


def _names(spec: Doc, path: str) -> Errors:
    """Names of other objects, the deadline, the pod's own names in DNS."""
    errors: Errors = []
    for key in ("serviceAccountName", "nodeName"):
        if spec.get(key):
            errors += invalid_all(f"{path}.{key}", spec[key], dns1123_subdomain(spec[key]))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_INT32:
        errors.append(invalid(f"{path}.activeDeadlineSeconds", deadline, in_range(1, MAX_INT32)))
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            errors += label_1123(spec[key], f"{path}.{key}")
    return errors


def _resource_claims(claims: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        at, name = f"{path}[{i}]", claim["name"]
        if not name:
            errors.append(required(f"{at}.name"))
        elif name in seen:
            errors.append(duplicate(f"{at}.name", name))
        else:
            errors += label_1123(name, f"{at}.name")
            seen.add(name)
        given = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(key) is not None]
        if len(given) == 2:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(invalid(at, go_tree("PodResourceClaim", claim), detail))
        if not given:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(invalid(at, go_tree("PodResourceClaim", claim), detail))
        for key in given:
            errors += invalid_all(f"{at}.{key}", claim[key], dns1123_subdomain(claim[key]))
    return errors


def _host_network(spec: Doc, path: str, *, of_pod: bool) -> Errors:
    """On the host's network a container's port is the host's port."""
    if not spec.get("hostNetwork"):
        return []
    errors: Errors = []
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort") or 0
            if (of_pod or host) and host != port["containerPort"]:
                detail = "must match `containerPort` when `hostNetwork` is true"
                errors.append(invalid(f"{path}.containers[{i}].ports[{j}].hostPort", host, detail))
    return errors


def _dns_config(spec: Doc, path: str) -> Errors:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", detail)]
    if config is None:
        return []
    errors: Errors = []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > _NAMESERVERS_MAX:
        detail = f"must not have more than {_NAMESERVERS_MAX} nameservers"
        errors.append(invalid(f"{path}.nameservers", servers, detail))
    for i, server in enumerate(servers):
        errors += ip_address(server, f"{path}.nameservers[{i}]")
    if len(searches) > _SEARCHES_MAX:
        detail = f"must not have more than {_SEARCHES_MAX} search paths"
        errors.append(invalid(f"{path}.searches", searches, detail))
    if len(" ".join(searches).encode()) > _SEARCH_LENGTH_MAX:
        detail = f"must not have more than {_SEARCH_LENGTH_MAX} characters (including spaces) in the search list"
        errors.append(invalid(f"{path}.searches", searches, detail))
    for i, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            errors += invalid_all(f"{path}.searches[{i}]", domain, dns1123_subdomain_with_underscore(domain))
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(f"{path}.options[{i}]", "must not be empty"))
    return errors


def _host_users(spec: Doc, path: str) -> Errors:
    """A user namespace of its own excludes the host's other namespaces (upstream's field names are Go's here)."""
    if spec.get("hostUsers") is not False:
        return []
    detail = "when `hostUsers` is false"
    shown = (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
    errors = [forbidden(f"{path}.{field}", detail) for key, field in shown if spec.get(key)]
    devices = [at for container, at in visit(spec, path) if container.get("volumeDevices")]
    return errors + [forbidden(f"{at}.volumeDevices", detail) for at in devices]


def _hostname_override(spec: Doc, path: str) -> Errors:
    name = spec.get("hostnameOverride")
    if name is None:
        return []
    at = f"{path}.hostnameOverride"
    errors: Errors = []
    if spec.get("setHostnameAsFQDN"):
        errors.append(forbidden(at, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errors.append(forbidden(at, "may not be specified when hostNetwork is true"))
    if len(name.encode()) > _HOSTNAME_MAX:
        errors.append(too_long(at, _HOSTNAME_MAX))
    return errors + invalid_all(at, name, dns1123_subdomain(name))


def _host_aliases(aliases: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    for i, alias in enumerate(aliases):
        errors += ip_address(alias["ip"], f"{path}[{i}].ip")
        for j, name in enumerate(alias.get("hostnames") or ()):
            errors += invalid_all(f"{path}[{i}].hostnames[{j}]", name, dns1123_subdomain(name))
    return errors


def _system(spec: Doc, path: str) -> Errors:
    if spec.get("os") is None:
        return []
    name = spec["os"]["name"]
    if not name:
        return [required(f"{path}.os.name")]
    if name not in ("linux", "windows"):
        return [not_supported(f"{path}.os", named(name), ("linux", "windows"))]
    return for_system(spec, path)


def _file_key_volumes(spec: Doc, path: str) -> Errors:
    """A variable read from a file needs an emptyDir that holds it."""
    sources = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    errors: Errors = []
    for container, at in visit(spec, path):
        for i, variable in enumerate(container.get("env") or ()):
            ref = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if ref is None:
                continue
            field, name = f"{at}.env[{i}].valueFrom.fileKeyRef.volumeName", ref["volumeName"]
            if name not in sources:
                errors.append(not_found(field, name))
            elif sources[name].get("emptyDir") is None:
                errors.append(invalid(field, name, "referenced volume must be of type emptyDir"))
    return errors
