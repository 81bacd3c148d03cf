"""The args of plugins in a KubeSchedulerConfiguration: their fields, and what upstream says of bad values.

Source: pkg/scheduler/apis/config/validation/validation_pluginargs.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from refk8s.kinds.fielderror import FieldError, forbidden, invalid, not_supported, required
from refk8s.kinds.names import label_key, label_value
from refk8s.kinds.numbers import parse_int64
from refk8s.scheduler.config_shape import ANY

__all__ = ["ARGS", "WITHOUT_CHECK_BEFORE", "check_args"]

Args = Mapping[str, Any]

_RESOURCES: Final = [{"name": str, "weight": int}]
_SHAPE: Final = [{"utilization": int, "score": int}]

ARGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "DefaultPreemption": {"minCandidateNodesPercentage": int, "minCandidateNodesAbsolute": int},
    "InterPodAffinity": {"hardPodAffinityWeight": int, "ignorePreferredTermsOfExistingPods": bool},
    "NodeAffinity": {"addedAffinity": dict},
    "NodeResourcesBalancedAllocation": {"resources": _RESOURCES},
    "NodeResourcesFit": {
        "ignoredResources": [str],
        "ignoredResourceGroups": [str],
        "scoringStrategy": {
            "type": str,
            "resources": _RESOURCES,
            "requestedToCapacityRatio": {"shape": _SHAPE},
        },
    },
    "PodTopologySpread": {"defaultConstraints": [dict], "defaultingType": str},
    "VolumeBinding": {"bindTimeoutSeconds": int, "shape": _SHAPE},
    "DynamicResources": {"filterTimeout": ANY, "bindingTimeout": ANY},
}

WITHOUT_CHECK_BEFORE: Final = ("NodeResourcesFit",)
"""Upstream's table of checks misspells this name, so that the plugin itself refuses to start with bad args."""


def check_args(name: str, args: Args, path: str) -> list[FieldError]:
    """Return what is wrong with the args of plugin `name`, whose shape is right; nothing for plugins without checks."""
    check = _CHECKS.get(name)
    return check(args, path) if check is not None else []


