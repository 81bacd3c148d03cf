"""Defaults of autoscalers, storage classes, role bindings and limit ranges.

Source: pkg/apis/{autoscaling/v2,storage/v1,rbac/v1,core/v1}/defaults.go.
"""

from __future__ import annotations

from refk8s.api.default.sharing import Doc, changed, each_under, with_missing, with_value

_RBAC = "rbac.authorization.k8s.io"
_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
_PERCENT = {"type": "Percent", "value": 100, "periodSeconds": 15}
_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, _PERCENT],
}
_DOWN = {"selectPolicy": "Max", "policies": [_PERCENT]}


def default_autoscaler(autoscaler: Doc) -> Doc:
    """A decoded HorizontalPodAutoscaler: at least one pod, by CPU unless it says otherwise."""

    def behavior(found: Doc) -> Doc:
        found = with_value(found, "scaleUp", with_missing(found.get("scaleUp") or {}, _UP))
        return with_value(found, "scaleDown", with_missing(found.get("scaleDown") or {}, _DOWN))

    def spec(found: Doc) -> Doc:
        found = with_missing(found, {"minReplicas": 1, "metrics": [_CPU]})
        return changed(found, "behavior", behavior)

    return changed(autoscaler, "spec", spec)


def default_storage_class(storage_class: Doc) -> Doc:
    """A decoded StorageClass: volumes are deleted after use and bound at once."""
    return with_missing(storage_class, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def default_role_binding(binding: Doc) -> Doc:
    """A decoded RoleBinding or ClusterRoleBinding: groups of API names filled in."""
    binding = changed(binding, "roleRef", lambda ref: ref if ref.get("apiGroup") else {**ref, "apiGroup": _RBAC})
    return each_under(binding, "subjects", _subject)


def default_limit_range(limit_range: Doc) -> Doc:
    """A decoded LimitRange: limits of containers default to the maximum, requests to the limits, then to the minimum."""
    return changed(limit_range, "spec", lambda spec: each_under(spec, "limits", _limit))


def _subject(subject: Doc) -> Doc:
    of_users = subject.get("kind") in ("User", "Group") and not subject.get("apiGroup")
    return {**subject, "apiGroup": _RBAC} if of_users else subject


def _limit(item: Doc) -> Doc:
    if item.get("type") != "Container":
        return item
    default = with_missing(item.get("default") or {}, item.get("max") or {})
    requests = with_missing(with_missing(item.get("defaultRequest") or {}, default), item.get("min") or {})
    given = {"default": default, "defaultRequest": requests}
    for key, amounts in given.items():
        if amounts and amounts != item.get(key):
            item = {**item, key: amounts}
    return item
