"""Warnings: what the API server accepts but remarks on, in `Warning` headers.

Pods and their templates are the largest part; the result is remembered by the bytes of the spec, as validation's is.
Not here: warnings of decoding (unknown and repeated fields) and of REST.

DEVIATES: whether certificate and key of a TLS secret fit is not looked into, because that takes a parser of X.509.

Source: pkg/api/pod/warnings.go; pkg/api/service/warnings.go; pkg/api/node/util.go; WarningsOnCreate and
WarningsOnUpdate under pkg/registry/*/*/strategy.go; apimachinery/pkg/util/validation/ip.go.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from refk8s.api.validate.errors import quote
from refk8s.api.validate.pod_annotations import APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD
from refk8s.api.validate.pod_security import visit
from refk8s.api.validate.pod_volume_warnings import volume_warnings
from refk8s.api.validate.service_warnings import cidr_warnings, ip_warnings, service_warnings
from refk8s.kinds.names import dns1123_label, label_value
from refk8s.kinds.quantity import parse

__all__ = ["warnings_create", "warnings_status_update", "warnings_update"]

Doc = Mapping[str, Any]
Annotations = Mapping[str, str]
Warnings = Iterator[str]

_SILENT = frozenset({"Namespace", "ConfigMap", "Lease", "Event", "PriorityClass"})
"""Kinds about which there is nothing to say."""
_SPOKEN = frozenset({"Pod", "Node", "ReplicaSet", "Deployment", "Service", "Secret", "ServiceAccount"})
"""Kinds about which everything is said here."""
_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'v1.11+; use the "sysctls" field instead',
}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NULL_SELECTOR = "a null labelSelector results in matching no pod"


def warnings_create(kind: str, doc: Doc) -> tuple[str, ...]:
    """The warnings of a valid new object, in upstream's order."""
    name, spec = doc["metadata"].get("name") or "", doc.get("spec") or {}
    if kind == "Pod":
        return (*host_name(name, "the Pod's hostname"), *_pod(doc["metadata"], spec, ""))
    if kind in ("Deployment", "ReplicaSet"):
        template = template_warnings(spec.get("template") or {}, "spec.template.")
        return (*host_name(name, "Pod names and hostnames"), *template)
    if kind == "Service":
        return tuple(service_warnings(doc))
    if kind == "Node":
        return tuple(_node(spec))
    if kind == "Secret":
        return _secret(doc)
    if kind == "ServiceAccount":
        return _account(doc, {})
    return () if kind in _SILENT else tuple(_further().on_create(kind, doc))


def warnings_update(kind: str, new: Doc, old: Doc) -> tuple[str, ...]:
    """The warnings of a valid changed object; pods have none, workloads only when their generation grew."""
    spec = new.get("spec") or {}
    if kind in ("Deployment", "ReplicaSet"):
        same = new["metadata"].get("generation") == old["metadata"].get("generation")
        return () if same else template_warnings(spec.get("template") or {}, "spec.template.")
    if kind == "Service":
        return tuple(service_warnings(new))
    if kind == "Node":
        return tuple(_node(spec))
    if kind == "Secret":
        return _secret(new)
    if kind == "ServiceAccount":
        return _account(new, old)
    return () if kind in _SILENT else tuple(_further().on_update(kind, new, old))


def warnings_status_update(kind: str, new: Doc) -> tuple[str, ...]:
    """The warnings of a valid changed status: addresses in unusual spellings."""
    status = new.get("status") or {}
    if kind == "Pod":
        lists = (("podIPs", status.get("podIPs") or ()), ("hostIPs", status.get("hostIPs") or ()))
        found = (ip_warnings(e["ip"], f"status.{key}[{i}].ip") for key, ips in lists for i, e in enumerate(ips))
        return tuple(warning for warnings in found for warning in warnings)
    if kind == "Service":
        ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
        path = "status.loadBalancer.ingress"
        return tuple(w for i, e in enumerate(ingress) if e.get("ip") for w in ip_warnings(e["ip"], f"{path}[{i}]"))
    return () if kind in _SILENT or kind in _SPOKEN else tuple(_further().on_status_update(kind, new))


def _further() -> Any:
    from refk8s.api.validate import warnings_further

    return warnings_further


def host_name(name: str, use: str) -> tuple[str, ...]:
    """A name that is no DNS label where it is used as one."""
    messages = dns1123_label(name)
    if not messages:
        return ()
    surprise = "which can result in surprising behavior; a DNS label is recommended"
    return (f"metadata.name: this is used in {use}, {surprise}: [{' '.join(messages)}]",)


