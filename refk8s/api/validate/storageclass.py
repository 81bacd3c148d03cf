"""StorageClasses. Source: pkg/apis/storage/validation/validation.go, ValidateStorageClass*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import (
    Errors,
    duplicate,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
    too_long,
)
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.kinds.names import label_key

Doc = Mapping[str, Any]

_RECLAIM, _BINDING = ("Delete", "Retain"), ("Immediate", "WaitForFirstConsumer")
_PARAMETERS_MAX, _SIZE_MAX = 512, 256 * 1024


def create(found: Doc, meta: Checked) -> Errors:
    """A new StorageClass."""
    return _class(found, meta)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed StorageClass: what volumes were made by stays."""
    errors = _class(new, meta) + full_update(meta, old["metadata"])
    parameters = new.get("parameters") or None
    shown = {key: parameters[key] for key in sorted(parameters)} if parameters else None
    if (parameters or {}) != (old.get("parameters") or {}):
        errors.append(invalid("parameters", shown, IMMUTABLE))
    for key in ("provisioner", "reclaimPolicy", "volumeBindingMode"):
        value = new.get(key)
        if value != old.get(key):
            errors.append(invalid(key, named(value), IMMUTABLE))
    return errors


def _class(found: Doc, meta: Checked) -> Errors:
    errors = full(meta, SUBDOMAIN, namespaced=False)
    provisioner = found.get("provisioner") or ""
    if not provisioner:
        errors.append(required("provisioner"))
    else:
        errors += invalid_all("provisioner", provisioner.lower(), label_key(provisioner.lower()))
    errors += _parameters(found.get("parameters") or {})
    reclaim, mode = found.get("reclaimPolicy"), found.get("volumeBindingMode")
    if reclaim and reclaim not in _RECLAIM:
        errors.append(not_supported("reclaimPolicy", named(reclaim), _RECLAIM))
    if mode is None:
        errors.append(required("volumeBindingMode"))
    elif mode not in _BINDING:
        errors.append(not_supported("volumeBindingMode", named(mode), _BINDING))
    return errors + _topologies(found.get("allowedTopologies") or [])


def _parameters(parameters: Mapping[str, str]) -> Errors:
    if len(parameters) > _PARAMETERS_MAX:
        return [too_long("parameters", _PARAMETERS_MAX)]
    errors = [invalid("parameters", "", "field can not be empty.")] if "" in parameters else []
    if sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items()) > _SIZE_MAX:
        errors.append(too_long("parameters", _SIZE_MAX))
    return errors


def _topologies(terms: list[Doc]) -> Errors:
    """Terms by themselves; then none may repeat another. Upstream compares with as many empty ones as there are terms."""
    errors: Errors = []
    earlier: list[dict[str, frozenset[str]]] = [{} for _ in terms]
    for i, term in enumerate(terms):
        path = f"allowedTopologies[{i}].matchLabelExpressions"
        found: dict[str, frozenset[str]] = {}
        for j, expression in enumerate(term.get("matchLabelExpressions") or ()):
            at, key, values = f"{path}[{j}]", expression.get("key") or "", expression.get("values") or []
            if not values:
                errors.append(required(f"{at}.values"))
            errors += [duplicate(f"{at}.values[{k}]", value) for k, value in enumerate(values) if value in values[:k]]
            errors += invalid_all(f"{at}.key", key, label_key(key))
            if key in found:
                errors.append(duplicate(f"{at}.key", key))
            found[key] = frozenset(values)
        errors += [duplicate(path, "") for other in earlier if other == found]
        earlier.append(found)
    return errors
