"""Jobs: creation and changes of the spec; changes of status are in `job_status`.

Source: pkg/apis/batch/validation/validation.go (ValidateJob, ValidateJobUpdate); pkg/registry/batch/job/strategy.go,
validationOptionsForJob.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.default.sharing import with_value, without
from refk8s.api.validate.errors import Errors, invalid, named, required
from refk8s.api.validate.go_json import go_tree, pod_spec_tree, pod_template_tree, selector_tree
from refk8s.api.validate.job_status import has_condition
from refk8s.api.validate.jobspec import job_spec
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.semantic import semantically_equal
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.names import dns1123_label
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]
Spec = dict[str, Any]

_PREFIX = "batch.kubernetes.io/"


def create(job: Doc, meta: Checked) -> Errors:
    """A new Job."""
    return _job(job, meta, prefixed=True)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Job: everything is checked anew, and most of its spec stays."""
    spec, before = new["spec"], old["spec"]
    labels = ((before.get("template") or {}).get("metadata") or {}).get("labels") or {}
    errors = _job(new, meta, prefixed=f"{_PREFIX}job-name" in labels and f"{_PREFIX}controller-uid" in labels)
    errors += full_update(meta, old["metadata"]) + _spec(spec) + _completions(spec, before)
    errors += _same(spec, before, "selector", selector_tree(spec.get("selector")))
    errors += _template(spec, old)
    shown = {"podFailurePolicy": "PodFailurePolicy", "successPolicy": "SuccessPolicy"}
    for key in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        value = spec.get(key)
        if key in shown:
            value = go_tree(shown[key], value)
        errors += _same(spec, before, key, named(value) if isinstance(value, str) else value)
    return errors


def _job(job: Doc, meta: Checked, *, prefixed: bool) -> Errors:
    spec, name = job["spec"], meta.meta.get("name") or ""
    errors = (
        full(meta, SUBDOMAIN, namespaced=True) + _generated_selector(spec, meta.meta, prefixed=prefixed) + _spec(spec)
    )
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        longest = f"{name}-{completions - 1}"
        if dns1123_label(longest):
            detail = f"will not able to create pod with invalid DNS label: {longest}"
            errors.append(invalid("metadata.name", name, detail))
    return errors


def _generated_selector(spec: Doc, metadata: Doc, *, prefixed: bool) -> Errors:
    """What the registry generated is there, unless the user had other labels of these names."""
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    own = {"controller-uid": metadata.get("uid") or "", "job-name": metadata.get("name") or ""}
    errors: Errors = [] if own["controller-uid"] else [required("metadata.uid")]
    expected = {**own, **({_PREFIX + key: value for key, value in own.items()} if prefixed else {})}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    for key, value in expected.items():
        path, detail = f"spec.template.metadata.labels[{key}]", f"must be '{value}'"
        if key not in labels:
            errors.append(required(path, detail))
        elif labels[key] != value:
            errors.append(invalid(path, {name: labels[name] for name in sorted(labels)}, detail))
    try:
        selects = from_object(view(LabelSelector, spec["selector"]))
    except SelectorError:
        return errors
    if not selects.matches(expected):
        errors.append(invalid("spec.selector", selector_tree(spec["selector"]), "`selector` not auto-generated"))
    return errors


def _spec(spec: Doc) -> Errors:
    errors = job_spec(spec, "spec")
    selector = spec.get("selector")
    found = None if selector is None else view(LabelSelector, selector)
    if found is None:
        errors.append(required("spec.selector"))
    else:
        errors += validate_selector(found, "spec.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    try:
        selects = from_object(found)
    except SelectorError:
        return errors
    if not selects.matches(labels or {}):
        shown = {name: labels[name] for name in sorted(labels)} if labels else None
        detail = "`selector` does not match template `labels`"
        errors.append(invalid("spec.template.metadata.labels", shown, detail))
    return errors


def _completions(spec: Doc, before: Doc) -> Errors:
    """Only indexed Jobs change their completions, together with their parallelism."""
    new, old = spec.get("completions"), before.get("completions")
    if new == old:
        return []
    if spec.get("completionMode") != "Indexed":
        return [invalid("spec.completions", new, IMMUTABLE)]
    if new is None or new == spec.get("parallelism"):
        return []
    return [invalid("spec.completions", new, "can only be modified in tandem with spec.parallelism")]


def _same(spec: Doc, before: Doc, key: str, shown: Any) -> Errors:
    return [] if spec.get(key) == before.get(key) else [invalid(f"spec.{key}", shown, IMMUTABLE)]


def _template(spec: Doc, old: Doc) -> Errors:
    """The template of a suspended Job without active pods may get other scheduling directives and resources."""
    before = old["spec"]
    template, was = dict(spec.get("template") or {}), dict(before.get("template") or {})
    if not _is_open(old):
        same = semantically_equal(template, was)
        return [] if same else [invalid("spec.template", pod_template_tree(template), IMMUTABLE)]
    new_spec = dict(template.get("spec") or {})
    old_spec = _with_directives(dict(was.get("spec") or {}), new_spec)
    for kind in ("containers", "initContainers"):
        old_spec = _with_resources(old_spec, new_spec, kind)
    same = semantically_equal(new_spec, old_spec)
    return [] if same else [invalid("spec.template.spec", pod_spec_tree(new_spec), IMMUTABLE)]


def _is_open(job: Doc) -> bool:
    """Whether the template of a Job may change."""
    status = job.get("status") or {}
    idle = not status.get("active") and (status.get("startTime") is None or has_condition(status, "Suspended"))
    return bool(job["spec"].get("suspend")) and idle


def _with_directives(spec: Spec, new: Spec) -> Spec:
    """The spec with the new one's scheduling directives."""
    for key in ("nodeSelector", "tolerations", "schedulingGates"):
        spec = with_value(spec, key, new[key]) if key in new else without(spec, key)
    affinity, wanted = spec.get("affinity"), new.get("affinity")
    if affinity is None and wanted is None:
        return spec
    merged = without(dict(affinity or {}), "nodeAffinity")
    if (wanted or {}).get("nodeAffinity") is not None:
        merged["nodeAffinity"] = (wanted or {})["nodeAffinity"]
    if wanted is None and not merged:
        return without(spec, "affinity")
    return {**spec, "affinity": merged}


def _with_resources(spec: Spec, new: Spec, kind: str) -> Spec:
    """The spec whose containers have the resources of those of the same place and name."""
    old_list, new_list = spec.get(kind) or [], new.get(kind) or []
    if not old_list or len(old_list) != len(new_list):
        return spec
    pairs = zip(old_list, new_list, strict=True)
    made = [{**a, "resources": b["resources"]} if a["name"] == b["name"] else a for a, b in pairs]
    return {**spec, kind: made}
