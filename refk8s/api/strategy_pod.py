"""What creating a pod writes into it: scheduling gates, selectors completed by labels, AppArmor profiles.

Source: pkg/registry/core/pod/strategy.go (applySchedulingGatedCondition, mutatePodAffinity,
mutateTopologySpreadConstraints, applyAppArmorVersionSkew); pkg/api/pod/util.go, ApparmorFieldForAnnotation.
"""

from __future__ import annotations

from typing import Any

from refk8s.api.default.pod import CONTAINERS
from refk8s.api.default.sharing import changed, each_under, with_value
from refk8s.api.validate.pod_annotations import APP_ARMOR
from refk8s.api.validate.pod_security import app_armor

Doc = dict[str, Any]

_TERMS = (
    ("preferredDuringSchedulingIgnoredDuringExecution", "podAffinityTerm"),
    ("requiredDuringSchedulingIgnoredDuringExecution", ""),
)


def gated(pod: Doc) -> Doc:
    """A pod with scheduling gates says so in its conditions, from its creation on."""
    if not pod["spec"].get("schedulingGates"):
        return pod
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": pod["metadata"].get("creationTimestamp"),
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    }
    return {**pod, "status": {**pod["status"], "conditions": [condition]}}


def labelled_keys(pod: Doc) -> Doc:
    """Selectors of affinity and spread get the pod's own values of matchLabelKeys and mismatchLabelKeys."""
    labels = pod["metadata"].get("labels") or {}
    spec = pod["spec"]
    if "affinity" not in spec and "topologySpreadConstraints" not in spec:
        return pod

    def affinity(found: Doc) -> Doc:
        for kind in ("podAffinity", "podAntiAffinity"):
            found = changed(found, kind, lambda terms: _terms(terms, labels))
        return found

    spec = changed(spec, "affinity", affinity)
    spec = each_under(spec, "topologySpreadConstraints", lambda constraint: _selected(constraint, labels))
    return with_value(pod, "spec", spec)


def with_app_armor(pod: Doc) -> Doc:
    """A container without a profile takes it from the old annotation, where that differs from the pod's profile."""
    annotations = pod["metadata"].get("annotations")
    spec = pod["spec"]
    if not annotations or (spec.get("os") or {}).get("name") == "windows":
        return pod
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")

    def container(found: Doc) -> Doc:
        context = found.get("securityContext") or {}
        profile = _profile(annotations.get(APP_ARMOR + found["name"]))
        if profile is None or profile == of_pod or context.get("appArmorProfile") is not None:
            return found
        return {**found, "securityContext": {**context, "appArmorProfile": profile}}

    for kind in CONTAINERS:
        spec = each_under(spec, kind, container)
    return with_value(pod, "spec", spec)


def app_armor_warnings(pod: Doc) -> tuple[str, ...]:
    """What the API server says about a new pod whose AppArmor annotations `with_app_armor` uses, or cannot use."""
    annotations, spec = pod["metadata"].get("annotations"), pod["spec"]
    if not annotations or (spec.get("os") or {}).get("name") == "windows":
        return ()
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    keys = [
        APP_ARMOR + container["name"]
        for kind in CONTAINERS
        for container in spec.get(kind) or ()
        if (container.get("securityContext") or {}).get("appArmorProfile") is None
    ]
    return tuple(
        f'metadata.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'
        for key in keys
        if key in annotations and (of_pod is None or _profile(annotations[key]) != of_pod)
    )


def _terms(found: Doc, labels: Doc) -> Doc:
    for key, inner in _TERMS:

        def term(entry: Doc, inner: str = inner) -> Doc:
            return changed(entry, inner, lambda t: _selected(t, labels)) if inner else _selected(entry, labels)

        found = each_under(found, key, term)
    return found


def _selected(holder: Doc, labels: Doc) -> Doc:
    """What holds a labelSelector, the selector extended by the keys listed beside it."""
    selector = holder.get("labelSelector")
    lists = (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for keys, operator in lists
        for key in holder.get(keys) or ()
        if key in labels
    ]
    if selector is None or not added:
        return holder
    expressions = [*(selector.get("matchExpressions") or ()), *added]
    return {**holder, "labelSelector": {**selector, "matchExpressions": expressions}}


def _profile(annotation: str | None) -> Doc | None:
    if annotation in ("unconfined", "runtime/default"):
        return {"type": "Unconfined" if annotation == "unconfined" else "RuntimeDefault"}
    name = (annotation or "").removeprefix("localhost/")
    if not name or name == annotation:
        return None
    profile = {"type": "Localhost", "localhostProfile": name}
    return None if app_armor(profile, "") else profile
