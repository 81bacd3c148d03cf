"""Pods: creation and changes of metadata and spec; changes of status are in `pod_status`.

Source: pkg/apis/core/validation/validation.go (ValidatePodCreate, ValidatePodUpdate, validatePodMetadataAndSpec).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refk8s.api.default.sharing import with_value, without
from refk8s.api.validate.errors import Errors, forbidden, invalid, required
from refk8s.api.validate.go_json import go_diff, go_tree, pod_spec_tree
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update
from refk8s.api.validate.pod_annotations import changed_annotations, fields_agree, pod_annotations
from refk8s.api.validate.pod_containers import image_padding
from refk8s.api.validate.pod_scheduling import tolerations
from refk8s.api.validate.pod_spec import pod_spec
from refk8s.api.validate.scalars import MAX_INT32, in_range
from refk8s.api.validate.semantic import semantically_equal

Doc = Mapping[str, Any]
Spec = dict[str, Any]

_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_COMPARISONS = ("Lt", "Gt")


def create(pod: Doc, meta: Checked) -> Errors:
    """A new pod."""
    spec = pod["spec"]
    errors = _metadata_and_spec(pod, meta)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        errors.append(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
    return errors + fields_agree(meta.meta.get("annotations"), spec, "spec")


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed pod: only a few fields of its spec may change."""
    spec, before = new["spec"], old["spec"]
    compare = any(t.get("operator") in _COMPARISONS for t in before.get("tolerations") or ())
    errors = full_update(meta, old["metadata"]) + _metadata_and_spec(new, meta, compare=compare)
    errors += annotation_changes(new, old)
    if spec is before:
        return errors
    for kind in ("containers", "initContainers"):
        found, stop = _images(spec.get(kind) or (), before.get(kind) or (), f"spec.{kind}")
        errors += found
        if stop:
            return errors
    found, stop = _deadline(spec, before)
    errors += found
    if stop:
        return errors
    errors += _more_tolerations(spec.get("tolerations") or (), before.get("tolerations") or (), compare=compare)
    errors += _fewer_gates(spec.get("schedulingGates") or (), before.get("schedulingGates") or ())
    return errors if spec == before else errors + _the_rest(dict(spec), dict(before))


def annotation_changes(new: Doc, old: Doc) -> Errors:
    """Pod-specific annotations on a change of spec or status."""
    annotations = new["metadata"].get("annotations")
    errors = changed_annotations(annotations, old["metadata"].get("annotations"), "metadata.annotations")
    return errors + pod_annotations(annotations, new["spec"], "metadata.annotations")


def update_ephemeral_containers(new: Doc, old: Doc, meta: Checked) -> Errors:
    """The `ephemeralcontainers` subresource: containers may only be added."""
    if "kubernetes.io/config.mirror" in (old["metadata"].get("annotations") or {}):
        return [forbidden("", "static pods do not support ephemeral containers")]
    errors = full_update(meta, old["metadata"]) + _metadata_and_spec(new, meta) + annotation_changes(new, old)
    present = {container["name"]: container for container in new["spec"].get("ephemeralContainers") or ()}
    for container in old["spec"].get("ephemeralContainers") or ():
        name = container["name"]
        changed = present.get(name)
        if changed is None:
            detail = f'existing ephemeral containers "{name}" may not be removed\n'
            errors.append(forbidden("spec.ephemeralContainers", detail))
        elif changed != container:
            trees = (go_tree("EphemeralContainer", c) for c in (container, changed))
            detail = f'existing ephemeral containers "{name}" may not be changed\n{go_diff(*trees)}'
            errors.append(forbidden("spec.ephemeralContainers", detail))
    return errors


def _metadata_and_spec(pod: Doc, meta: Checked, *, compare: bool = False) -> Errors:
    spec = pod["spec"]
    errors = full(meta, SUBDOMAIN, namespaced=True)
    errors += pod_annotations(meta.meta.get("annotations"), spec, "metadata.annotations")
    errors += pod_spec(spec, meta.meta.get("name") or "", "spec", of_pod=True, compare=compare)
    if not spec.get("serviceAccountName"):
        errors += _tokens(spec.get("volumes") or ())
    for kind in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(kind) or ()):
            errors += image_padding(container, f"spec.{kind}[{i}]")
    return errors


def _tokens(volumes: Sequence[Doc]) -> Errors:
    errors: Errors = []
    for i, volume in enumerate(volumes):
        for j, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                path = f"spec.volumes[{i}].projected.sources[{j}].serviceAccountToken"
                errors.append(forbidden(path, "must not be specified when serviceAccountName is not set"))
    return errors


def _images(new: Sequence[Doc], old: Sequence[Doc], path: str) -> tuple[Errors, bool]:
    """Images may change but not go; the number of containers may not change (then nothing more is checked)."""
    if len(new) != len(old):
        return [forbidden(path, "pod updates may not add or remove containers")], True
    errors: Errors = []
    for i, container in enumerate(new):
        if not container.get("image"):
            errors.append(required(f"{path}[{i}].image"))
        errors += image_padding(container, f"{path}[{i}]")
    return errors, False


