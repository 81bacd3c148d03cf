"""Pod templates, as ReplicaSets and Deployments hold them.

Source: pkg/apis/core/validation/validation.go, ValidatePodTemplateSpec; pkg/apis/apps/validation/validation.go,
ValidatePodTemplateSpecForReplicaSet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, named, not_supported
from refk8s.api.validate.meta import annotation_map, label_map
from refk8s.api.validate.pod_annotations import fields_agree, pod_annotations
from refk8s.api.validate.pod_spec import pod_spec
from refk8s.kinds.selector import Selector

Doc = Mapping[str, Any]


def template(found: Doc, selector: Selector, path: str) -> Errors:
    """The template of a ReplicaSet: selected by it, and its pods run forever."""
    meta, spec = found.get("metadata") or {}, found.get("spec") or {}
    errors = mismatch(meta, selector, path) + template_spec(meta, spec, path)
    return errors + runs_forever(found, "ReplicaSet", path)


def mismatch(meta: Doc, selector: Selector, path: str) -> Errors:
    """The selector of a workload selects what its template makes."""
    labels = meta.get("labels")
    if selector.is_empty() or selector.matches(labels or {}):
        return []
    shown = {key: labels[key] for key in sorted(labels)} if labels else None
    return [invalid(f"{path}.metadata.labels", shown, "`selector` does not match template `labels`")]


def runs_forever(found: Doc, kind: str, path: str) -> Errors:
    """The pods of a template are restarted always and have no deadline."""
    spec = found.get("spec") or {}
    errors: Errors = []
    if spec.get("restartPolicy") != "Always":
        policy = spec.get("restartPolicy") or ""
        errors.append(not_supported(f"{path}.spec.restartPolicy", named(policy), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden(f"{path}.spec.activeDeadlineSeconds", detail))
    return errors


def template_spec(meta: Doc, spec: Doc, path: str) -> Errors:
    """Any pod template."""
    annotations = meta.get("annotations")
    errors = label_map(meta.get("labels"), f"{path}.labels")
    errors += annotation_map(annotations, f"{path}.annotations")
    errors += pod_annotations(annotations, spec, f"{path}.annotations")
    errors += pod_spec(spec, None, f"{path}.spec", of_pod=False)
    errors += fields_agree(annotations, spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(forbidden(f"{path}.spec.ephemeralContainers", detail))
    return errors
