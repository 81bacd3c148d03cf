"""Changes of a pod's status.

Source: pkg/apis/core/validation/validation.go (ValidatePodStatusUpdate and what it calls);
pkg/api/v1/pod/util.go (ContainerShouldRestart, AllContainersCouldRestart).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    too_long,
)
from refk8s.api.validate.meta import IMMUTABLE, Checked, full_update
from refk8s.api.validate.pod import annotation_changes
from refk8s.api.validate.scalars import dual_stack, id_number, ip_address, label_1123
from refk8s.kinds.names import dns1123_subdomain, label_key

Doc = Mapping[str, Any]

_SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})
_COUNT = "must be a non-negative integer"
_HEALTH = ("Healthy", "Unhealthy", "Unknown")
_HEALTH_MESSAGE_MAX = 1024
_STATUSES = (
    ("containerStatuses", "containers"),
    ("initContainerStatuses", "initContainers"),
    ("ephemeralContainerStatuses", "ephemeralContainers"),
)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status; the spec is the old one."""
    status, before, spec = new.get("status") or {}, old.get("status") or {}, new["spec"]
    errors = full_update(meta, old["metadata"]) + annotation_changes(new, old)
    errors += _conditions(status.get("conditions") or (), "status.conditions")
    errors += _nomination(new, old, status, before)
    observed = status.get("observedGeneration") or 0
    if observed < 0:
        errors.append(invalid("status.observedGeneration", observed, _COUNT))
    if (status.get("qosClass") or "") != (before.get("qosClass") or ""):
        errors.append(invalid("status.qosClass", named(status.get("qosClass") or ""), IMMUTABLE))
    for key, kind in _STATUSES:
        errors += _transitions(status.get(key) or (), before.get(key) or (), old["spec"], kind, f"status.{key}")
    errors += _claims(status.get("resourceClaimStatuses") or (), spec, "status.resourceClaimStatuses")
    errors += _extended(status.get("extendedResourceClaimStatus"), spec, "status.extendedResourceClaimStatus")
    errors += _pod_ips(status, before) + _host_ips(status, before)
    for key, _ in _STATUSES:
        errors += _users(status.get(key) or (), spec, f"status.{key}")
    for key, kind in _STATUSES:
        errors += _devices(status.get(key) or (), spec, kind, f"status.{key}")
    return errors