def _account(new: Doc, old: Doc) -> tuple[str, ...]:
    before = (old.get("metadata") or {}).get("annotations") or {}
    if _MOUNTABLE in before or _MOUNTABLE not in (new["metadata"].get("annotations") or {}):
        return ()
    advice = "prefer separate namespaces to isolate access to mounted secrets"
    return (f"metadata.annotations[{_MOUNTABLE}]: deprecated in v1.32+; {advice}",)


def _secret(secret: Doc) -> tuple[str, ...]:
    if secret.get("type") != "kubernetes.io/tls":
        return ()
    certificate = base64.b64decode((secret.get("data") or {}).get("tls.crt") or "")
    return () if b"-----BEGIN " in certificate else ("tls: failed to find any PEM data in certificate input",)


def _node(spec: Doc) -> Warnings:
    if spec.get("configSource") is not None:
        yield "spec.configSource: the feature is removed"
    if spec.get("externalID"):
        yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"
    for i, value in enumerate(spec.get("podCIDRs") or ()):
        yield from cidr_warnings(value, f"spec.podCIDRs[{i}]")


def template_warnings(template: Doc, prefix: str) -> tuple[str, ...]:
    """The warnings about a pod template; `prefix` is its path with a dot."""
    return _pod(template.get("metadata") or {}, template.get("spec") or {}, prefix)


def _pod(meta: Doc, spec: Doc, prefix: str) -> tuple[str, ...]:
    annotations = meta.get("annotations")
    if not annotations:
        try:
            return _remembered(orjson.dumps(spec), prefix)
        except orjson.JSONEncodeError:  # text that has no bytes
            pass
    return tuple(_of_spec(annotations or {}, spec, prefix))


@lru_cache(maxsize=4096)
def _remembered(key: bytes, prefix: str) -> tuple[str, ...]:
    return tuple(_of_spec({}, orjson.loads(key), prefix))


def _of_spec(annotations: Annotations, spec: Doc, prefix: str) -> Warnings:
    path = f"{prefix}spec"
    yield from _old_labels(spec, path)
    for key, advice in _ANNOTATIONS.items():
        if key in annotations:
            yield f"{prefix}metadata.annotations[{key}]: non-functional in {advice}"
    yield from volume_warnings(spec.get("volumes") or (), f"{path}.volumes")
    yield from _repeated(spec, path)
    yield from _fractions(spec.get("overhead") or {}, f"{path}.overhead")
    yield from _containers(annotations, spec, prefix)
    yield from _ports(spec, path)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        complaint = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path}.terminationGracePeriodSeconds: {complaint}"
    yield from _null_selectors(spec.get("affinity") or {}, f"{path}.affinity")
    for i, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from ip_warnings(server, f"{path}.dnsConfig.nameservers[{i}]")
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        yield from ip_warnings(alias["ip"], f"{path}.hostAliases[{i}].ip")