def _deadline(spec: Doc, before: Doc) -> tuple[Errors, bool]:
    """A deadline may be set and shortened, never lifted."""
    path = "spec.activeDeadlineSeconds"
    new, old = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if new is None:
        detail = "must not update from a positive integer to nil value"
        return ([] if old is None else [invalid(path, None, detail)]), False
    if not 0 <= new <= MAX_INT32:
        return [invalid(path, new, in_range(0, MAX_INT32))], True
    if old is not None and old < new:
        return [invalid(path, new, "must be less than or equal to previous value")], True
    return [], False


def _more_tolerations(new: Sequence[Doc], old: Sequence[Doc], *, compare: bool) -> Errors:
    """Tolerations may be added, and the seconds of old ones may change."""
    if new is old:
        return []
    kept = [_timeless(toleration) for toleration in new]
    if any(_timeless(toleration) not in kept for toleration in old):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        return [forbidden("spec.tolerations", detail)]
    return tolerations(new, "spec.tolerations", compare=compare)


def _timeless(toleration: Doc) -> Doc:
    return without(dict(toleration), "tolerationSeconds")


def _fewer_gates(new: Sequence[Doc], old: Sequence[Doc]) -> Errors:
    known = {gate["name"] for gate in old}
    added = {gate["name"]: i for i, gate in enumerate(new) if gate["name"] not in known}
    errors: Errors = []
    for name, i in sorted(added.items(), key=lambda item: item[1]):
        detail = f"only deletion is allowed, but found new scheduling gate '{name}'"
        errors.append(forbidden(f"spec.schedulingGates[{i}].name", detail))
    return errors


def _the_rest(spec: Spec, before: Spec) -> Errors:
    """With all allowed changes undone, the spec is what it was; gated pods may still be directed to nodes."""
    for kind in ("containers", "initContainers"):
        if spec.get(kind):
            pairs = zip(spec[kind], before[kind], strict=True)
            spec = {**spec, kind: [_restored(new, old, "image") for new, old in pairs]}
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        spec = _restored(spec, before, key)
    errors: Errors = []
    if before.get("schedulingGates"):
        errors, spec = _directed(spec, before)
    if semantically_equal(spec, before):
        return errors
    difference = go_diff(pod_spec_tree(before), pod_spec_tree(spec))
    return [*errors, forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}\n{difference}")]


def _restored(spec: Spec, before: Spec, key: str) -> Spec:
    return with_value(spec, key, before[key]) if key in before else without(spec, key)


def _directed(spec: Spec, before: Spec) -> tuple[Errors, Spec]:
    """A gated pod's node selector and node affinity may be narrowed; the spec is returned without that."""
    errors: Errors = []
    new, old = spec.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if any(new.get(key) != value for key, value in old.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(invalid("spec.nodeSelector", {key: new[key] for key in sorted(new)} or None, detail))
    spec = _restored(spec, before, "nodeSelector")
    of_node = (spec.get("affinity") or {}).get("nodeAffinity")
    of_node_before = (before.get("affinity") or {}).get("nodeAffinity")
    if of_node == of_node_before:
        return errors, spec
    errors += _narrowed(of_node or {}, of_node_before or {})
    affinity = _restored(spec.get("affinity") or {}, before.get("affinity") or {}, "nodeAffinity")
    if not affinity and "affinity" not in before:
        return errors, without(spec, "affinity")
    return errors, with_value(spec, "affinity", affinity)


def _narrowed(new: Doc, old: Doc) -> Errors:
    required_terms = "requiredDuringSchedulingIgnoredDuringExecution"
    path = f"spec.affinity.nodeAffinity.{required_terms}.nodeSelectorTerms"
    if old.get(required_terms) is None:
        return []
    old_terms = old[required_terms].get("nodeSelectorTerms") or []
    new_terms = (new.get(required_terms) or {}).get("nodeSelectorTerms") or []
    if old_terms and len(old_terms) != len(new_terms):
        shown = [go_tree("NodeSelectorTerm", term) for term in new_terms] or None
        return [invalid(path, shown, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")]
    detail = "only additions are allowed (no mutations or deletions)"
    return [
        invalid(f"{path}[{i}]", go_tree("NodeSelectorTerm", new_terms[i]), detail)
        for i, term in enumerate(old_terms)
        if not _only_more(new_terms[i], term)
    ]


def _only_more(new: Doc, old: Doc) -> bool:
    parts = [(new.get(key) or [], old.get(key) or []) for key in ("matchExpressions", "matchFields")]
    if not any(was for _, was in parts) and any(now for now, _ in parts):
        return False
    return all(now[: len(was)] == was for now, was in parts)