def _conditions(conditions: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    for i, condition in enumerate(conditions):
        observed, kind = condition.get("observedGeneration") or 0, condition["type"]
        if observed < 0:
            errors.append(invalid(f"{path}[{i}].observedGeneration", observed, _COUNT))
        if kind not in _SYSTEM_CONDITIONS:
            errors += invalid_all(f"{path}[{i}].Type", kind, label_key(kind))
    return errors


def _nomination(new: Doc, old: Doc, status: Doc, before: Doc) -> Errors:
    """The node is the binding's to set; a nominated one is a node name, on pods without a node."""
    errors: Errors = []
    if (new["spec"].get("nodeName") or "") != (old["spec"].get("nodeName") or ""):
        errors.append(forbidden("status.nodeName", "may not be changed directly"))
    name = status.get("nominatedNodeName") or ""
    if name and name != (before.get("nominatedNodeName") or ""):
        errors += invalid_all("status.nominatedNodeName", name, dns1123_subdomain(name))
        if old["spec"].get("nodeName"):
            detail = "may not be set on pods that are already bound to a node"
            errors.append(forbidden("status.nominatedNodeName", detail))
    return errors


def _transitions(new: Sequence[Doc], old: Sequence[Doc], spec: Doc, kind: str, path: str) -> Errors:
    """A container that has ended starts again only if its restart policy says so; ephemeral ones never do."""
    if kind != "ephemeralContainers" and _restarts_all(spec):
        return []
    containers = {} if kind == "ephemeralContainers" else {c["name"]: c for c in reversed(spec.get(kind) or ())}
    errors: Errors = []
    for i, was in enumerate(old):
        ended = was["state"].get("terminated")
        if ended is None:
            continue
        now = [status for status in new if status["name"] == was["name"] and status["state"].get("terminated") is None]
        container = containers.get(was["name"])
        if now and not (container is not None and _restarts(container, spec, ended["exitCode"])):
            detail = "may not be transitioned to non-terminated state"
            errors += [forbidden(f"{path}[{i}].state", detail)] * (len(now) if kind == "ephemeralContainers" else 1)
    return errors


def _restarts_all(spec: Doc) -> bool:
    """Whether the end of some container can restart all of them."""
    listed = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return any(
        rule.get("action") == "RestartAllContainers" for c in listed for rule in c.get("restartPolicyRules") or ()
    )


def _restarts(container: Doc, spec: Doc, exit_code: int) -> bool:
    policy = container.get("restartPolicy")
    if policy is not None:
        for rule in container.get("restartPolicyRules") or ():
            codes = rule.get("exitCodes")
            if codes is not None and (exit_code in (codes.get("values") or ())) == (codes.get("operator") == "In"):
                return True
    else:
        policy = spec.get("restartPolicy")
    return exit_code != 0 if policy == "OnFailure" else policy != "Never"


def _claims(statuses: Sequence[Doc], spec: Doc, path: str) -> Errors:
    known = {claim["name"] for claim in spec.get("resourceClaims") or ()}
    errors: Errors = []
    seen: set[str] = set()
    for i, status in enumerate(statuses):
        name, claim = status["name"], status.get("resourceClaimName")
        if name not in known:
            detail = "must match the name of an entry in `spec.resourceClaims`"
            errors.append(invalid(f"{path}[{i}].name", name, detail))
        if name in seen:
            errors.append(duplicate(f"{path}[{i}].name", name))
        seen.add(name)
        if claim is not None:
            errors += invalid_all(f"{path}[{i}].resourceClaimName", named(claim), dns1123_subdomain(claim))
    return errors


def _extended(status: Doc | None, spec: Doc, path: str) -> Errors:
    """Extended resources that were turned into claims."""
    if status is None:
        return []
    containers = {c["name"]: c for kind in ("initContainers", "containers") for c in spec.get(kind) or ()}
    mappings = status.get("requestMappings") or ()
    errors: Errors = []
    if not mappings:
        errors.append(required(f"{path}.requestMappings", "at least one request mapping is required"))
    seen: set[tuple[str, str, str]] = set()
    for i, mapping in enumerate(mappings):
        at = f"{path}.requestMappings[{i}]"
        keys = ("containerName", "resourceName", "requestName")
        container, resource, request = (mapping[key] for key in keys)
        if container not in containers:
            detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
            errors.append(invalid(f"{at}.containerName", container, detail))
        elif resource not in (containers[container]["resources"].get("requests") or {}):
            detail = (
                "must match the extended resource name of an entry in spec.initContainers.resources.requests or "
                "spec.containers.resources.requests"
            )
            errors.append(invalid(f"{at}.resourceName", resource, detail))
        errors += label_1123(request, f"{path}.requestName")
        if (container, resource, request) in seen:
            errors += [duplicate(f"{at}.{key}", mapping[key]) for key in keys]
        seen.add((container, resource, request))
    claim = status["resourceClaimName"]
    at = f"{path}.resourceClaimName"
    return errors + (invalid_all(at, claim, dns1123_subdomain(claim)) if claim else [required(at)])


def _pod_ips(status: Doc, before: Doc) -> Errors:
    return _addresses(status.get("podIPs") or [], before.get("podIPs") or [], "status.podIPs")


def _host_ips(status: Doc, before: Doc) -> Errors:
    listed = status.get("hostIPs") or []
    if not listed:
        return []
    errors: Errors = []
    if (status.get("hostIP") or "") != listed[0]["ip"]:
        errors.append(invalid("status.hostIPs[0].ip", listed[0]["ip"], "must be equal to `hostIP`"))
    return errors + _addresses(listed, before.get("hostIPs") or [], "status.hostIPs")


def _addresses(listed: Sequence[Doc], before: Sequence[Doc], path: str) -> Errors:
    kept = [entry["ip"] for entry in before]
    addresses = [entry["ip"] for entry in listed]
    errors = [e for i, address in enumerate(addresses) for e in ip_address(address, f"{path}[{i}]", kept)]
    if len(addresses) > 1:
        both, complaint = dual_stack(addresses)
        if complaint:
            errors.append(internal(path, f"failed to check for dual stack with error:{complaint}"))
        if not both or len(addresses) > 2:
            shown = [{"IP": address} for address in addresses]
            errors.append(invalid(path, shown, "may specify no more than one IP for each IP family"))
    return errors


def _users(statuses: Sequence[Doc], spec: Doc, path: str) -> Errors:
    system = (spec.get("os") or {}).get("name", "linux")
    errors: Errors = []
    for i, status in enumerate(statuses):
        user = (status.get("user") or {}).get("linux")
        at = f"{path}[{i}].user.linux"
        if user is None:
            continue
        if system == "windows":
            errors.append(forbidden(at, "cannot be set for a windows pod"))
        elif system == "linux":
            for key in ("uid", "gid"):
                errors += invalid_all(f"{at}.{key}", user[key], id_number(user[key]))
            for j, group in enumerate(user.get("supplementalGroups") or ()):
                errors += invalid_all(f"{at}.supplementalGroups[{j}]", group, id_number(group))
    return errors


def _devices(statuses: Sequence[Doc], spec: Doc, kind: str, path: str) -> Errors:
    """The health of the devices a container was given."""
    containers = {c["name"]: c for c in reversed(spec.get(kind) or ())}
    errors: Errors = []
    for i, status in enumerate(statuses):
        listed = status.get("allocatedResourcesStatus") or ()
        at = f"{path}[{i}].allocatedResourcesStatus"
        if listed and kind == "ephemeralContainers":
            errors.append(forbidden(at, "must not be specified in container status"))
            continue
        for j, resource in enumerate(listed):
            if status["name"] in containers:
                errors += _known_device(resource["name"], containers[status["name"]]["resources"], f"{at}[{j}].name")
            errors += _health(resource.get("resources") or (), f"{at}[{j}].resources")
    return errors


def _known_device(name: str, resources: Doc, path: str) -> Errors:
    if not name.startswith("claim:"):
        if name in (resources.get("requests") or {}):
            return []
        return [invalid(path, named(name), "must match one of the container's resource requests")]
    for claim in resources.get("claims") or ():
        request = claim.get("request")
        if name == f"claim:{claim['name']}" + (f"/{request}" if request else ""):
            return []
    detail = (
        "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or "
        "'claim:<claimName>' if request is empty"
    )
    return [invalid(path, named(name), detail)]


def _health(listed: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, entry in enumerate(listed):
        at, health, message = f"{path}[{i}]", entry.get("health") or "", entry.get("message")
        if health not in _HEALTH:
            errors.append(not_supported(f"{at}.health", named(health), _HEALTH))
        if message is not None and not message:
            errors.append(required(f"{at}.message", "must be non-empty if specified"))
        elif message is not None and len(message.encode()) > _HEALTH_MESSAGE_MAX:
            errors.append(too_long(f"{at}.message", _HEALTH_MESSAGE_MAX))
        if entry["resourceID"] in seen:
            errors.append(duplicate(f"{at}.resourceID", named(entry["resourceID"])))
        seen.add(entry["resourceID"])
    return errors
