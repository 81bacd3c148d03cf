"""HorizontalPodAutoscalers. Source: pkg/apis/autoscaling/validation/validation.go; pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from refk8s.api.validate.errors import (
    Errors,
    forbidden,
    invalid,
    invalid_all,
    named,
    not_supported,
    required,
)
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.replicaset import counts
from refk8s.api.validate.resources import container_resource_name
from refk8s.api.validate.scalars import label_1123
from refk8s.kinds.names import path_segment
from refk8s.kinds.quantity import parse

Doc = Mapping[str, Any]
Check = Callable[[Doc, str], Errors]

_TYPES: Final = ("ContainerResource", "External", "Object", "Pods", "Resource")
_POLICIES: Final = ("Percent", "Pods")
_SELECTIONS: Final = ("Disabled", "Max", "Min")
_WINDOW_MAX, _PERIOD_MAX = 3600, 1800


def create(autoscaler: Doc, meta: Checked) -> Errors:
    """A new HorizontalPodAutoscaler."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(autoscaler["spec"], {})


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed HorizontalPodAutoscaler."""
    return full_update(meta, old["metadata"]) + _spec(new["spec"], old["spec"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    return full_update(meta, old["metadata"]) + counts(
        new.get("status") or {}, ("currentReplicas", "desiredReplicas"), ()
    )


def _spec(spec: Doc, before: Doc) -> Errors:
    """`before` is the old spec, {} if there is none: what was accepted once is not complained about again."""
    least, most, lowest = spec.get("minReplicas"), spec.get("maxReplicas") or 0, int(before.get("minReplicas") != 0)
    errors: Errors = []
    if least is not None and least < lowest:
        errors.append(invalid("spec.minReplicas", least, f"must be greater than or equal to {lowest}"))
    if most == 0:
        errors.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than or equal to 1"))
    if least is not None and most < least:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    errors += _target(spec.get("scaleTargetRef") or {}, before.get("scaleTargetRef"))
    was_bad = any(
        _group_complaint(((metric.get("object") or {}).get("describedObject") or {}).get("apiVersion") or "", core=True)
        for metric in before.get("metrics") or ()
        if metric.get("type") == "Object" and metric.get("object") is not None
    )
    metrics = spec.get("metrics") or ()
    for i, metric in enumerate(metrics):
        errors += _metric(metric, f"spec.metrics[{i}]", lenient=was_bad)
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden("spec.metrics", detail))
    for key in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(key)
        if rules is not None:
            errors += _rules(rules, f"spec.behavior.{key}")
    return errors


def _target(ref: Doc, before: Doc | None) -> Errors:
    kept = before is not None and all((before.get(k) or "") == (ref.get(k) or "") for k in ("apiVersion", "kind"))
    return _reference(ref, "spec.scaleTargetRef", lenient=kept, core=ref.get("kind") == "ReplicationController")


def _reference(ref: Doc, path: str, *, lenient: bool, core: bool) -> Errors:
    errors: Errors = []
    for key in ("kind", "name"):
        value = ref.get(key) or ""
        errors += invalid_all(f"{path}.{key}", value, path_segment(value)) if value else [required(f"{path}.{key}")]
    version = ref.get("apiVersion") or ""
    complaint = "" if lenient else _group_complaint(version, core=core)
    return [*errors, invalid(f"{path}.apiVersion", version, complaint)] if complaint else errors


def _group_complaint(version: str, *, core: bool) -> str:
    """What is wrong with an apiVersion; `core` allows that of the core group."""
    if version.count("/") > 1:
        return f"unexpected GroupVersion string: {version}"
    return (
        "" if core or (version.partition("/")[1] and version.partition("/")[0]) else "apiVersion must specify API group"
    )


def _rules(rules: Doc, path: str) -> Errors:
    window, select, policies = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy"), rules.get("policies")
    errors: Errors = []
    at = f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        errors.append(invalid(at, window, "must be greater than or equal to zero"))
    if window is not None and window > _WINDOW_MAX:
        errors.append(invalid(at, window, f"must be less than or equal to {_WINDOW_MAX}"))
    if select is not None and select not in _SELECTIONS:
        errors.append(not_supported(f"{path}.selectPolicy", named(select), _SELECTIONS))
    if not policies:
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for i, policy in enumerate(policies or ()):
        errors += _policy(policy, f"{path}.policies[{i}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and parse(tolerance).sign() < 0:
        errors.append(invalid(f"{path}.tolerance", tolerance, "must be greater than or equal to 0"))
    return errors


def _policy(policy: Doc, path: str) -> Errors:
    kind, value, period = policy.get("type") or "", policy.get("value") or 0, policy.get("periodSeconds") or 0
    errors: Errors = []
    if kind not in _POLICIES:
        errors.append(not_supported(f"{path}.type", named(kind), _POLICIES))
    if value <= 0:
        errors.append(invalid(f"{path}.value", value, "must be greater than zero"))
    if period <= 0:
        errors.append(invalid(f"{path}.periodSeconds", period, "must be greater than zero"))
    if period > _PERIOD_MAX:
        errors.append(invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_PERIOD_MAX}"))
    return errors


def _metric(metric: Doc, path: str, *, lenient: bool) -> Errors:
    kind = metric.get("type") or ""
    errors = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    unsupported = [] if kind in _TYPES else [not_supported(f"{path}.type", named(kind), _TYPES)]
    errors += unsupported
    checks: dict[str, Check] = {**_SOURCES, "object": lambda source, at: _object(source, at, lenient=lenient)}
    present = [key for key in _ORDER if metric.get(key) is not None]
    if present:
        errors += checks[present[0]](metric[present[0]], f"{path}.{present[0]}")
    expected = kind[:1].lower() + kind[1:]
    if unsupported:
        errors += unsupported
        expected = ""
    elif expected not in present:
        errors.append(required(f"{path}.{expected}", "must populate information for the given metric source"))
    if len(present) != 1:
        others = sorted(key for key in present if key != expected)
        errors += [forbidden(f"{path}.{key}", "must populate the given metric source only") for key in others]
    return errors


def _object(source: Doc, path: str, *, lenient: bool) -> Errors:
    target = source.get("target") or {}
    errors = _reference(source.get("describedObject") or {}, f"{path}.describedObject", lenient=lenient, core=True)
    errors += _identifier(source, path) + _target_value(target, f"{path}.target")
    if target.get("value") is None and target.get("averageValue") is None:
        errors.append(required(f"{path}.target.averageValue", "must set either a target value or averageValue"))
    return errors


def _external(source: Doc, path: str) -> Errors:
    target = source.get("target") or {}
    value, average = target.get("value"), target.get("averageValue")
    errors = _identifier(source, path) + _target_value(target, f"{path}.target")
    if value is None and average is None:
        detail = "must set either a target value for metric or a per-pod target"
        errors.append(required(f"{path}.target.averageValue", detail))
    if value is not None and average is not None:
        detail = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(f"{path}.target.value", detail))
    return errors


def _pods(source: Doc, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _identifier(source, path) + _target_value(target, f"{path}.target")
    if target.get("averageValue") is None:
        errors.append(required(f"{path}.target.averageValue", "must specify a positive target averageValue"))
    return errors


def _resource(source: Doc, path: str) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    return errors + _utilization(source.get("target") or {}, f"{path}.target")


def _container_resource(source: Doc, path: str) -> Errors:
    name, container = source.get("name") or "", source.get("container") or ""
    errors = (
        container_resource_name(name, f"{path}.name")
        if name
        else [required(f"{path}.name", "must specify a resource name")]
    )
    errors += (
        label_1123(container, f"{path}.container")
        if container
        else [required(f"{path}.container", "must specify a container")]
    )
    return errors + _utilization(source.get("target") or {}, f"{path}.target")


def _utilization(target: Doc, path: str) -> Errors:
    errors = _target_value(target, path)
    utilization, value = target.get("averageUtilization"), target.get("averageValue")
    if utilization is None and value is None:
        detail = "must set either a target raw value or a target utilization"
        errors.append(required(f"{path}.averageUtilization", detail))
    if utilization is not None and value is not None:
        detail = "may not set both a target raw value and a target utilization"
        errors.append(forbidden(f"{path}.averageValue", detail))
    return errors


def _target_value(target: Doc, path: str) -> Errors:
    kind, utilization = target.get("type") or "", target.get("averageUtilization")
    errors = [] if kind else [required(f"{path}.type", "must specify a metric target type")]
    if kind not in ("Utilization", "Value", "AverageValue"):
        errors.append(invalid(f"{path}.type", named(kind), "must be either Utilization, Value, or AverageValue"))
    for key in ("value", "averageValue"):
        if target.get(key) is not None and parse(target[key]).sign() <= 0:
            errors.append(invalid(f"{path}.{key}", target[key], "must be positive"))
    if utilization is not None and utilization < 1:
        errors.append(invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return errors


def _identifier(source: Doc, path: str) -> Errors:
    name = (source.get("metric") or {}).get("name") or ""
    if not name:
        return [required(f"{path}.metric.name", "must specify a metric name")]
    return invalid_all(f"{path}.metric.name", name, path_segment(name))


_ORDER: Final = ("object", "external", "pods", "resource", "containerResource")
_SOURCES: Final[dict[str, Check]] = {
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}
