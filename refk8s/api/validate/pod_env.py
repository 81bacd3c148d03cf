"""Environment variables of containers and what they may refer to.

Source: pkg/apis/core/validation/validation.go (ValidateEnv, ValidateEnvFrom, validateEnvVarValueFrom,
validateObjectFieldSelector, validateContainerResourceFieldSelector); pkg/apis/core/pods/helpers.go;
pkg/fieldpath/fieldpath.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from refk8s.api.validate.errors import Errors, invalid, invalid_all, not_supported, required
from refk8s.api.validate.meta import SUBDOMAIN
from refk8s.api.validate.scalars import label_1123, no_backsteps
from refk8s.kinds.names import config_map_key, dns1123_subdomain, label_key, relaxed_env_var_name
from refk8s.kinds.quantity import parse

Doc = Mapping[str, Any]

ENV_FIELDS = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_KNOWN_FIELDS = frozenset(
    {*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"}
)
_RESOURCES = (
    *("limits.cpu", "limits.ephemeral-storage", "limits.memory"),
    *("requests.cpu", "requests.ephemeral-storage", "requests.memory"),
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_BINARY = tuple(f"1{unit}" for unit in ("", *"kMGTPE", *(f"{unit}i" for unit in "KMGTPE")))
_BINARY_LISTED = ", ".join(_BINARY)
_SOURCES = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"


def env(variables: Sequence[Doc], path: str) -> Errors:
    """The variables of a container."""
    errors: Errors = []
    for i, variable in enumerate(variables):
        at = f"{path}[{i}]"
        if variable["name"]:
            errors += invalid_all(f"{at}.name", variable["name"], relaxed_env_var_name(variable["name"]))
        else:
            errors.append(required(f"{at}.name"))
        if variable.get("valueFrom") is not None:
            errors += _value_from(variable, f"{at}.valueFrom")
    return errors


def env_from(sources: Sequence[Doc], path: str) -> Errors:
    """Whole ConfigMaps and Secrets that become variables."""
    errors: Errors = []
    for i, source in enumerate(sources):
        at = f"{path}[{i}]"
        if source.get("prefix"):
            errors += invalid_all(f"{at}.prefix", source["prefix"], relaxed_env_var_name(source["prefix"]))
        refs = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
        for key in refs:
            name = source[key].get("name") or ""
            rule = SUBDOMAIN.prefix
            errors += invalid_all(f"{at}.{key}.name", name, rule(name)) if name else [required(f"{at}.{key}.name")]
        if not refs:
            errors.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(refs) > 1:
            errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def field_ref(ref: Doc, known: Collection[str], path: str) -> Errors:
    """A reference to a field of the pod; `known` lists the fields allowed here, in upstream's order."""
    version, field = ref.get("apiVersion") or "", ref["fieldPath"]
    if not version:
        return [required(f"{path}.apiVersion")]
    if not field:
        return [required(f"{path}.fieldPath")]
    complaint = _conversion_complaint(version, field)
    if complaint:
        return [invalid(f"{path}.fieldPath", field, f"error converting fieldPath: {complaint}")]
    name, subscript = split_subscript(field)
    if subscript is not None:
        subscript = subscript.lower() if name == "metadata.annotations" else subscript
        return invalid_all(path, subscript, label_key(subscript))
    name = "spec.nodeName" if name == "spec.host" else name
    return [] if name in known else [not_supported(f"{path}.fieldPath", name, tuple(known))]


def resource_field_ref(ref: Doc, path: str, *, in_volume: bool) -> Errors:
    """A reference to a container's requests or limits."""
    resource = ref["resource"]
    errors: Errors = []
    if in_volume and not ref.get("containerName"):
        errors.append(required(f"{path}.containerName"))
    elif not resource:
        errors.append(required(f"{path}.resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        errors.append(not_supported(f"{path}.resource", resource, _RESOURCES))
    return errors + _divisor(resource, ref.get("divisor") or "0", f"{path}.divisor")


def split_subscript(field: str) -> tuple[str, str | None]:
    """`metadata.labels['x']` → ("metadata.labels", "x"); a field without a subscript → (field, None)."""
    head, bracket, tail = field.removesuffix("']").partition("['")
    return (head, tail) if field.endswith("']") and bracket and head else (field, None)


def _conversion_complaint(version: str, field: str) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    name, subscript = split_subscript(field)
    if subscript is not None:
        supported = name in ("metadata.annotations", "metadata.labels")
        return "" if supported else f"field label does not support subscript: {field}"
    return "" if name in _KNOWN_FIELDS else f"field label not supported: {name}"


def _divisor(resource: str, divisor: str, path: str) -> Errors:
    if parse(divisor).is_zero():
        return []
    what, allowed, listed = "", _BINARY, _BINARY_LISTED
    if resource in ("limits.cpu", "requests.cpu"):
        what, allowed, listed = "cpu", ("1m", "1"), "1m and 1"
    elif resource in ("limits.memory", "requests.memory"):
        what = "memory"
    elif resource in ("limits.ephemeral-storage", "requests.ephemeral-storage"):
        what = "local ephemeral storage"
    elif resource.startswith(_HUGE_PAGES):
        what = "hugepages"
    if not what or divisor in allowed:
        return []
    return [invalid(path, resource, f"only divisor's values {listed} are supported with the {what} resource")]


def _value_from(variable: Doc, path: str) -> Errors:
    source = variable["valueFrom"]
    errors: Errors = []
    count = 0
    if source.get("fieldRef") is not None:
        count += 1
        errors += field_ref(source["fieldRef"], ENV_FIELDS, f"{path}.fieldRef")
    if source.get("resourceFieldRef") is not None:
        count += 1
        errors += resource_field_ref(source["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if source.get(key) is not None:
            count += 1
            errors += _key_ref(source[key], f"{path}.{key}")
    if source.get("fileKeyRef") is not None:
        count += 1
        errors += _file_key_ref(source["fileKeyRef"], f"{path}.fileKeyRef")
    if count == 0:
        errors.append(invalid(path, "", f"must specify one of: {_SOURCES}"))
    elif variable.get("value"):
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def _key_ref(ref: Doc, path: str) -> Errors:
    name, key = ref.get("name") or "", ref["key"]
    errors = invalid_all(f"{path}.name", name, dns1123_subdomain(name))
    return errors + (invalid_all(f"{path}.key", key, config_map_key(key)) if key else [required(f"{path}.key")])


def _file_key_ref(ref: Doc, path: str) -> Errors:
    key, volume, file = ref["key"], ref["volumeName"], ref["path"]
    errors = invalid_all(f"{path}.key", key, relaxed_env_var_name(key)) if key else [required(f"{path}.key")]
    errors += label_1123(volume, f"{path}.volumeName") if volume else [required(f"{path}.volumeName")]
    return errors + (no_backsteps(file, f"{path}.path") if file else [required(f"{path}.path")])
