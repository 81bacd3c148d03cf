"""Ingresses and IngressClasses. Source: pkg/apis/networking/validation/validation.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from refk8s.api.validate.errors import (
    Errors,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
    too_long,
)
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.scalars import domain_prefixed_path, ip_address, parsed_ip, port_number
from refk8s.kinds.names import (
    Messages,
    dns1123_label,
    dns1123_subdomain,
    path_segment,
    port_name,
    wildcard_dns1123_subdomain,
)

Doc = Mapping[str, Any]

_CLASS: Final = "kubernetes.io/ingress.class"
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PARTS: Final = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS: Final = ("/..", "/.")
_CONTROLLER_MAX: Final = 250


def create(ingress: Doc, meta: Checked) -> Errors:
    """A new Ingress."""
    errors = _ingress(ingress, meta, None)
    annotation = (meta.meta.get("annotations") or {}).get(_CLASS)
    name = (ingress.get("spec") or {}).get("ingressClassName")
    if annotation is not None and name is not None and annotation != name:
        detail = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{_CLASS}", annotation, detail))
    return errors


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Ingress."""
    return full_update(meta, old["metadata"]) + _ingress(new, meta, old)


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    errors = full_update(meta, old["metadata"])
    before = _ingress_points(old)
    kept = frozenset(entry["ip"] for entry in before if entry.get("ip"))
    for i, entry in enumerate(_ingress_points(new)):
        at, host = f"status.loadBalancer.ingress[{i}]", entry.get("hostname")
        if entry.get("ip"):
            errors += ip_address(entry["ip"], f"{at}.ip", kept)
        if host:
            errors += invalid_all(f"{at}.hostname", host, dns1123_subdomain(host))
            if parsed_ip(host) is not None:
                errors.append(invalid(f"{at}.hostname", host, "must be a DNS name, not an IP address"))
    return errors


def create_class(found: Doc, meta: Checked) -> Errors:
    """A new IngressClass."""
    return _class(found, meta)


def update_class(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed IngressClass: its controller stays."""
    errors = full_update(meta, old["metadata"])
    controller, before = ((doc.get("spec") or {}).get("controller") or "" for doc in (new, old))
    if controller != before:
        errors.append(invalid("spec.controller", controller, IMMUTABLE))
    return errors + _class(new, meta)


def _ingress_points(ingress: Doc) -> Sequence[Doc]:
    points: Sequence[Doc] = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return points


def _ingress(ingress: Doc, meta: Checked, old: Doc | None) -> Errors:
    spec, before = ingress.get("spec") or {}, (old or {}).get("spec") or {}
    errors = full(meta, SUBDOMAIN, namespaced=True)
    rules, backend = spec.get("rules"), spec.get("defaultBackend")
    if not rules and backend is None:
        errors.append(invalid("spec", rules, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _backend(backend, "spec.defaultBackend")
    lenient = any("*" in (rule.get("host") or "") and _rule_value(rule, "") for rule in before.get("rules") or ())
    for i, rule in enumerate(rules or ()):
        errors += _rule(rule, f"spec.rules[{i}]", lenient=lenient)
    bad_secrets = any(_secret(entry) for entry in before.get("tls") or ())
    for i, entry in enumerate(spec.get("tls") or ()):
        at = f"spec.tls[{i}]"
        for j, host in enumerate(entry.get("hosts") or ()):
            errors += invalid_all(f"{at}.hosts[{j}]", host, _host(host))
        if not bad_secrets:
            errors += invalid_all(f"{at}.secretName", entry.get("secretName") or "", _secret(entry))
    name = spec.get("ingressClassName")
    return errors if name is None else errors + invalid_all("spec.ingressClassName", name, dns1123_subdomain(name))


def _host(host: str) -> Messages:
    return wildcard_dns1123_subdomain(host) if "*" in host else dns1123_subdomain(host)


def _secret(entry: Doc) -> Messages:
    return dns1123_subdomain(entry["secretName"]) if entry.get("secretName") else ()


def _rule(rule: Doc, path: str, *, lenient: bool) -> Errors:
    host = rule.get("host") or ""
    errors: Errors = []
    if host:
        if parsed_ip(host) is not None:
            errors.append(invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        errors += invalid_all(f"{path}.host", host, _host(host))
    return errors if "*" in host and lenient else errors + _rule_value(rule, path)


def _rule_value(rule: Doc, path: str) -> Errors:
    http = rule.get("http")
    if http is None:
        return []
    paths, at = http.get("paths") or (), f"{path}.http.paths"
    errors = [] if paths else [required(at)]
    for i, found in enumerate(paths):
        errors += _path(found, f"{at}[{i}]")
    return errors


def _path(found: Doc, path: str) -> Errors:
    kind, value = found.get("pathType"), found.get("path") or ""
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    errors: Errors = []
    if kind not in _PATH_TYPES:
        errors.append(not_supported(f"{path}.pathType", named(kind), _PATH_TYPES))
    elif not value.startswith("/") and (value or kind != "ImplementationSpecific"):
        errors.append(invalid(f"{path}.path", value, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        bad = [f"must not contain '{part}'" for part in _BAD_PARTS if part in value]
        bad += [f"cannot end with '{end}'" for end in _BAD_ENDS if value.endswith(end)]
        errors += invalid_all(f"{path}.path", value, bad)
    return errors + _backend(found.get("backend") or {}, f"{path}.backend")


def _backend(backend: Doc, path: str) -> Errors:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, f"{path}.resource")
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    name, port = service.get("name") or "", service.get("port") or {}
    at = f"{path}.service"
    errors = invalid_all(f"{at}.name", name, dns1123_label(name)) if name else [required(f"{at}.name")]
    if port.get("name") and port.get("number"):
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        errors += invalid_all(f"{at}.port.name", port["name"], port_name(port["name"]))
    elif port.get("number"):
        errors += invalid_all(f"{at}.port.number", port["number"], port_number(port["number"]))
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def _reference(ref: Doc, path: str) -> Errors:
    group = ref.get("apiGroup")
    errors = [] if group is None else invalid_all(f"{path}.apiGroup", group, dns1123_subdomain(group))
    for key in ("kind", "name"):
        value = ref.get(key) or ""
        errors += invalid_all(f"{path}.{key}", value, path_segment(value)) if value else [required(f"{path}.{key}")]
    return errors


def _class(found: Doc, meta: Checked) -> Errors:
    spec = found.get("spec") or {}
    controller, parameters = spec.get("controller") or "", spec.get("parameters")
    errors = full(meta, SUBDOMAIN, namespaced=False)
    if len(controller.encode()) > _CONTROLLER_MAX:
        errors.append(too_long("spec.controller", _CONTROLLER_MAX))
    errors += domain_prefixed_path(controller, "spec.controller")
    return errors if parameters is None else errors + _parameters(parameters, "spec.parameters")


def _parameters(found: Doc, path: str) -> Errors:
    errors = _reference(found, path)
    scope, namespace = found.get("scope"), found.get("namespace")
    if scope is None:
        errors.append(required(f"{path}.scope"))
    elif scope not in ("Cluster", "Namespace"):
        errors.append(not_supported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Namespace":
        if namespace is None:
            errors.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        else:
            errors += invalid_all(f"{path}.namespace", namespace, dns1123_label(namespace))
    elif namespace is not None:
        errors.append(forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return errors