def _at(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _value(args: Args, field: str, default: int) -> int:
    value = args.get(field)
    return default if value is None else int(value)


def _preemption(args: Args, path: str) -> list[FieldError]:
    percentage, absolute = _at(path, "minCandidateNodesPercentage"), _at(path, "minCandidateNodesAbsolute")
    share, count = _value(args, "minCandidateNodesPercentage", 10), _value(args, "minCandidateNodesAbsolute", 100)
    errors = []
    if not 0 <= share <= 100:
        errors.append(invalid(percentage, share, "not in valid range [0, 100]"))
    if count < 0:
        errors.append(invalid(absolute, count, "not in valid range [0, inf)"))
    if share == 0 and count == 0:
        same = "cannot be zero at the same time as "
        errors.append(invalid(percentage, share, same + "minCandidateNodesAbsolute"))
        errors.append(invalid(absolute, count, same + "minCandidateNodesPercentage"))
    return errors


def _pod_affinity(args: Args, path: str) -> list[FieldError]:
    weight = _value(args, "hardPodAffinityWeight", 1)
    if 0 <= weight <= 100:
        return []
    return [invalid(_at(path, "hardPodAffinityWeight"), weight, "not in valid range [0, 100]")]


def _node_affinity(args: Args, path: str) -> list[FieldError]:
    added = args.get("addedAffinity") or {}
    base = _at(path, "addedAffinity")
    errors: list[FieldError] = []
    hard = added.get("requiredDuringSchedulingIgnoredDuringExecution")
    for i, term in enumerate((hard or {}).get("nodeSelectorTerms") or ()):
        where = f"{base}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{i}]"
        errors += _node_term(term, where)
    for i, term in enumerate(added.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        if term.get("weight"):
            where = f"{base}.preferredDuringSchedulingIgnoredDuringExecution[{i}]"
            errors += _node_term(term.get("preference") or {}, where)
    return errors


_LABEL_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


def _node_term(term: Args, path: str) -> list[FieldError]:
    """Source: component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go, newNodeSelectorTerm; labels/selector.go, NewRequirement."""
    errors: list[FieldError] = []
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _node_requirement(requirement, f"{path}.matchExpressions[{i}]")
    for i, requirement in enumerate(term.get("matchFields") or ()):
        where, values = f"{path}.matchFields[{i}]", requirement.get("values")
        if requirement.get("operator") not in ("In", "NotIn"):
            errors.append(not_supported(f"{where}.operator", requirement.get("operator") or "", ("In", "NotIn")))
        elif len(values or ()) != 1:
            errors.append(invalid(f"{where}.values", values, "must have one element"))
    return errors


def _node_requirement(requirement: Args, path: str) -> list[FieldError]:
    key, operator = requirement.get("key") or "", requirement.get("operator") or ""
    values = requirement.get("values") or []
    if operator not in _LABEL_OPERATORS:
        return [not_supported(f"{path}.operator", operator, _LABEL_OPERATORS)]
    errors = [invalid(f"{path}.key", key, "; ".join(why))] if (why := label_key(key)) else []
    said = values or None
    if operator in ("In", "NotIn") and not values:
        errors.append(invalid(f"{path}.values", said, "for 'in', 'notin' operators, values set can't be empty"))
    elif operator in ("Exists", "DoesNotExist") and values:
        errors.append(invalid(f"{path}.values", said, "values set must be empty for exists and does not exist"))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            detail = "for 'Gt', 'Lt' operators, exactly one value is required"
            errors.append(invalid(f"{path}.values", said, detail))
        for i, value in enumerate(values):
            if parse_int64(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                errors.append(invalid(f"{path}.values[{i}]", value, detail))
    for i, value in enumerate(values):
        if why := label_value(value):
            errors.append(invalid(f"{path}.values[{i}][{key}]", value, "; ".join(why)))
    return errors


def _balanced(args: Args, path: str) -> list[FieldError]:
    errors, seen = [], set()
    for i, resource in enumerate(args.get("resources") or ()):
        where = f"{_at(path, 'resources')}[{i}]"
        if resource["name"] in seen:
            errors.append(FieldError("FieldValueDuplicate", f"{where}.name", resource["name"], ""))
        seen.add(resource["name"])
        if (resource.get("weight") or 1) != 1:
            errors.append(invalid(f"{where}.weight", resource["weight"], "must be 1"))
    return errors


def _fit(args: Args, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for i, name in enumerate(args.get("ignoredResources") or ()):
        errors += [invalid(f"{_at(path, 'ignoredResources')}[{i}]", name, why) for why in label_key(name)]
    for i, group in enumerate(args.get("ignoredResourceGroups") or ()):
        where = f"{_at(path, 'ignoredResourceGroups')}[{i}]"
        if "/" in group:
            errors.append(invalid(where, group, "resource group name can't contain '/'"))
        errors += [invalid(where, group, why) for why in label_key(group)]
    strategy = args.get("scoringStrategy")
    strategy = {"type": "LeastAllocated"} if strategy is None else strategy
    where, kind = _at(path, "scoringStrategy"), strategy.get("type") or ""
    if kind not in ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"):
        supported = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
        errors.append(not_supported(f"{where}.type", kind, supported))
    for i, resource in enumerate(strategy.get("resources") or ()):
        weight = resource.get("weight") or 1
        if not 0 < weight <= 100:
            detail = f"resource weight of {resource['name']} not in valid range (0, 100]"
            errors.append(invalid(f"{where}.resources[{i}].weight", weight, detail))
    ratio, at_ratio = strategy.get("requestedToCapacityRatio"), f"{where}.requestedToCapacityRatio"
    if kind == "RequestedToCapacityRatio":
        if ratio is None:
            errors.append(required(at_ratio, "must be specified when type is RequestedToCapacityRatio"))
        else:
            errors += _shape(ratio.get("shape") or (), f"{at_ratio}.shape")
    elif ratio is not None:
        errors.append(forbidden(at_ratio, "must be nil when type is not RequestedToCapacityRatio"))
    return errors


def _shape(shape: Sequence[Args], path: str) -> list[FieldError]:
    if not shape:
        return [required(path, "at least one point must be specified")]
    points = [(point.get("utilization") or 0, point.get("score") or 0) for point in shape]
    errors = []
    for i in range(1, len(points)):
        if points[i - 1][0] >= points[i][0]:
            errors.append(
                invalid(f"{path}[{i}].utilization", points[i][0], "values must be sorted in increasing order")
            )
            break
    for i, (utilization, score) in enumerate(points):
        if not 0 <= utilization <= 100:
            errors.append(invalid(f"{path}[{i}].utilization", utilization, "not in valid range [0, 100]"))
        if not 0 <= score <= 10:
            errors.append(invalid(f"{path}[{i}].score", score, "not in valid range [0, 10]"))
    return errors


def _spread(args: Args, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    kind, constraints = args.get("defaultingType") or "System", args.get("defaultConstraints") or ()
    where = _at(path, "defaultingType")
    if kind not in ("System", "List"):
        errors.append(not_supported(where, kind, ("System", "List")))
    elif kind == "System" and constraints:
        errors.append(invalid(where, kind, "when .defaultConstraints are not empty"))
    seen: set[tuple[str, str]] = set()
    for i, constraint in enumerate(constraints):
        at = f"{_at(path, 'defaultConstraints')}[{i}]"
        skew = constraint.get("maxSkew") or 0
        if skew <= 0:
            errors.append(invalid(f"{at}.maxSkew", skew, "not in valid range (0, inf)"))
        key, action = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        if not key:
            errors.append(required(f"{at}.topologyKey", "can not be empty"))
        else:
            errors += [invalid(f"{at}.topologyKey", key, why) for why in label_key(key)]
        if not action:
            errors.append(required(f"{at}.whenUnsatisfiable", "can not be empty"))
        elif action not in ("DoNotSchedule", "ScheduleAnyway"):
            errors.append(not_supported(f"{at}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway")))
        if constraint.get("labelSelector") is not None:
            detail = "constraint must not define a selector, as they deduced for each pod"
            errors.append(forbidden(f"{at}.labelSelector", detail))
        if (key, action) in seen:
            errors.append(FieldError("FieldValueDuplicate", at, f"{{{key}, {action}}}", ""))
        seen.add((key, action))
    return errors


def _volume_binding(args: Args, path: str) -> list[FieldError]:
    errors, timeout = [], _value(args, "bindTimeoutSeconds", 600)
    if timeout < 0:
        detail = "invalid BindTimeoutSeconds, should not be a negative value"
        errors.append(invalid(_at(path, "bindTimeoutSeconds"), timeout, detail))
    if args.get("shape") is not None:
        detail = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring"
        errors.append(invalid(_at(path, "shape"), args["shape"], detail))
    return errors


_CHECKS: Final[Mapping[str, Callable[[Args, str], list[FieldError]]]] = {
    "DefaultPreemption": _preemption,
    "InterPodAffinity": _pod_affinity,
    "NodeAffinity": _node_affinity,
    "NodeResourcesBalancedAllocation": _balanced,
    "NodeResourcesFit": _fit,
    "PodTopologySpread": _spread,
    "VolumeBinding": _volume_binding,
}
