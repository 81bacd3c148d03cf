"""ReplicationControllers and PodTemplates. Source: pkg/apis/core/validation/validation.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, required
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update, not_negative
from refk8s.api.validate.replicaset import at_most_all, counts
from refk8s.api.validate.template import mismatch, runs_forever, template_spec
from refk8s.kinds.selector import from_labels

Doc = Mapping[str, Any]

_COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")


def create(controller: Doc, meta: Checked) -> Errors:
    """A new ReplicationController."""
    return full(meta, SUBDOMAIN, namespaced=True) + _spec(controller["spec"])


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed ReplicationController; even its selector may change."""
    return full_update(meta, old["metadata"]) + _spec(new["spec"])


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status = new.get("status") or {}
    errors = full_update(meta, old["metadata"]) + counts(status, _COUNTS, ())
    return errors + at_most_all(status, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"))


def create_template(template: Doc, meta: Checked) -> Errors:
    """A new PodTemplate."""
    return full(meta, SUBDOMAIN, namespaced=True) + _template(template)


def update_template(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed PodTemplate."""
    return full_update(meta, old["metadata"]) + _template(new)


def _template(holder: Doc) -> Errors:
    template = holder.get("template") or {}
    return template_spec(template.get("metadata") or {}, template.get("spec") or {}, "template")


def _spec(spec: Doc) -> Errors:
    selector = from_labels(spec.get("selector") or {})
    errors = not_negative(spec.get("minReadySeconds") or 0, "spec.minReadySeconds")
    if selector.is_empty():
        errors.append(required("spec.selector"))
    if spec.get("replicas") is None:
        errors.append(required("spec.replicas"))
    else:
        errors += not_negative(spec["replicas"], "spec.replicas")
    template, path = spec.get("template"), "spec.template"
    if template is None:
        return [*errors, required(path)]
    meta = template.get("metadata") or {}
    errors += mismatch(meta, selector, path) + template_spec(meta, template.get("spec") or {}, path)
    return errors + runs_forever(template, "ReplicationController", path)
