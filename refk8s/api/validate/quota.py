"""ResourceQuotas and LimitRanges. Source: pkg/apis/core/validation/validation.go, ValidateResourceQuota*, ValidateLimitRange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from refk8s.api.validate.errors import Errors, duplicate, forbidden, invalid, invalid_all, named, required
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.resources import (
    container_resource_name,
    is_huge_pages,
    may_overcommit,
    quantity_value,
    resource_name,
)
from refk8s.kinds.names import label_key
from refk8s.kinds.quantity import Quantity, parse

Doc = Mapping[str, Any]

_QUOTA: Final = frozenset(
    {
        *("cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage"),
        *("requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods"),
        *("resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps"),
        *("services.nodeports", "services.loadbalancers"),
    }
)
_COMPUTE: Final = frozenset({"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"})
_POD: Final = frozenset({"pods"}) | _COMPUTE
_FITTING: Final[Mapping[str, frozenset[str]]] = {
    "Terminating": _POD,
    "NotTerminating": _POD,
    "NotBestEffort": _POD,
    "PriorityClass": _POD,
    "CrossNamespacePodAffinity": _POD,
    "BestEffort": frozenset({"pods"}),
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""Each scope with the resources that it may restrict."""
_EXISTS: Final = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_PAIRS: Final = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_LIMIT_TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")
_MAX_MILLI: Final = (2**63 - 1) // 1000


def create(quota: Doc, meta: Checked) -> Errors:
    """A new ResourceQuota."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(quota.get("spec") or {}) + _status(quota.get("status") or {})


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed ResourceQuota: its scopes stay."""
    spec = new.get("spec") or {}
    errors = full_update(meta, old["metadata"]) + _spec(spec)
    if set(spec.get("scopes") or ()) != set((old.get("spec") or {}).get("scopes") or ()):
        errors.append(invalid("spec.scopes", spec.get("scopes"), IMMUTABLE))
    return errors


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    return full_update(meta, old["metadata"]) + _status(new.get("status") or {})


def _status(status: Doc) -> Errors:
    return _amounts(status.get("hard") or {}, "status.hard") + _amounts(status.get("used") or {}, "status.used")


def _amounts(amounts: Mapping[str, str], path: str) -> Errors:
    errors: Errors = []
    for name in sorted(amounts):
        at = f"{path}[{name}]"
        errors += resource_name(name, at)
        if "/" not in name and not _is_quota(name):
            errors.append(invalid(at, named(name), "must be a standard resource for quota"))
        errors += quantity_value(name, amounts[name], at)
    return errors


def _is_quota(name: str) -> bool:
    return name in _QUOTA or is_huge_pages(name)


def _spec(spec: Doc) -> Errors:
    hard, scopes, path = spec.get("hard") or {}, spec.get("scopes") or [], "spec.scopes"
    errors = _amounts(hard, "spec.hard")
    for scope in scopes:
        if scope not in _FITTING:
            errors.append(invalid(path, scopes, "unsupported scope"))
        errors += [invalid(path, scopes, "unsupported scope applied to resource") for _ in _unfit(scope, hard)]
    errors += _conflicts(set(scopes), spec, path)
    return errors if spec.get("scopeSelector") is None else errors + _selector(spec, hard)


def _unfit(scope: str, hard: Mapping[str, str]) -> list[str]:
    fitting = _FITTING.get(scope)
    return [] if fitting is None else [name for name in sorted(hard) if _is_quota(name) and name not in fitting]


def _conflicts(scopes: set[str], spec: Doc, path: str) -> Errors:
    shown = spec.get("scopes")
    return [invalid(path, shown, "conflicting scopes") for pair in _PAIRS if scopes.issuperset(pair)]


def _selector(spec: Doc, hard: Mapping[str, str]) -> Errors:
    path, expressions = "spec.scopeSelector.matchExpressions", spec["scopeSelector"].get("matchExpressions") or []
    errors: Errors = []
    for expression in expressions:
        scope, operator = expression.get("scopeName") or "", expression.get("operator") or ""
        values = expression.get("values") or []
        if scope not in _FITTING:
            errors.append(invalid(f"{path}.scopeName", named(scope), "unsupported scope"))
        shown = {"MatchExpressions": [_requirement_tree(e) for e in expressions]}
        errors += [invalid(path, shown, "unsupported scope applied to resource") for _ in _unfit(scope, hard)]
        if scope in _EXISTS and operator != "Exists":
            detail = "must be 'Exists' when scope is any of " + ", ".join(
                f"ResourceQuotaScope{name}" for name in ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort")
            )
            detail += " or ResourceQuotaScopeCrossNamespacePodAffinity"
            errors.append(invalid(f"{path}.operator", named(operator), detail))
        if operator in ("In", "NotIn"):
            if not values:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                errors.append(required(f"{path}.values", detail))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                errors.append(invalid(f"{path}.values", values, detail))
        else:
            errors.append(invalid(f"{path}.operator", named(operator), "not a valid selector operator"))
    return errors + _conflicts({e.get("scopeName") or "" for e in expressions}, spec, path)