def _old_labels(spec: Doc, path: str) -> Warnings:
    """Node labels that have new names, and constraints that match nothing."""
    for key in sorted(spec.get("nodeSelector") or ()):
        if key in LABELS:
            yield f"{path}.nodeSelector[{key}]: {LABELS[key]}"
    of_node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    at = f"{path}.affinity.nodeAffinity"
    for i, term in enumerate((of_node.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from node_term(term, f"{at}.{_REQUIRED}.nodeSelectorTerms[{i}]", check_values=False)
    for i, term in enumerate(of_node.get(_PREFERRED) or ()):
        yield from node_term(term["preference"], f"{at}.{_PREFERRED}[{i}].preference", check_values=True)
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        at, key = f"{path}.topologySpreadConstraints[{i}]", constraint["topologyKey"]
        if key in LABELS:
            yield f"{at}.topologyKey: {key} is {LABELS[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{at}.labelSelector: {_NULL_SELECTOR}"


def node_term(term: Doc, path: str, *, check_values: bool) -> Warnings:
    """A term of a node selector with labels that have new names."""
    for i, expression in enumerate(term.get("matchExpressions") or ()):
        at, key = f"{path}.matchExpressions[{i}]", expression["key"]
        if key in LABELS:
            yield f"{at}.key: {key} is {LABELS[key]}"
        if check_values:
            for j, value in enumerate(expression.get("values") or ()):
                for message in label_value(value):
                    yield f"{at}.values[{j}]: {value} is invalid, {message}"


def _repeated(spec: Doc, path: str) -> Warnings:
    """Host aliases and pull secrets that occur twice, and secrets without a name."""
    seen: set[str] = set()
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        if alias["ip"] in seen:
            yield f"{path}.hostAliases[{i}].ip: duplicate ip {quote(alias['ip'])}"
        seen.add(alias["ip"])
    names = [secret.get("name") or "" for secret in spec.get("imagePullSecrets") or ()]
    for i, name in enumerate(names):
        if name in names[:i]:
            yield f"{path}.imagePullSecrets[{i}].name: duplicate name {quote(name)}"
    for i, name in enumerate(names):
        if not name:
            yield f'{path}.imagePullSecrets[{i}].name: invalid empty name ""'


def _fractions(amounts: Mapping[str, str], path: str) -> Warnings:
    """Fractions of a byte."""
    for name in ("memory", "ephemeral-storage"):
        if name in amounts and parse(amounts[name]).milli_value() % 1000:
            complaint = f"fractional byte value {quote(amounts[name])} is invalid, must be an integer"
            yield f"{path}[{name}]: {complaint}"


def _containers(annotations: Annotations, spec: Doc, prefix: str) -> Warnings:
    of_pod = spec.get("securityContext") or {}
    at = f"{prefix}metadata.annotations"
    gone = 'non-functional in v1.27+; use the "seccompProfile" field instead'
    if of_pod.get("seccompProfile") is None and SECCOMP_POD in annotations:
        yield f"{at}[{SECCOMP_POD}]: {gone}"
    for container, path in visit(spec, f"{prefix}spec"):
        context, name = container.get("securityContext") or {}, container["name"]
        if context.get("seccompProfile") is None and SECCOMP_CONTAINER + name in annotations:
            yield f"{at}[{SECCOMP_CONTAINER}{name}]: {gone}"
        key = APP_ARMOR + name
        old_way = bool(prefix) and context.get("appArmorProfile") is None and key in annotations
        if old_way and not _same_profile(of_pod.get("appArmorProfile"), annotations[key]):
            yield f'{at}[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'
        resources = container["resources"]
        amounts = {part: resources.get(part) or {} for part in ("limits", "requests")}
        for resource in ("memory", "ephemeral-storage"):
            for part, listed in amounts.items():
                if resource in listed:
                    yield from _fractions({resource: listed[resource]}, f"{path}.resources.{part}")
        yield from _hidden(container.get("env") or (), f"{path}.env")


def _same_profile(profile: Doc | None, annotation: str) -> bool:
    kind = {"unconfined": "Unconfined", "runtime/default": "RuntimeDefault"}.get(annotation)
    if profile is None or (kind is None and not annotation.startswith("localhost/")):
        return False
    if kind is not None:
        return profile == {"type": kind}
    return profile == {"type": "Localhost", "localhostProfile": annotation.removeprefix("localhost/")}


def _hidden(variables: Sequence[Doc], path: str) -> Warnings:
    """Variables given twice, unless the second extends the first."""
    seen: set[str] = set()
    for i, variable in enumerate(variables):
        name, value = variable["name"], variable.get("value") or ""
        reference = f"$({name})"
        extends = variable.get("valueFrom") is None and reference in value and value != reference
        if name in seen and not extends:
            yield f"{path}[{i}]: hides previous definition of {quote(name)}, which may be dropped when using apply"
        seen.add(name)


def _ports(spec: Doc, path: str) -> Warnings:
    """Ports that mean the same, may collide, or share a name."""
    listed = [
        (port, f"{at}.ports[{i}]")
        for container, at in visit(spec, path)
        for i, port in enumerate(container.get("ports") or ())
    ]
    before: dict[tuple[int, str], list[tuple[str, int, str]]] = {}
    for port, at in listed:
        host, number, protocol = port.get("hostIP") or "", port.get("hostPort") or 0, port.get("protocol") or ""
        if host and not number:
            shown = (
                f"{{Name:{port.get('name') or ''} HostPort:0 ContainerPort:{port['containerPort']} "
                f"Protocol:{protocol} HostIP:{host}}}"
            )
            yield f"{at}: hostIP set without hostPort: {shown}"
        others = before.setdefault((port["containerPort"], protocol), [])
        for other_host, other_number, other_at in others:
            if (host, number) == (other_host, other_number):
                yield f"{at}: duplicate port definition with {other_at}"
            elif not number or not other_number:
                yield f"{at}: overlapping port definition with {other_at}"
            elif number == other_number and bool(host) != bool(other_host):
                yield f"{at}: dangerously ambiguous port definition with {other_at}"
        others.append((host, number, at))
    names: dict[str, str] = {}
    for port, at in listed:
        name = port.get("name")
        if name and name in names:
            use = f"services and probes that select ports by name will use {names[name]}"
            yield f"{at}: duplicate port name {quote(name)} with {names[name]}, {use}"
        elif name:
            names[name] = at


def _null_selectors(affinity: Doc, path: str) -> Warnings:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for i, term in enumerate(terms.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{kind}.{_REQUIRED}[{i}].labelSelector: {_NULL_SELECTOR}"
        for i, weighted in enumerate(terms.get(_PREFERRED) or ()):
            if weighted["podAffinityTerm"].get("labelSelector") is None:
                yield f"{path}.{kind}.{_PREFERRED}[{i}].podAffinityTerm.labelSelector: {_NULL_SELECTOR}"
