"""Defaults of the kinds that have few. Source: pkg/apis/core/v1/{defaults,conversion}.go, scheduling/v1/defaults.go."""

from __future__ import annotations

import base64

from refk8s.api.default.sharing import Doc, changed, with_missing, with_value, without

NAME_LABEL = "kubernetes.io/metadata.name"


def default_namespace(namespace: Doc) -> Doc:
    """A decoded Namespace: labelled with its name (if it has one yet), Active."""
    return changed(changed(namespace, "metadata", _labelled), "status", lambda s: with_missing(s, {"phase": "Active"}))


def default_node(node: Doc) -> Doc:
    """A decoded Node: allocatable is the capacity unless given; podCIDR is the first of podCIDRs and wins over it."""
    return changed(changed(node, "spec", _pod_cidrs), "status", _allocatable)


def default_secret(secret: Doc) -> Doc:
    """A decoded Secret: Opaque unless typed; stringData moved into data."""
    secret = with_missing(secret, {"type": "Opaque"})
    if "stringData" not in secret:
        return secret
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in secret["stringData"].items()}
    return without(with_value(secret, "data", {**(secret.get("data") or {}), **encoded}), "stringData")


def default_priority_class(priority_class: Doc) -> Doc:
    """A decoded PriorityClass: preempting unless it says not to."""
    return with_missing(priority_class, {"preemptionPolicy": "PreemptLowerPriority"})


def _labelled(metadata: Doc) -> Doc:
    name = metadata.get("name")
    labels = metadata.get("labels") or {}
    if not name or labels.get(NAME_LABEL) == name:
        return metadata
    return with_value(metadata, "labels", {**labels, NAME_LABEL: name})


def _pod_cidrs(spec: Doc) -> Doc:
    single, several = spec.get("podCIDR"), spec.get("podCIDRs") or []
    if single and (not several or several[0] != single):
        return with_value(spec, "podCIDRs", [single])
    return with_value(spec, "podCIDR", several[0]) if several and not single else spec


def _allocatable(status: Doc) -> Doc:
    return with_missing(status, {"allocatable": status["capacity"]}) if "capacity" in status else status