def _requirement_tree(expression: Doc) -> dict[str, Any]:
    keys = {"ScopeName": "scopeName", "Operator": "operator", "Values": "values"}
    return {go: expression.get(key, None if key == "values" else "") for go, key in keys.items()}


def create_limits(limit_range: Doc, meta: Checked) -> Errors:
    """A new LimitRange."""
    errors = full(meta, SUBDOMAIN, namespaced=True)
    seen: set[str] = set()
    for i, item in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        kind, path = item.get("type") or "", f"spec.limits[{i}]"
        errors += _limit_type(kind, f"{path}.type")
        if kind in seen:
            errors.append(duplicate(f"{path}.type", named(kind)))
        seen.add(kind)
        errors += _limit(item, kind, path)
    return errors


def update_limits(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed LimitRange is checked as a new one."""
    return create_limits(new, meta)


def _limit_type(kind: str, path: str) -> Errors:
    errors = invalid_all(path, named(kind), label_key(kind))
    if not errors and "/" not in kind and kind not in _LIMIT_TYPES:
        errors.append(invalid(path, named(kind), "must be a standard limit type or fully qualified"))
    return errors


def _limit(item: Doc, kind: str, path: str) -> Errors:
    name_check: Callable[[str, str], Errors] = resource_name
    if kind in ("Pod", "Container"):
        name_check = container_resource_name
    errors: Errors = []
    amounts: dict[str, Mapping[str, str]] = {}
    for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        found = item.get(key) or {}
        if (
            key == "maxLimitRequestRatio"
            and kind == "PersistentVolumeClaim"
            and "storage" not in amounts["min"]
            and "storage" not in amounts["max"]
        ):
            detail = "either minimum or maximum storage value is required, but neither was provided"
            errors.append(required(f"{path}.limits", detail))
        if kind == "Pod" and key in ("default", "defaultRequest"):
            if found:
                errors.append(forbidden(f"{path}.{key}", "may not be specified when `type` is 'Pod'"))
            found = {}
        for name in sorted(found):
            errors += name_check(name, f"{path}.{key}[{name}]")
        amounts[key] = found
    for name in sorted({name for found in amounts.values() for name in found}):
        errors += _bounds(name, {key: found[name] for key, found in amounts.items() if name in found}, path)
    return errors


_ORDERS: Final = (
    ("min", "max", "min", "min value {} is greater than max value {}"),
    ("min", "defaultRequest", "defaultRequest", "min value {} is greater than default request value {}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {} is greater than max value {}"),
    ("defaultRequest", "default", "defaultRequest", "default request value {} is greater than default limit value {}"),
    ("min", "default", "default", "min value {} is greater than default value {}"),
    ("default", "max", "default", "default value {} is greater than max value {}"),
)
"""(what is not to exceed, what, the field complained about, the complaint)."""
_SHOWN: Final = {("min", "default"): "min", ("default", "max"): "max"}
"""The bad values that are not those of the field complained about."""


def _bounds(name: str, found: Mapping[str, str], path: str) -> Errors:
    amounts = {key: parse(text) for key, text in found.items()}
    errors: Errors = []
    for low, high, field, detail in _ORDERS:
        if low in found and high in found and amounts[low].compare(amounts[high]) > 0:
            shown = found[_SHOWN.get((low, high), field)]
            errors.append(invalid(f"{path}.{field}[{name}]", shown, detail.format(found[low], found[high])))
    errors += _ratio(name, found, amounts, path)
    if (
        not may_overcommit(name)
        and "default" in found
        and "defaultRequest" in found
        and amounts["default"].compare(amounts["defaultRequest"]) != 0
    ):
        detail = (
            f"default value {found['default']} must equal to defaultRequest value {found['defaultRequest']} in {name}"
        )
        errors.append(invalid(f"{path}.defaultRequest[{name}]", found["defaultRequest"], detail))
    return errors


def _ratio(name: str, found: Mapping[str, str], amounts: Mapping[str, Quantity], path: str) -> Errors:
    key = "maxLimitRequestRatio"
    if key not in found:
        return []
    ratio, text = amounts[key], found[key]
    errors: Errors = []
    if ratio.compare(parse("1")) < 0:
        errors.append(invalid(f"{path}.{key}[{name}]", text, f"ratio {text} is less than 1"))
    if "min" not in found or "max" not in found:
        return errors
    value, low, high = float(ratio.value()), amounts["min"].value(), amounts["max"].value()
    if max(ratio.value(), low, high) < _MAX_MILLI:
        value = ratio.milli_value() / 1000
        low, high = amounts["min"].milli_value(), amounts["max"].milli_value()
    limit = high / low if low else float("inf")
    if value > limit:
        detail = f"ratio {text} is greater than max/min = {limit:f}"
        errors.append(invalid(f"{path}.{key}[{name}]", text, detail))
    return errors
